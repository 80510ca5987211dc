"""``make bench-sizing``: what the forecast, the prices and the pace make of public traces, beside stored baselines.

sizing.py [--sources A B] [--every N] [--delay K] [--budgets 2 4 8]

Models are trained without the source that they are judged on and kept under build/. Without traces
(VPA_INPLACE_TRACES) the project's own made-up usage is walked with the shipped model, beside the simple rule.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # run as a file: its own folder is on the path, the checkout is not
    sys.path[0] = str(Path(__file__).parents[2])

import numpy as np

from tests.bench.traces import SOURCES, Trace, folder, load, made_up
from tests.bench.train import OUT, trained, without
from tests.bench.walk import Outcome, matched, walk, walk_rule
from vpa_inplace.domain.errors import FileRefused
from vpa_inplace.forecast.artefact import Artefact, dump
from vpa_inplace.forecast.artefact import load as load_artefact
from vpa_inplace.forecast.model import Film
from vpa_inplace.forecast.windows import Moments

KEPT = Path(__file__).parents[2] / "build" / "sizing"
RISKS = (0.0006, 0.001, 0.0017, 0.003, 0.006, 0.01, 0.017, 0.03)
LEVELS = (0.02, 0.01, 0.001)
ASKED = (0.001, 0.01)
MARGINS = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 1.5)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", nargs="*", default=SOURCES, choices=SOURCES)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="walk every Nth series only")
    parser.add_argument("--delay", type=int, default=0, metavar="K", help="steps until a size is in force")
    parser.add_argument("--budgets", type=float, nargs="*", default=(8.0,), help="resizes a container-day")
    options = parser.parse_args(arguments)
    traces = folder()
    if traces is None:
        print("VPA_INPLACE_TRACES names no folder with an index.json: walking made-up usage", file=sys.stderr)
        print("\n".join(on_made_up_usage(options.delay, options.budgets)))
        return 0
    for source in options.sources:
        trace = load(traces, source, options.every).on_one_clock()
        begin = time.perf_counter()
        film = filmed(unseen(traces, source), trace)
        filming = time.perf_counter() - begin
        for budget in options.budgets:
            outcomes = walk(trace, film, RISKS, (budget,), delay=options.delay)
            print("\n".join(lines(trace, outcomes)))
        seconds = time.perf_counter() - begin - filming
        each = 1e3 * filming / np.isfinite(trace.usage).sum()
        settings = len(RISKS) * len(options.budgets)
        print(f"  forecasts {filming:.0f} s ({each:.3f} ms a container-tick), {settings} settings {seconds:.0f} s")
        print("\n".join(stored(traces, source)), flush=True)
    return 0


def on_made_up_usage(delay: int, budgets: Sequence[float]) -> list[str]:
    """The shipped model beside the simple rule, where there are no traces."""
    trace = made_up()
    with OUT.open("rb") as file:
        film = filmed(load_artefact(file), trace)
    found = [line for budget in budgets for line in lines(trace, walk(trace, film, RISKS, (budget,), delay=delay))]
    rule = walk_rule(trace, MARGINS)
    cells = "  ".join(f"{level:.1%}: {matched(rule, level):.3f}@{rule[0].resizes:.1f}" for level in LEVELS)
    return [*found, f"    {'last hour or yesterday +-1 h, x margin':42s} {cells}"]


def unseen(traces: Path, source: str) -> Artefact:
    """A model that has not seen this source; trained once, then kept."""
    path = KEPT / f"without-{source}.npz"
    if path.is_file():
        try:
            with path.open("rb") as file:
                return load_artefact(file)
        except FileRefused as error:
            print(f"{path} {error}", file=sys.stderr)
    artefact = trained(traces, without(source), name=path.stem)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        dump(artefact, file)
    return artefact


def filmed(artefact: Artefact, trace: Trace) -> Film:
    return artefact.model.film(trace.usage, trace.step, Moments(0, trace.usage.shape[1]))


def lines(trace: Trace, outcomes: Sequence[Outcome]) -> list[str]:
    """One source at one budget: slack at matched shortage, then what the knob does unaided."""
    cells = "  ".join(
        f"{level:.1%}: {matched(outcomes, level):.3f}@{matched(outcomes, level, 'resizes'):.1f}" for level in LEVELS
    )
    found = [f"{trace.name}, budget {outcomes[0].budget:g}: slack@resizes a day at matched shortage  {cells}"]
    return found + [_asked(outcome) for outcome in outcomes if outcome.risk in ASKED]


def _asked(outcome: Outcome) -> str:
    return (
        f"  asked {outcome.risk:.1%}: short {outcome.short / outcome.risk:.2f} of it, container at p90 "
        f"{outcome.short_p90 / outcome.risk:.1f}; slack {outcome.slack:.3f}, macro {outcome.macro:.3f}; late work "
        f"{outcome.late_work:.2%}; resizes {outcome.resizes:.1f}, p99 {outcome.resizes_p99:.0f}"
    )


def stored(traces: Path, source: str) -> list[str]:
    """The best stored rules at each level, and VPA."""
    path = traces / "baselines.json"
    if not path.is_file():
        return []
    families = json.loads(path.read_text())["curves"].get(source, {}).get("cpu", {})
    found = []
    for name, family in families.items():
        got = [family["matched"].get(f"{level:g}", {}) for level in LEVELS]
        cells = "  ".join(
            f"{level:.1%}: {cell['rel_slack_tot']:.3f}@{cell['resize_day']:.1f}"
            if cell.get("rel_slack_tot")
            else f"{level:.1%}: -"
            for level, cell in zip(LEVELS, got, strict=True)
        )
        found.append(f"    {name:42s} {cells}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
