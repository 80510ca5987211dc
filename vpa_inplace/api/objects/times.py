"""Times and time zones in objects."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from vpa_inplace.api.objects.fields import told
from vpa_inplace.api.yaml_file import noun


def spelled_time(moment: datetime) -> str:
    """As Kubernetes writes it; fractions of a second only where there are some."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def parsed_time(value: object) -> datetime:
    """The inverse; what is a time already passes.

    Raises:
        ValueError: no time, or one without its zone.
    """
    moment: object = value
    if isinstance(value, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"must be a time with its zone, like 2026-03-02T12:00:00Z, not {noun(value)}")
    return moment.astimezone(UTC)


def known_zone(name: str) -> str:
    """A name of the IANA database.

    Raises:
        ValueError: there is none such.
    """
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # no such file; a path out of the folder, no zone's file; a folder
        known = available_timezones()
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write an IANA name such as Europe/Berlin"
        if not known:
            hint = "this machine has no time zone data; install tzdata"
        raise ValueError(f"unknown time zone {name!r}: {hint}") from None
    return name


Moment = Annotated[
    datetime,
    BeforeValidator(parsed_time),
    PlainSerializer(spelled_time, return_type=str),
    told({"type": "string", "format": "date-time"}),
]
TimeZone = Annotated[str, Field(min_length=1, max_length=64, pattern="^[A-Za-z0-9_+/-]+$"), AfterValidator(known_zone)]
