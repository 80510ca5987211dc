"""Prices that settle where the promises are kept: what being short costs, and what a resize costs.

Two promises are made: a share of time short of demand (``risk``) and a number of resizes a day. Neither follows from a
forecast alone, so both have a price that rises while the promise is broken and falls while there is room: one price of
shortage for the fleet, a slower correction of it for each row (policies and characters differ inside a fleet), and one
price of a resize. All are integral controllers with bounds, so nothing winds up while a promise cannot be kept.

The state is a few numbers a row. It may be lost: it settles again within days, on the safe side of where it starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.dials import Dials

Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DAY: Final = 86400.0
LONGEST: Final = (
    3600.0  # seconds between two ticks that the dials believe in; a longer pause teaches no more than an hour
)
START: Final = 0.0055  # price of being short at the start, in peaks of the week times risk; settled on public traces
SHORTAGE: Final = (0.0005, 20.0)  # bounds of the fleet's price, in the same unit
OWN: Final = 2.3  # bound of a row's correction: a log, a factor of ten either way
RESIZE: Final = (0.005, 60.0)  # bounds of a resize's price: hours of a whole size left unused
FLEET_GAIN: Final = 0.6  # per day and unit of relative excess
OWN_GAIN: Final = 0.02  # slow: a violation is rare, and a fast correction answers to luck
RESIZE_GAIN: Final = 0.5
WORST: Final = (
    200.0  # relative excess of one tick that counts, so that one bad hour of a whole fleet is not paid for weeks
)
AT_LEAST: Final = (
    2.0  # rows short at once that always count in full: a small fleet meets every violation in steps of 1 / n
)
RISKS: Final = (1e-5, 0.5)  # what 0 and 1 are taken for: neither promise could be kept by any finite price
LEAST_BUDGET: Final = 0.01  # resizes a day that a budget of none is taken for; shrinks are then not made at all


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What happened since the last tick, measured on the sizes that were in force, not on those asked for."""

    seconds: float  # since the last tick
    short: Float  # [..., n] share of that time short of demand, NaN where unknown
    resized: Mask  # [..., n] another size came into force


def turn(dials: Dials, seen: Seen, risk: Float, budget: Float) -> Dials:
    """The dials after what was seen.

    Args:
        dials: as they stood.
        seen: since the last tick.
        risk: [..., n] tolerated share of time short.
        budget: [..., n] resizes a day on average, inf without a budget.
    """
    days = min(max(seen.seconds, 0.0), LONGEST) / DAY
    lived = np.isfinite(seen.short)
    count = lived.sum(axis=-1, keepdims=True)
    if days == 0 or not count.any():
        return dials
    excess = np.where(lived, np.where(lived, seen.short, 0.0) / np.clip(risk, *RISKS) - 1, 0.0)
    one_short = _mean(np.where(lived, 1 / np.clip(risk, *RISKS), 0.0), count) / np.maximum(count, 1)
    fleet = np.minimum(_mean(excess, count), np.maximum(WORST, AT_LEAST * one_short))
    shortage = np.clip(dials.shortage + FLEET_GAIN * days * fleet, *np.log(np.divide(SHORTAGE, START)))
    own = np.clip(dials.own + OWN_GAIN * days * excess, -OWN, OWN)
    spent = np.where(lived & seen.resized, 1.0 / days, 0.0) / np.maximum(budget, LEAST_BUDGET) - 1
    spending = np.minimum(_mean(np.where(lived, spent, 0.0), count), WORST)
    resize = np.clip(dials.resize + RESIZE_GAIN * days * spending, *np.log(RESIZE))
    return replace(dials, shortage=shortage, own=own, resize=resize)


def _mean(values: Float, count: npt.NDArray[np.int_]) -> Float:
    mean: Float = values.sum(axis=-1, keepdims=True) / np.maximum(count, 1)
    return mean
