"""Columns of text for large tables: a cell is a few lines, each in one style.

rich lays out one-off tables elsewhere; at ten thousand rows of multi-line cells it needs 1 to 2 ms a row, this 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import wrap
from typing import Final

Line = tuple[str, str]
"""Text without a line break, and its style in rich's words; "" for none."""
Cell = Sequence[Line]

GAP: Final = 3  # blanks between columns
_UNIT: Final = re.compile(r"(\d) (?=(?:%|s|min|h|d)(?:\W|$))")
NARROWEST: Final = 4  # columns of text, where the page is too narrow for all that was asked for


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how far the column may be narrowed before its lines are broken."""

    title: str
    least: int
    right: bool = False  # aligned


def grid(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    width: int | None,
    rule: str,
    between: int = 1,
    gap: int = GAP,
) -> Iterator[list[Line]]:
    """The table as lines of styled pieces: headings, a rule, and the rows.

    Args:
        columns: n of them.
        rows: n cells each.
        width: of the page; ``None`` for as wide as the cells are.
        rule: the character under the headings.
        between: blank lines between rows.
        gap: blanks between columns.
    """
    widths = fitted(columns, rows, width, gap)
    yield from _side_by_side([[(column.title, "bold magenta")] for column in columns], columns, widths, gap)
    yield [(rule * (sum(widths) + gap * (len(widths) - 1)), "dim")]
    for number, row in enumerate(rows):
        if number:
            yield from [[]] * between
        yield from _side_by_side(row, columns, widths, gap)


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int | None, gap: int = GAP) -> list[int]:
    """Widths of the columns: natural ones where they fit, else the widest are narrowed, first to their least."""
    widths = [
        max(len(column.title), max((len(text) for row in rows for text, _ in row[j]), default=0))
        for j, column in enumerate(columns)
    ]
    if width is None:
        return widths
    for least in ([column.least for column in columns], [NARROWEST] * len(columns)):
        spare = sum(widths) + gap * (len(widths) - 1) - width
        while spare > 0 and (room := [j for j in range(len(widths)) if widths[j] > least[j]]):
            widths[max(room, key=lambda j: widths[j])] -= 1
            spare -= 1
    return widths


def painted(line: Sequence[Line], *, color: bool) -> str:
    """A line as text, with escape codes where colour is wanted; it does not end in blanks."""
    pieces = [*line]
    while pieces and not pieces[-1][0].rstrip():
        pieces.pop()
    if pieces:
        pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
    return "".join(_codes(style).replace("\0", text) if color and style else text for text, style in pieces)


@cache
def _codes(style: str) -> str:
    """A style's escape codes around a NUL."""
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render("\0", color_system=ColorSystem.STANDARD)


def _side_by_side(
    row: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], gap: int
) -> Iterator[list[Line]]:
    broken = [[*_broken(cell, width)] for cell, width in zip(row, widths, strict=True)]
    for i in range(max(map(len, broken))):
        line: list[Line] = []
        for j, cell in enumerate(broken):
            text, style = cell[i] if i < len(cell) else ("", "")
            blank = " " * (widths[j] - len(text))
            line += [(blank, ""), (text, style)] if columns[j].right else [(text, style), (blank, "")]
            line.append((" " * gap, ""))
        yield line


def _broken(cell: Cell, width: int) -> Iterator[Line]:
    """Lines of a cell broken at blanks (not between a number and its unit), else anywhere; the indent stays."""
    for text, style in cell:
        if len(text) <= width:
            yield text, style
            continue
        indent = " " * min(len(text) - len(text.lstrip()), width - 1)
        tied = _UNIT.sub("\\1\u00a0", text)
        for part in wrap(tied, width, subsequent_indent=indent, break_on_hyphens=False):
            yield part.replace("\u00a0", " "), style
