"""One line of the bench table, and how lines are printed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured figure beside its budget. ``least`` turns the budget into something to reach, not to stay below."""

    what: str
    measured: float
    unit: str
    budget: float | None = None
    least: bool = False
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the budget is kept; ``None`` where there is none."""
        if self.budget is None:
            return None
        return self.measured >= self.budget if self.least else self.measured <= self.budget


def timed(work: Callable[[], object], times: int = 1) -> float:
    """Seconds of the quickest of so many runs: what the machine can do when nobody disturbs it."""
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


def table(figures: Iterable[Figure]) -> str:
    """The figures with their budgets and the ratio of the two."""
    head = ("figure", "measured", "budget", "ratio", "", "note")
    lines = [head, *(_cells(figure) for figure in figures)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    left = (True, False, False, False, True, True)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in lines
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    measured = f"{figure.measured:.3g} {figure.unit}".strip()
    if figure.budget is None:
        return (figure.what, measured, "-", "-", "", figure.note)
    sign = ">=" if figure.least else "<="
    budget = f"{sign} {figure.budget:g} {figure.unit}".strip()
    verdict = "ok" if figure.kept else "OVER" if not figure.least else "UNDER"
    return (figure.what, measured, budget, f"{figure.measured / figure.budget:.2f}", verdict, figure.note)
