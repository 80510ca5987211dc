"""The history on disk between two runs: a cache that may be lost, never one that may mislead."""

from __future__ import annotations

from pathlib import Path

from vpa_inplace.domain.errors import FileRefused
from vpa_inplace.history import History
from vpa_inplace.history.codec import dump, load
from vpa_inplace.observe.files import write_whole


def save_history(history: History, path: Path) -> None:
    """Write it whole or not at all; a crash leaves the old file.

    Raises:
        UsageError: the place cannot be written to.
    """
    write_whole(path, lambda file: dump(history, file))


def load_history(path: Path) -> History:
    """Read a saved history.

    Raises:
        FileRefused: torn, foreign, unreadable or of a newer version.
    """
    try:
        with path.open("rb") as file:
            return load(file)
    except FileRefused as error:
        raise FileRefused(f"history {path} {error}; delete it, or name another file") from error
    except OSError as error:
        raise FileRefused(f"history {path} cannot be read: {error.strerror}") from error


def load_or_start_cold(path: Path) -> tuple[History | None, str | None]:
    """The saved history, or nothing and a warning that says why; nothing and no warning where there is no file yet."""
    if not path.exists():
        return None, None
    try:
        return load_history(path), None
    except FileRefused as error:
        return None, f"{error}. Going on from a cold start."
