"""Placeholder while the port is being written."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.forecast.static import Static


@dataclass(frozen=True, slots=True)
class Vpa(Static):
    pass
