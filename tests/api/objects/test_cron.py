from __future__ import annotations

import pytest

from vpa_inplace.api.objects.cron import parse_cron
from vpa_inplace.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "field", "values"),
    [
        ("0 22 * * *", "hours", {22}),
        ("*/15 * * * *", "minutes", {0, 15, 30, 45}),
        ("5/20 * * * *", "minutes", {5, 25, 45}),
        ("10-20/5,50 * * * *", "minutes", {10, 15, 20, 50}),
        ("0 0 1,15 * *", "days", {1, 15}),
        ("0 0 * jan-mar,DEC *", "months", {1, 2, 3, 12}),
        ("0 0 * * mon-fri", "weekdays", {1, 2, 3, 4, 5}),
        ("0 0 * * 7", "weekdays", {0}),
        ("0 0 ? * 5-7", "weekdays", {5, 6, 0}),
        ("0 0 * * *", "weekdays", {0, 1, 2, 3, 4, 5, 6}),
        ("0 0 * * */2", "weekdays", {0, 2, 4, 6}),
    ],
)
def test_fields(text: str, field: str, values: set[int]) -> None:
    assert getattr(parse_cron(text), field) == values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("", "has 0 fields; write five", id="empty"),
        pytest.param("@daily", "has 1 fields", id="word"),
        pytest.param("0 0 * * * *", "has 6 fields", id="with-seconds"),
        pytest.param("60 0 * * *", "60 is no minute; it goes from 0 to 59", id="minute"),
        pytest.param("0 24 * * *", "24 is no hour", id="hour"),
        pytest.param("0 0 0 * *", "0 is no day of month; it goes from 1 to 31", id="day"),
        pytest.param("0 0 * 13 *", "13 is no month", id="month"),
        pytest.param("0 0 * mon *", "mon is no month", id="day-for-month"),
        pytest.param("0 0 * * 8", "8 is no day of week", id="weekday"),
        pytest.param("0 0 * * funday", "funday is no day of week", id="name"),
        pytest.param("20-10 * * * *", "20-10 of minute runs backwards", id="backwards"),
        pytest.param("*/0 * * * *", "'*/0' is no minute", id="no-step"),
        pytest.param("*/x * * * *", "'*/x' is no minute", id="step-in-words"),
        pytest.param("1,,2 * * * *", "'' is no minute", id="hole"),
        pytest.param("1-2-3 * * * *", "'1-2-3' is no minute", id="two-dashes"),
        pytest.param("٣ * * * *", "is no minute", id="other-digits"),
        pytest.param("0 0 31 2,4 *", "never comes", id="31st-of-short-months"),
        pytest.param("0 0 30 feb ?", "never comes", id="30th-of-february"),
    ],
)
def test_mistakes(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_cron(text)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("text", ["0 0 29 2 *", "0 0 31 2,3 *", "0 0 31 2 mon"])
def test_days_that_come_at_times(text: str) -> None:
    """In leap years; in March; on Mondays, as either of two days is enough."""
    assert not parse_cron(text).never
