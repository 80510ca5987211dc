"""How long a user waits for the first word."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.figures import Figure

HELP = ("-c", "from vpa_inplace.cli.app import main; main(['--help'])")  # what the console script does
NEEDED = (
    "apscheduler jinja2 kubernetes msgspec numpy pandas plotly prometheus_api_client prometheus_client pyarrow pydantic"
    " rich sklearn typer yaml"
)
EAGER = ("-c", f"import {NEEDED.replace(' ', ', ')}")
"""What the commands need between them, imported at the start as a program without lazy imports would."""


def run() -> Iterator[Figure]:
    """The median of seven starts, beside what eager imports would cost."""
    lazy, eager = start_time(HELP, 7), start_time(EAGER, 3)
    yield Figure(
        what="--help, median of 7",
        measured=lazy,
        unit="s",
        budget=0.35,
        note=f"importing everything takes {eager:.2g} s, {eager / lazy:.0f} times as long",
    )


def start_time(arguments: tuple[str, ...], times: int) -> float:
    """Median wall time in seconds of a fresh interpreter; one start before the first warms the disk cache."""
    spent = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent[1:])
