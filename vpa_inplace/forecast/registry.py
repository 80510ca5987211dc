"""The forecasters there are. A new one gets its line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.forecast.model import Model
from vpa_inplace.forecast.outlook import Forecaster
from vpa_inplace.forecast.pooled import Pooled
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.forecast.static import Static
from vpa_inplace.forecast.vpa import Vpa

FORECASTERS: Final[Mapping[str, type[Pooled] | type[Recent] | type[Static] | type[Vpa]]] = {
    "recent": Recent,  # last hour or yesterday: the simple rule to beat, and the fallback
    "static": Static,  # seven-day maximum: what a careful person would set by hand
    "trees": Pooled,  # a trained model of the next hours with their chances; sizes are then weighed by price
    "vpa": Vpa,  # upstream's decaying histogram, exactly
}


def knobs_of(name: str) -> tuple[str, ...]:
    """The fields of a forecaster that are numbers people may set."""
    return tuple(field.name for field in fields(FORECASTERS[name]) if field.metadata.get("knob", True))


def make_forecaster(name: str, knobs: Mapping[str, float] | None = None, model: Model | None = None) -> Forecaster:
    """A forecaster by name, with some of its fields replaced.

    Args:
        name: as in the registry.
        knobs: numbers instead of those that it comes with.
        model: for a forecaster that was trained; the others do without.

    Raises:
        UnknownName: no such forecaster, or no such knob.
        UsageError: a knob's value is out of its range.
    """
    if name not in FORECASTERS:
        raise UnknownName("forecaster", name, FORECASTERS)
    known = knobs_of(name)
    for knob in knobs or {}:
        if knob not in known:
            raise UnknownName(f"knob of forecaster {name!r}", knob, known)
    said: dict[str, Any] = dict(knobs or {})
    if needs_model(name):
        said["model"] = model
    try:
        made: Forecaster = replace(FORECASTERS[name](), **said)
    except ValueError as error:
        raise UsageError(f"forecaster {name!r}: {error}") from error
    return made


def needs_model(name: str) -> bool:
    """Whether it is only the simple rule without a trained model."""
    return any(field.name == "model" for field in fields(FORECASTERS[name]))
