from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB
from vpa_inplace.domain.resource import Resource
from vpa_inplace.report.chart import Ink, Level, Picture, draw, scale, spread

CPU, MEMORY = Resource
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_picture(
    past: list[float | None], ahead: list[float | None], *levels: Level, resource: Resource = CPU, now: datetime = NOON
) -> Picture:
    return Picture(
        past=past,
        ahead=ahead,
        past_span=timedelta(days=2),
        ahead_span=timedelta(days=1),
        now=now,
        levels=levels,
        resource=resource,
        label=lambda value: f"{value:g}",
    )


def drawn(picture: Picture, width: int = 100, *, unicode: bool = True) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in draw(picture, width=width, unicode=unicode)]


def test_a_ramp_is_drawn_in_eighths_and_ceilings_as_a_line() -> None:
    # twelve columns of past and six of ahead, between an axis of 9, now, and 16 for names
    lines = drawn(a_picture([float(i) for i in range(12)], [12.0] * 6), width=9 + 12 + 1 + 6 + 16)[:-2]
    bars = [line[9:21].ljust(12) for line in lines]
    heights = [sum(" ▁▂▃▄▅▆▇█".index(bar[column]) for bar in bars) for column in range(12)]
    # the axis ends at 15, three ticks of 5, in nine lines: i / 15 * 9 * 8 eighths, and at least one for zero
    assert heights == [max(1, round(i / 15 * 72)) for i in range(12)]
    # 12 / 15 * 9 = 7.2 lines: low in the eighth line from below, shade under it
    assert [line[22:28] for line in lines if line[22:28]] == ["▁" * 6, *["░" * 6] * 7]


def test_zero_is_a_bar_and_a_gap_is_a_dot() -> None:
    lines = drawn(a_picture([0.0] * 6 + [None] * 6, [5.0] * 6), width=9 + 12 + 1 + 6 + 16)
    assert lines[-3][9:21] == "▁" * 6 + "·" * 6


def test_nothing_known_is_an_empty_chart() -> None:
    assert draw(a_picture([None] * 96, [None] * 24), width=100) == []


def test_levels_are_named_at_the_right_each_on_its_own_line() -> None:
    levels = (Level(Ink.REQUEST, 100, "request 100"), Level(Ink.LIMIT, 100, "limit 100"))
    lines = drawn(a_picture([40.0] * 96, [50.0] * 24, *levels))
    named = [line.split("│")[-1].strip("╌═ ") for line in lines if "100" in line.split("│")[-1]]
    assert named == ["request 100", "limit 100"]


def test_names_that_would_share_a_line_stand_in_the_order_of_their_levels() -> None:
    levels = (Level(Ink.TARGET, 97, "low"), Level(Ink.REQUEST, 98, "middle"), Level(Ink.LIMIT, 99, "high"))
    lines = drawn(a_picture([100.0] * 96, [100.0] * 24, *levels))
    named = [line.split("│")[-1].split()[-1] for line in lines if line.split("│")[-1].split()]
    assert [word for word in named if word in ("low", "middle", "high")] == ["high", "middle", "low"]
    at_the_bottom = (Level(Ink.REQUEST, 0, "zero"), Level(Ink.TARGET, 1, "one"))
    lines = drawn(a_picture([100.0] * 96, [100.0] * 24, *at_the_bottom))
    assert [line.split()[-1] for line in lines[-4:-2]] == ["one", "zero"]


def test_a_level_far_above_is_named_not_drawn() -> None:
    # 5 x 50 is still drawn, more is not
    near, far = (drawn(a_picture([40.0] * 96, [50.0] * 24, Level(Ink.LIMIT, x, "limit"))) for x in (250, 251))
    assert "above the chart" not in "".join(near)
    assert far[0].strip() == "↑ limit, above the chart"


def test_a_line_cuts_through_full_bars_but_leaves_their_tops() -> None:
    lines = drawn(a_picture([100.0] * 96, [50.0] * 24, Level(Ink.REQUEST, 40, "request")))
    (line,) = [line for line in lines if "╌" in line]
    assert "█" not in line
    assert any("█" in other for other in lines)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        pytest.param(NOON, ["Sat 12:00", "Sun 00:00", "Sun 12:00", "Mon 00:00", "now", "Tue 00:00"], id="noon"),
        pytest.param(
            NOON + timedelta(hours=5),
            ["Sun 00:00", "Sun 12:00", "Mon 00:00", "now", "Tue 00:00", "Tue 12:00"],
            id="17h",
        ),
        pytest.param(
            NOON + timedelta(hours=1),
            ["Sun 00:00", "Sun 12:00", "Mon 00:00", "now", "Tue 00:00", "Tue 12:00"],
            id="13h",
        ),
    ],
)
def test_the_axis_names_noon_and_midnight_and_now(now: datetime, words: list[str]) -> None:
    axis = drawn(a_picture([40.0] * 96, [50.0] * 24, now=now))[-1]
    assert axis.replace(" ", "") == "".join(words).replace(" ", "")


@pytest.mark.parametrize(
    ("highest", "resource", "step", "ticks"),
    [
        pytest.param(1, CPU, 1, 1, id="one-millicore"),
        pytest.param(184, CPU, 50, 4, id="hundreds"),
        pytest.param(200, CPU, 50, 4, id="exactly"),
        pytest.param(500, CPU, 200, 3, id="two"),
        pytest.param(8000, CPU, 2000, 4, id="cores"),
        pytest.param(420 * MIB, MEMORY, 128 * MIB, 4, id="mebibytes"),
        pytest.param(1024 * MIB, MEMORY, 256 * MIB, 4, id="one-gibibyte"),
    ],
)
def test_scale(highest: float, resource: Resource, step: float, ticks: int) -> None:
    assert scale(highest, resource) == (step, ticks)


@given(st.floats(1, 1e15), st.sampled_from(Resource))
def test_the_scale_always_reaches_the_highest_with_few_ticks(highest: float, resource: Resource) -> None:
    step, ticks = scale(highest, resource)
    assert step * ticks >= highest > step * (ticks - 1)
    assert 1 <= ticks <= 5


SERIES = st.lists(st.none() | st.floats(0, 1e12), min_size=1, max_size=200)


@given(SERIES, st.integers(1, 200))
def test_spreading_keeps_the_maximum_and_invents_nothing(values: list[float | None], columns: int) -> None:
    out = spread(values, columns)
    assert len(out) == columns
    assert {v for v in out if v is not None} <= {v for v in values if v is not None}
    known = [v for v in values if v is not None]
    assert max((v for v in out if v is not None), default=None) == max(known, default=None)


@given(st.lists(st.none() | st.floats(0, 1e9), min_size=96, max_size=96), st.integers(60, 180), st.booleans())
def test_a_chart_fits_its_width_whatever_the_usage(values: list[float | None], width: int, unicode: bool) -> None:
    lines = drawn(a_picture(values, [1.0] * 24, Level(Ink.REQUEST, 5, "request 5m")), width, unicode=unicode)
    assert max(map(len, lines)) <= width
    assert unicode or "".join(lines).isascii()
