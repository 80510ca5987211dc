"""The forecasters there are. The engine that beats the simple rules gets its line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.forecast.outlook import Forecaster
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.forecast.static import Static
from vpa_inplace.forecast.vpa import Vpa

FORECASTERS: Final[Mapping[str, type[Recent] | type[Static] | type[Vpa]]] = {
    "recent": Recent,  # last hour or yesterday: the simple rule to beat, and the fallback
    "static": Static,  # seven-day maximum: what a careful person would set by hand
    "vpa": Vpa,  # upstream's decaying histogram, exactly
}


def make_forecaster(name: str, knobs: Mapping[str, float] | None = None) -> Forecaster:
    """A forecaster by name, with some of its fields replaced.

    Raises:
        UnknownName: no such forecaster, or no such knob.
        UsageError: a knob's value is out of its range.
    """
    if name not in FORECASTERS:
        raise UnknownName("forecaster", name, FORECASTERS)
    forecaster: Any = FORECASTERS[name]()
    known = {field.name for field in fields(forecaster)}
    for knob in knobs or {}:
        if knob not in known:
            raise UnknownName(f"knob of forecaster {name!r}", knob, known)
    try:
        made: Forecaster = replace(forecaster, **(knobs or {}))
    except ValueError as error:
        raise UsageError(f"forecaster {name!r}: {error}") from error
    return made
