"""The size that is worth its price: more room costs money every hour, less room costs shortage now and then.

For each row the cheapest point of its curve is taken: the amount plus the price of being short times the chance that the
coming hours exceed it. A quantile fixed in advance would hold every row at the same certainty; a price holds those rows
high where certainty is cheap and lets go where it is dear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.dials import Dials
from vpa_inplace.forecast.curves import Curves, Matrix, weights_of
from vpa_inplace.recommend.dials import RISKS, START

Float = npt.NDArray[np.float64]

LEVELS: Final = (0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 0.96, 0.98, 0.99, 0.995, 0.9975, 0.999, 0.9995)
HOLD: Final = 3 * 3600  # seconds a size is meant to hold: what the usual budget of eight resizes a day allows
EARLY: Final = 3600  # seconds ahead within which one grows rather than waits
EARLY_SHARE: Final = (
    6.0  # the hour ahead is weighed at a sixth of the price: growing early is a resize that may be in vain
)
REGROW: Final = 0.4  # of a resize's price is due when the size is exceeded, for then it must be changed again
ALIKE: Final = 0.5
"""Exponent between a price in proportion to a row's own peak (0) and one price for all rows (1). Half way, a small row is
held higher and a large one lower than its own size says: the same time short for the fleet at a smaller sum."""
FURTHEST: Final = 4.0  # factor by which the fleet's peak may move a row's price


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Amounts in the unit of the curves, NaN where nothing is known."""

    hold: Matrix  # [..., n] what to have until the next change
    early: Matrix  # [..., n] at or below ``hold``: a size below this should grow now


def targets(curves: Curves, dials: Dials, risk: Float) -> Targets:
    """The cheapest sizes at the dials' prices; ``risk`` [..., n] is the tolerated share of time short."""
    weights = weights_of(curves.levels, LEVELS)
    hold, early = (curves.amounts(curves.heads.index(head), weights) for head in (HOLD, EARLY))
    level = np.exp(curves.base)
    price = shortage_price(curves.peak, dials, risk) + REGROW * np.exp(dials.resize) * level
    held = _cheapest(hold, price)
    ahead = _cheapest(early, price / EARLY_SHARE)
    return Targets(hold=held, early=np.minimum(held, ahead))


def shortage_price(peak: Matrix, dials: Dials, risk: Float) -> Float:
    """[..., n] what a whole share of time short is taken to cost, in amounts."""
    known = np.isfinite(peak)
    fleet = peak[known].mean() if known.any() else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.clip((fleet / peak) ** ALIKE, 1 / FURTHEST, FURTHEST)
    price: Float = np.exp(dials.shortage + dials.own) * START / np.clip(risk, *RISKS) * peak * alike
    return price


def _cheapest(amounts: Matrix, price: Float) -> Matrix:
    """[..., n] of ``amounts`` [n, levels] the one with the lowest sum of itself and the price of what is left out."""
    short = (1 - np.asarray(LEVELS)).astype(np.float32)
    cost = amounts + price[..., None].astype(np.float32) * short
    best = cost.argmin(axis=-1)
    cheapest: Matrix = amounts[np.arange(len(amounts)), best]
    return cheapest
