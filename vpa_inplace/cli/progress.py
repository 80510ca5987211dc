"""Progress on stderr: a bar on a terminal, a line every few seconds elsewhere, nothing where nobody wants it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from vpa_inplace.cli.streams import printable, say
from vpa_inplace.observe.source import Progress, Report, silent

EVERY: Final = 3.0  # seconds between two plain lines
LONGEST: Final = 40  # characters of a detail


@contextmanager
def progress(*, quiet: bool, stream: TextIO | None = None) -> Iterator[Report]:
    """A place to report to while the block runs."""
    stream = sys.stderr if stream is None else stream
    if quiet:
        yield silent
    elif stream.isatty():
        with _bar(stream) as report:
            yield report
    else:
        yield Lines(say, time.monotonic)


@dataclass(slots=True)
class Lines:
    """Plain lines: the first of each phase that lasts, then one every few seconds."""

    write: Callable[[str], None]
    clock: Callable[[], float]
    _due: float = field(init=False)
    _began: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._due = self.clock() + EVERY

    def __call__(self, step: Progress) -> None:
        now = self.clock()
        began = self._began.setdefault(step.phase, now)
        if now >= self._due:
            self._due = now + EVERY
            self.write(sentence(step, now - began))


def sentence(step: Progress, seconds: float) -> str:
    """``query 96/312 · 8/s · ml``"""
    parts = [f"{step.phase} {step.done}" + (f"/{step.total}" if step.total is not None else "")]
    if seconds >= 1 and step.done:
        parts.append(f"{step.done / seconds:.2g}/s")
    if step.detail:
        parts.append(shortened(step.detail))
    return " · ".join(parts)


def shortened(detail: str) -> str:
    text = printable(detail)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@contextmanager
def _bar(stream: TextIO) -> Iterator[Report]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}", style="dim"),
    )
    tasks: dict[str, Any] = {}
    with Bars(*columns, console=Console(file=stream), transient=True) as bars:

        def report(step: Progress) -> None:
            if step.phase not in tasks:
                tasks[step.phase] = bars.add_task(escape(step.phase), total=step.total, detail="")
            detail = escape(shortened(step.detail))
            bars.update(tasks[step.phase], completed=step.done, total=step.total, detail=detail)

        yield report
