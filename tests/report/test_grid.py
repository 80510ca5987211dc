from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.report.grid import Column, fitted, grid, painted

COLUMNS = (Column("Name", 6), Column("Pods", 4, right=True))


def text_of(
    rows: list[list[list[tuple[str, str]]]], width: int | None = None, *, columns: object = COLUMNS
) -> list[str]:
    return [painted(line, color=False) for line in grid(columns, rows, width=width, rule="-")]  # type: ignore[arg-type]


def test_cells_stand_under_their_headings_numbers_at_the_right() -> None:
    rows = [[[("web", ""), ("app", "")], [("3", "")]], [[("queue", "")], [("12", "")]]]
    assert text_of(rows) == [
        "Name    Pods",
        "------------",
        "web        3",
        "app",
        "",
        "queue     12",
    ]


def test_long_lines_break_at_blanks_and_keep_their_indent() -> None:
    rows = [[[("  one two three", "")], [("1", "")]]]
    # 14 columns less 3 of gap and 4 of Pods leave 7
    assert text_of(rows, 14)[2:] == ["  one        1", "  two", "  three"]


def test_a_number_stays_with_its_unit() -> None:
    rows = [[[("up to 690Mi within 24 h", "")], [("1", "")]]]
    # 22 columns of text: one less than the line, so that it breaks before 24, not after
    assert text_of(rows, 22 + 7)[2:] == ["up to 690Mi within          1", "24 h"]


def test_a_word_longer_than_its_column_is_broken_not_lost() -> None:
    lines = text_of([[[("x" * 20, "")], [("1", "")]]], 15)
    assert "".join(line.split()[0] for line in lines[2:] if line) == "x" * 20


@given(
    st.lists(st.lists(st.text("abc -", max_size=40), min_size=2, max_size=2), min_size=1, max_size=5),
    st.integers(20, 100),
)
def test_no_line_is_wider_than_the_page(rows: list[list[str]], width: int) -> None:
    lines = text_of([[[(text, "")] for text in row] for row in rows], width)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        pytest.param(None, [20, 4], id="as-wide-as-it-is"),
        pytest.param(27, [20, 4], id="exactly"),
        pytest.param(20, [13, 4], id="the-widest-gives"),
        pytest.param(11, [4, 4], id="below-its-least-where-it-must"),
    ],
)
def test_fitted(width: int | None, widths: list[int]) -> None:
    assert fitted(COLUMNS, [[[("x" * 20, "")], [("1", "")]]], width) == widths


def test_colour_is_escape_codes_around_the_text() -> None:
    line = [("web", "bold red"), ("  ", "")]
    assert painted(line, color=False) == "web"
    assert painted(line, color=True) == "\x1b[1;31mweb\x1b[0m"
