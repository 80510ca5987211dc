from __future__ import annotations

import re

import pytest

from tests.report.golden import assert_golden
from tests.report.scene import document, reported
from tests.support.builders import a_pod
from vpa_inplace.domain.moves import Skip
from vpa_inplace.report.options import Options
from vpa_inplace.report.table import joined, table

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("table-pipe.txt", Options(), id="pipe"),
        pytest.param("table-100.txt", Options(width=100), id="100-columns"),
        pytest.param("table-160-verbose.txt", Options(width=160, verbose=True), id="verbose"),
        pytest.param("table-80-ascii.txt", Options(width=80, unicode=False), id="ascii"),
    ],
)
def test_golden(name: str, options: Options) -> None:
    assert_golden(name, table(document(), options))


@pytest.mark.parametrize("width", [80, 100, 139, 140, 200])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    assert max(map(len, table(document(), Options(width=width, verbose=True)).splitlines())) <= width


def test_colour_only_adds_escape_codes() -> None:
    plain, colored = (table(document(), Options(width=120, color=color)) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;31m" in colored
    assert re.sub(r" +\n", "\n", ESCAPES.sub("", colored)) == plain


def test_every_colour_has_a_word() -> None:
    """Severity is told in letters too: a reader without colours loses nothing."""
    text = table(document(), Options(width=100))
    for row in document().rows:
        assert row.cpu.severity in text


def test_a_pipe_gets_each_sentence_on_one_line() -> None:
    text = table(document(), Options())
    for row in document().rows:
        assert row.cpu.why.message in text or row.cpu.note in text  # type: ignore[operator]


def test_long_lists_are_cut_unless_verbose() -> None:
    skips = tuple(Skip(f"pod-{i}", "Odd", "odd") for i in range(9))
    report = reported(a_pod(), skips=skips)
    short, long = (table(report, Options(width=100, verbose=verbose)) for verbose in (False, True))
    assert "pod-4" in short
    assert "pod-5" not in short
    assert "and 4 more for Odd; -v lists all" in short
    assert "pod-8" in long


def test_parts_break_between_not_within() -> None:
    assert [*joined(["aaa bbb", "ccc", "ddd"], 13)] == ["aaa bbb · ccc", "ddd"]
    assert [*joined(["aaa bbb", "ccc", "ddd"], 12)] == ["aaa bbb", "ccc · ddd"]
