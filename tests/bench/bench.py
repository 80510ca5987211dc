"""``make bench``: every budget of the design beside what this machine makes of it.

bench.py [PART ...]   parts: start, forecast, history, replay, observe, pull; all of them by default

Figures depend on the machine and on what else it does; ratios taken in one run do not, and tests hold some of those.
Exit code 1 when a budget is not kept.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":  # run as a file: its own folder is on the path, the checkout is not
    sys.path[0] = str(Path(__file__).parents[2])

from tests.bench.figures import Figure, table

PARTS: Mapping[str, str] = {
    "start": "tests.bench.bench_start:run",
    "forecast": "tests.bench.bench_forecast:run",
    "history": "tests.bench.bench_history:run",
    "replay": "tests.bench.bench_forecast:two_months",
    "observe": "tests.bench.bench_observe:run",
    "pull": "tests.bench.bench_pull:run",
}


def main(wanted: Sequence[str]) -> int:
    """Measure, print one table, and say whether every budget was kept."""
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"no part {unknown[0]!r}; parts are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    figures = list(measured(wanted or PARTS))
    print(table(figures))
    over = [figure.what for figure in figures if figure.kept is False]
    if over:
        print(f"\nbudgets not kept: {'; '.join(over)}")
    return 1 if over else 0


def measured(parts: Iterable[str]) -> Iterator[Figure]:
    """The figures of these parts, one part after the other."""
    for name in parts:
        if name == "pull" and shutil.which("prometheus") is None:
            print("pull is left out: no prometheus on this machine", file=sys.stderr)
            continue
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        module, function = PARTS[name].split(":")
        run: Callable[[], Iterable[Figure]] = getattr(importlib.import_module(module), function)
        yield from run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
