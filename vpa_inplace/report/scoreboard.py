"""Forecasters side by side after a replay: what each wastes and what each risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vpa_inplace.report.grid import Cell, Column, grid, painted
from vpa_inplace.report.options import Options
from vpa_inplace.report.text import ascii_only, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures of one forecaster over a replay; ``None`` where it was not measured (no memory in the trace)."""

    name: str
    cpu_slack: float | None = None  # fraction of the CPU allocated that went unused
    violation_time: float | None = None  # fraction of container time with usage above the CPU allocated
    throttled_work: float | None = None  # fraction of CPU work that did not fit
    resizes_per_day: float | None = None  # per container
    memory_slack: float | None = None  # fraction of the memory allocated that went unused
    oom_per_day: float | None = None  # per container
    bound: bool = False  # it saw the future: what nobody can beat, so it does not compete


@dataclass(frozen=True, slots=True)
class _Column:
    field: str
    title: str
    unit: str  # "%" for fractions


COLUMNS: Final = (
    _Column("cpu_slack", "CPU slack", "%"),
    _Column("violation_time", "CPU short", "%"),
    _Column("throttled_work", "Work late", "%"),
    _Column("resizes_per_day", "Resizes/day", ""),
    _Column("memory_slack", "Mem slack", "%"),
    _Column("oom_per_day", "OOM/day", ""),
)
NARROW: Final = 1  # blanks between columns: all of them stand on a page of 80
LEGEND: Final = (
    "Lower is better everywhere; * is the best of those that compete.",
    "CPU short: share of time with usage above the allocation.",
    "Work late: share of CPU work that did not fit.",
    "Resizes and OOM kills: per container.",
)
BOUND: Final = "(b): a bound that knows the future; it does not compete."


def scoreboard(scores: Sequence[Score], options: Options, *, title: str = "") -> str:
    """The scores in the order given, the best of each column marked with a star."""
    used = [column for column in COLUMNS if any(getattr(score, column.field) is not None for score in scores)]
    winners = {column.field: best(scores, column.field) for column in used}
    columns = [
        Column("Forecaster", 12),
        *(Column(f"{column.title} ", len(column.title), right=True) for column in used),
    ]
    rows = [_cells(score, used, winners) for score in scores]
    lines = [
        *([[(visible(title), "bold")]] if title else []),
        *grid(columns, rows, width=options.width, rule="─" if options.unicode else "-", between=0, gap=NARROW),
        *([(line, "dim")] for line in LEGEND),
        *([[(BOUND, "dim")]] if any(score.bound for score in scores) else []),
    ]
    text = "".join(f"{painted(line, color=options.color)}\n" for line in lines)
    return text if options.unicode else ascii_only(text)


def figure(value: float | None, unit: str) -> str:
    """``12.3 %``, ``0.041``, ``-`` where it was not measured: three digits, never rounded to a zero that is none."""
    if value is None:
        return "-"
    shown = value * 100 if unit == "%" else value
    digits = f"{shown:,.0f}" if abs(shown) >= 999.5 else f"{shown:.3g}"
    if "e" in digits:
        digits = f"{shown:.1e}"
    return f"{digits} {unit}".rstrip()


def best(scores: Sequence[Score], field: str) -> float | None:
    """The lowest figure among those that compete, if at least two of them have one."""
    known = [value for score in scores if not score.bound and (value := getattr(score, field)) is not None]
    return min(known) if len(known) > 1 else None


def _cells(score: Score, used: Sequence[_Column], winners: dict[str, float | None]) -> list[Cell]:
    name = visible(score.name) + (" (b)" if score.bound else "")
    found: list[Cell] = [[(name, "dim" if score.bound else "cyan")]]
    for column in used:
        value: float | None = getattr(score, column.field)
        won = value is not None and not score.bound and value == winners[column.field]
        style = "bold green" if won else "dim" if score.bound else ""
        found.append([(figure(value, column.unit) + ("*" if won else " "), style)])
    return found
