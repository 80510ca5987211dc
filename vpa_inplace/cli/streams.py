"""What goes where: the report and nothing else to stdout, everything said about it to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


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

    data = text.encode()

    def write(file: BinaryIO) -> None:
        file.write(data)

    write_whole(out, write)


def say(text: str) -> None:
    """One line on stderr; that nobody reads it any more does not end the work."""
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """One line that cannot steer a terminal: names and answers of servers may hold anything."""
    from vpa_inplace.report.text import sentence

    return sentence(text)


def speaker(*, quiet: bool) -> Callable[[str], None]:
    """Where notes and warnings go: to stderr, or nowhere."""
    return (lambda _: None) if quiet else lambda text: say(printable(text))
