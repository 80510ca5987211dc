"""Usage behind, ceilings ahead, requests and limits across: a chart of characters for a terminal.

600m ┤                                                  │
     │                                                  │
400m ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ request 400m
     │          ▂▅▇█▇▅▂                   ▂▅▇█▇▅▂       │        ──────
200m ┤        ▄█████████▄               ▄█████████▄     │────────░░░░░░──
     │▃▃▃▃▃▃▆█████████████▆▃▃▃▃▃▃▃▃▃▃▃▆█████████████▆▃▃▃│░░░░░░░░░░░░░░░░
     └──────────┴───────────┴───────────┴───────────┴───┴───────┴───────
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil, log10
from typing import Final

from vpa_inplace.domain.resource import Resource

Series = Sequence[float | None]
"""Evenly spaced values, oldest first; ``None`` is a gap, and a gap is not zero."""


class Ink(StrEnum):
    """What a character stands for; whoever prints it gives it a colour."""

    AXIS = "axis"
    PAST = "past"
    AHEAD = "ahead"
    GAP = "gap"
    REQUEST = "request"
    LIMIT = "limit"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line and the words at its right end; ``ahead_only`` starts it at now."""

    ink: Ink
    value: float
    label: str
    ahead_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What to draw. ``past`` ends and ``ahead`` starts at ``now``; each covers its span evenly."""

    past: Series
    ahead: Series
    past_span: timedelta
    ahead_span: timedelta
    now: datetime
    levels: tuple[Level, ...]
    resource: Resource
    label: Callable[[float], str]


Line = list[tuple[str, Ink]]

AXIS_WIDTH: Final = 9  # tick label, blank and axis
LABEL_WIDTH: Final = 16  # words at the right
HEIGHT: Final = 8  # lines of the plot, or the next number that ticks divide evenly
OUT_OF_SCALE: Final = 5  # a level so many times above all usage and ceilings would press them flat: it is named above


@dataclass(frozen=True, slots=True)
class _Glyphs:
    eighths: str
    outline: str  # low, middle and high in a cell
    shade: str
    gap: str
    level: dict[Ink, str]
    tick: str
    wall: str
    corner: str
    floor: str
    mark: str
    up: str


_UNICODE: Final = _Glyphs(
    " ▁▂▃▄▅▆▇█", "▁─▔", "░", "·", {Ink.REQUEST: "╌", Ink.LIMIT: "═", Ink.TARGET: "┄"}, "┤", "│", "└", "─", "┴", "↑"
)
_ASCII: Final = _Glyphs(
    " .......##"[:8] + "#",
    "_-^",
    ":",
    "?",
    {Ink.REQUEST: "-", Ink.LIMIT: "=", Ink.TARGET: "~"},
    "+",
    "|",
    "+",
    "-",
    "+",
    "^",
)


def draw(picture: Picture, *, width: int, unicode: bool = True) -> list[Line]:
    """The chart as lines of inked text, at most ``width`` columns; empty where there is nothing to draw."""
    body = [value for value in (*picture.past, *picture.ahead) if value is not None]
    if not body:
        return []
    third = max(6, min((width - AXIS_WIDTH - LABEL_WIDTH - 1) // 3, len(picture.past) // 2))
    highest = max(*body, *(level.value for level in picture.levels if level.ink is Ink.TARGET), 1)
    levels = [level for level in picture.levels if level.value <= OUT_OF_SCALE * highest]
    above = [level for level in picture.levels if level.value > OUT_OF_SCALE * highest]
    step, ticks = scale(max(highest, *(level.value for level in levels), 1), picture.resource)
    height = ticks * max(2, round(HEIGHT / ticks))
    glyphs = _UNICODE if unicode else _ASCII
    plot = _Plot(top=step * ticks, height=height, past=2 * third, ahead=third, glyphs=glyphs)
    plot.bars(spread(picture.past, 2 * third))
    plot.outline(spread(picture.ahead, third))
    for level in levels:
        plot.level(level)
    names = [f"{glyphs.up} {level.label}" for level in above]
    return [
        *([[(" " * AXIS_WIDTH, Ink.AXIS), (", ".join(names) + ", above the chart", above[0].ink)]] if above else []),
        *plot.lines(step, picture.label, levels),
        *_time_axis(picture, plot),
    ]


def legend(*, unicode: bool = True) -> str:
    """What the characters of the plot mean."""
    glyphs = _UNICODE if unicode else _ASCII
    return f"{glyphs.eighths[8]} usage   {glyphs.shade} ceiling of the forecast   {glyphs.gap} no data"


def spread(values: Series, columns: int) -> list[float | None]:
    """The values on so many columns: the maximum of those that a column touches, a gap where all are gaps."""
    n = len(values)
    found: list[float | None] = []
    for column in range(columns):
        first = column * n // columns
        known = [v for v in values[first : max(first + 1, ceil((column + 1) * n / columns))] if v is not None]
        found.append(max(known) if known else None)
    return found


def scale(highest: float, resource: Resource) -> tuple[float, int]:
    """Distance of ticks and their number: 1, 2 or 5 times a power of ten, for memory a power of two."""
    if resource is Resource.MEMORY:
        step = 2.0 ** ceil_log2(highest / 4)
    else:
        power = 10.0 ** int(log10(max(highest / 4, 1)))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 4 >= highest)
    return step, max(1, ceil(highest / step))


def ceil_log2(value: float) -> int:
    """The least power of two, as an exponent, that reaches the value."""
    return max(0, (ceil(value) - 1).bit_length())


@dataclass
class _Plot:
    """The cells being drawn, top line first; one column between past and ahead is now."""

    top: float
    height: int
    past: int
    ahead: int
    glyphs: _Glyphs
    cells: list[Line] = field(init=False)

    def __post_init__(self) -> None:
        columns = self.past + 1 + self.ahead
        self.cells = [[(" ", Ink.AXIS)] * columns for _ in range(self.height)]
        for line in self.cells:
            line[self.past] = (self.glyphs.wall, Ink.AXIS)

    def bars(self, values: Series) -> None:
        for column, value in enumerate(values):
            if value is None:
                self.cells[-1][column] = (self.glyphs.gap, Ink.GAP)
                continue
            # zero is a value: it gets the thinnest bar, so that it does not look like a gap
            eighths = max(1, round(value / self.top * self.height * 8))
            for line in range(self.height):
                part = min(8, eighths - 8 * (self.height - 1 - line))
                if part > 0:
                    self.cells[line][column] = (self.glyphs.eighths[part], Ink.PAST)

    def outline(self, values: Series) -> None:
        for j, value in enumerate(values):
            column = self.past + 1 + j
            if value is None:
                self.cells[-1][column] = (self.glyphs.gap, Ink.GAP)
                continue
            line, third = self._place(value)
            self.cells[line][column] = (self.glyphs.outline[third], Ink.AHEAD)
            for below in range(line + 1, self.height):
                self.cells[below][column] = (self.glyphs.shade, Ink.AHEAD)

    def level(self, level: Level) -> None:
        """A line across; where bars fill a whole cell it cuts through them, tops of bars and outlines stay."""
        line, _ = self._place(level.value)
        replaced = (" ", self.glyphs.eighths[8], self.glyphs.shade)
        start = self.past + 1 if level.ahead_only else 0
        for column in range(start, len(self.cells[line])):
            if column != self.past and self.cells[line][column][0] in replaced:
                self.cells[line][column] = (self.glyphs.level[level.ink], level.ink)

    def lines(self, step: float, label: Callable[[float], str], levels: Sequence[Level]) -> list[Line]:
        """The plot with its axis at the left and the names of the levels at the right."""
        every = round(step / self.top * self.height)
        words = self._words(levels)
        found: list[Line] = []
        for line, cells in enumerate(self.cells):
            tick = line % every == 0
            text = label(self.top * (self.height - line) / self.height) if tick else ""
            axis = f"{text:>{AXIS_WIDTH - 2}} {self.glyphs.tick if tick else self.glyphs.wall}"
            found.append([(axis, Ink.AXIS), *cells, *words.get(line, [])])
        return found

    def _words(self, levels: Sequence[Level]) -> dict[int, Line]:
        """Each name beside its line or, where that is taken, below it; the higher level's name stands higher."""
        ordered = sorted(levels, key=lambda level: -level.value)
        places: list[int] = []
        for level in ordered:
            wanted, _ = self._place(level.value)
            places.append(max(wanted, places[-1] + 1 if places else 0))
        last = self.height
        for i in reversed(range(len(places))):  # what was pushed out at the bottom goes up again
            last = places[i] = min(places[i], last - 1)
        return {line: [(f" {level.label}", level.ink)] for line, level in zip(places, ordered, strict=True)}

    def _place(self, value: float) -> tuple[int, int]:
        """The line that holds a value, and whether it stands low, in the middle or high in it (0, 1, 2)."""
        up = min(max(value / self.top * self.height, 0.0), self.height - 1e-9)
        whole = int(up - 1e-9) if up > 0 else 0  # what stands on an edge belongs to the cell below, as bars do
        return self.height - 1 - whole, min(2, int((up - whole) * 3))


def _time_axis(picture: Picture, plot: _Plot) -> list[Line]:
    """Ticks at noon and midnight (UTC), or at midnight where that is too close; ``now`` has precedence."""
    columns = plot.past + 1 + plot.ahead
    per_hour = plot.ahead / (picture.ahead_span / timedelta(hours=1))
    hours = 12 if per_hour * 12 >= 11 else 24
    ticks = {plot.past: "now"}
    start = picture.now - picture.past_span
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for i in range(1 + int((picture.past_span + picture.ahead_span) / timedelta(hours=hours)) + 1):
        when = midnight + i * timedelta(hours=hours)
        column = round((when - start) / timedelta(hours=1) * per_hour) + (when > picture.now)
        if 0 <= column < columns and abs(column - plot.past) > 6:
            ticks[column] = f"{when:%a %H:%M}"
    floor = "".join(plot.glyphs.mark if column in ticks else plot.glyphs.floor for column in range(columns))
    words = [" "] * (AXIS_WIDTH + columns + LABEL_WIDTH)
    for column, text in ticks.items():
        first = AXIS_WIDTH + column - len(text) // 2
        words[first : first + len(text)] = text
    return [
        [(f"{picture.label(0):>{AXIS_WIDTH - 2}} {plot.glyphs.corner}{floor}", Ink.AXIS)],
        [("".join(words).rstrip(), Ink.AXIS)],
    ]
