"""Train the trees that are shipped, or a model that has not seen one source, from public traces.

train.py [--out FILE]    needs VPA_INPLACE_TRACES; without it nothing is trained, and it says so

Only sources whose licences allow it enter the shipped model. The same traces and versions give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

if __name__ == "__main__":  # run as a file: its own folder is on the path, the checkout is not
    sys.path[0] = str(Path(__file__).parents[2])

import numpy as np

from tests.bench.traces import SHIPPABLE, SOURCES, folder, load
from vpa_inplace.forecast.artefact import Artefact, Card, dump
from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.learn.boost import Boosting, boosted
from vpa_inplace.forecast.learn.sample import Sample, sample
from vpa_inplace.forecast.model import Model

HEADS = (3600, 3 * 3600)  # seconds
LEVELS = (0.5, 0.9, 0.98, 0.997)
COUNT = 60_000  # moments of each source, so that a large one does not drown the others
FEW = 16_000  # of a source with few series
SEED = 1
OUT = Path(__file__).parents[2] / "models" / "trees.npz"
ABOUT = (
    "Quantiles of the maximum CPU usage of the next hour and the next three hours, relative to the last hour, pooled "
    "over containers. Pinball-boosted trees over scale-free features of the last eight days."
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    traces = folder()
    if traces is None:
        print("nothing trained: VPA_INPLACE_TRACES names no folder with an index.json", file=sys.stderr)
        return 2
    artefact = trained(traces, SHIPPABLE, name="trees")
    with options.out.open("wb") as file:
        dump(artefact, file)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes, {len(artefact.model.trees.nodes)} trees")
    return 0


def trained(traces: Path, sources: Iterable[str], *, name: str, how: Boosting = Boosting()) -> Artefact:  # noqa: B008 - frozen
    """A model of these sources and its card."""
    sources = tuple(sources)
    parts = []
    for source in sources:
        trace = load(traces, source)
        count = COUNT if len(trace.usage) > 10 else FEW
        print(f"sampling {source}: {count:,} moments of {len(trace.usage)} series", file=sys.stderr, flush=True)
        parts.append(sample(trace.usage, trace.step, HEADS, count, np.random.default_rng(SEED)))
    rows = Sample.joined(parts)
    print(f"boosting {len(HEADS) * len(LEVELS)} models on {len(rows.values):,} rows", file=sys.stderr, flush=True)
    trees = boosted(rows.values, list(rows.targets), LEVELS, how)
    card = Card(
        name=name,
        about=ABOUT,
        heads=HEADS,
        levels=LEVELS,
        features=NAMES,
        trained_on=tuple(provenance(traces, source) for source in sources),
        made_with=versions(how),
    )
    return Artefact(card, Model(trees=trees, heads=HEADS, levels=LEVELS))


def without(source: str) -> tuple[str, ...]:
    """The other sources: what a model is trained on that will be judged on this one."""
    return tuple(name for name in SOURCES if name != source)


def provenance(traces: Path, source: str) -> dict[str, str]:
    """Where a source comes from and under which licence, in the words of the traces' index."""
    entries = [e for e in json.loads((traces / "index.json").read_text()) if Path(e["file"]).stem == source]
    return {
        "source": source,
        "from": f"github.com/{entries[0]['repo']}",
        "licence": entries[0]["licence"],
        "series": str(len(entries)),
    }


def versions(how: Boosting) -> dict[str, str]:
    import sklearn

    return {"numpy": np.__version__, "scikit-learn": sklearn.__version__, "boosting": repr(how)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
