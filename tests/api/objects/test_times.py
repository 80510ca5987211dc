from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.api.objects.times import known_zone, parsed_time, spelled_time

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=1))


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back(moment: datetime) -> None:
    assert parsed_time(spelled_time(moment)) == moment


def test_times_are_kept_in_utc() -> None:
    assert parsed_time("2026-03-02T13:00:00+01:00") == NOON
    assert parsed_time("2026-03-02T13:00:00+01:00").tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-03-02T12:00:00Z"),
        (NOON.replace(microsecond=500_000), "2026-03-02T12:00:00.500000Z"),
        (datetime(2026, 3, 2, 13, tzinfo=BERLIN), "2026-03-02T12:00:00Z"),
    ],
)
def test_spelling(moment: datetime, text: str) -> None:
    assert spelled_time(moment) == text


@pytest.mark.parametrize(
    "value", ["noon", "2026-03-02T12:00:00", "2026-03-02", 1772452800, None, NOON.replace(tzinfo=None)]
)
def test_what_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match="must be a time with its zone"):
        parsed_time(value)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_known_zones(name: str) -> None:
    assert known_zone(name) == name


@pytest.mark.parametrize(
    "name", ["Europe", "Europe/Bärlin", "../../etc/passwd", "/etc/passwd", "", "zone.tab", "x" * 300]
)
def test_unknown_zones(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        known_zone(name)
