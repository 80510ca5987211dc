"""What goes where: the report and nothing else to stdout, everything said about it to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def deliver(text: str, out: Path | None) -> None:
    """Print a report, or write it whole to a file.

    Raises:
        UsageError: the file cannot be written.
    """
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from vpa_inplace.observe.files import write_whole

    write_whole(out, lambda file: _write(file, text))


def _write(file: object, text: str) -> None:
    file.write(text.encode())  # type: ignore[attr-defined]


def say(text: str) -> None:
    """One line on stderr; a reader of stderr who has gone does not end the work."""
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        sys.stderr = open(sys.platform == "win32" and "NUL" or "/dev/null", "w")  # noqa: SIM115, PTH123


def printable(text: str) -> str:
    """One line of text without control characters: names and answers of servers may hold anything."""
    return "".join(c if c.isprintable() else " " if c.isspace() else f"\\x{ord(c):02x}" for c in text)


def speaker(*, quiet: bool) -> Callable[[str], None]:
    """Where notes and warnings go: to stderr, or nowhere."""
    return (lambda _: None) if quiet else lambda text: say(printable(text))
