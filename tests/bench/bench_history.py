"""How long a restart takes: the history on disk at ten thousand containers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.data import some_history, with_weeks
from tests.bench.figures import Figure, timed
from vpa_inplace.observe.store import load_history, save_history

ROWS = 10_000


def run() -> Iterator[Figure]:
    """Save, and load as a restart does."""
    history = with_weeks(some_history(ROWS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history"
        saving = timed(lambda: save_history(history, path))
        size = path.stat().st_size / 1e6
        loading = timed(lambda: load_history(path))
    yield Figure(what=f"history saved, {ROWS:,} containers", measured=saving, unit="s", note=f"{size:.0f} MB on disk")
    yield Figure(what=f"history loaded, {ROWS:,} containers", measured=loading, unit="s", budget=5.0)
