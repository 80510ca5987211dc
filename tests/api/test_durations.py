from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.api.durations import format_duration, parse_duration
from vpa_inplace.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "span"),
    [
        pytest.param("14d", timedelta(days=14), id="days"),
        pytest.param("168h", timedelta(days=7), id="hours"),
        pytest.param("30m", timedelta(minutes=30), id="minutes"),
        pytest.param("15s", timedelta(seconds=15), id="seconds"),
        pytest.param("500ms", timedelta(milliseconds=500), id="millis-are-not-minutes"),
        pytest.param("2w", timedelta(days=14), id="weeks"),
        pytest.param("1h30m", timedelta(minutes=90), id="joined"),
        pytest.param("1.5h", timedelta(minutes=90), id="a-fraction"),
        pytest.param(" 5m ", timedelta(minutes=5), id="blanks-around"),
        pytest.param("0s", timedelta(0), id="zero"),
        pytest.param("3650d", timedelta(days=3650), id="longest"),
    ],
)
def test_parse(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("30", "duration without unit: write 30s, 5m, 1h or 7d", id="no-unit"),
        pytest.param("0", "duration without unit", id="zero-without-unit"),
        pytest.param("-5", "duration without unit", id="negative-without-unit"),
        pytest.param("1.5", "duration without unit", id="fraction-without-unit"),
        pytest.param("", "no duration", id="empty"),
        pytest.param("-5m", "no duration", id="negative"),
        pytest.param("5 m", "no duration", id="blank-inside"),
        pytest.param("5min", "no duration", id="unknown-unit"),
        pytest.param("30m1h", "no duration", id="wrong-order"),
        pytest.param("5M", "no duration", id="capital"),
        pytest.param("1e3s", "no duration", id="exponent"),
        pytest.param("3651d", "longer than 3650d", id="too-long"),
        pytest.param("9" * 400 + "d", "longer than 3650d", id="absurd"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_duration(text)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        pytest.param(timedelta(hours=36), "1d12h", id="two-units"),
        pytest.param(timedelta(days=14), "14d", id="no-weeks"),
        pytest.param(timedelta(0), "0s", id="zero"),
        pytest.param(timedelta(milliseconds=1500), "1s500ms", id="millis"),
    ],
)
def test_format(span: timedelta, text: str) -> None:
    assert format_duration(span) == text


@given(st.integers(0, 3650 * 86_400_000))
def test_formatting_and_parsing_are_inverse(millis: int) -> None:
    span = timedelta(milliseconds=millis)
    assert parse_duration(format_duration(span)) == span
