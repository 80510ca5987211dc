"""The engine's forecast: curves of the next hours from a trained model, and a ceiling for the whole day from the week.

Curves are for CPU; memory, which rarely falls within hours, keeps the simple rule, as does every row that the model knows
too little of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.curves import Curves, Matrix, weights_of
from vpa_inplace.forecast.model import Model
from vpa_inplace.forecast.outlook import BLOCK, BLOCKS, Beliefs, Outlook
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.forecast.rules import check_margin, share_known
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY, HOUR

WEEK: Final = 7  # days whose hours speak for the same hours of the coming day
STEPS: Final = 12.0  # an hour whose ceiling is exceeded is short for about one step of twelve, not for all of it
LEVELS: Final = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99, 0.995, 0.9975, 0.999, 0.9995)


@dataclass(frozen=True, slots=True)
class Boosted:
    """Curves from ``model``; ``margin`` is added to what the week says of hours beyond the model's longest head."""

    model: Model
    margin: float = 0.15  # fraction; VPA's and KRR's

    def __post_init__(self) -> None:
        check_margin(self.margin)

    @property
    def name(self) -> str:
        return "trees"

    @property
    def uses_risk(self) -> bool:
        return True

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs | None:  # noqa: ARG002 - a shipped model is fixed
        return None

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:
        """Shapes as in :class:`Outlook`; ``curves`` are there as well, for prices to be weighed against."""
        simple = Recent(self.margin).foresee(history, beliefs, risk)
        curves = self.model.curves(history.usage[Resource.CPU], history.step, history.censored[Resource.CPU])
        return outlook_of(curves, simple, history, risk, self.margin)


def outlook_of(
    curves: Curves, simple: Outlook, history: History, risk: npt.NDArray[np.float64], margin: float
) -> Outlook:
    """The simple rule's outlook with the curves' ceilings in place of its own, wherever there are curves."""
    ceiling, high = simple.ceiling.copy(), simple.high.copy()
    ahead = _ahead(curves, risk)  # [n, blocks that the heads reach]
    # a row that has not been seen for an hour has no low bound and no present level, whatever it did last week
    known = np.isfinite(curves.base) & np.isfinite(simple.ceiling[Resource.CPU, :, 0])
    reach = ahead.shape[1]
    cpu = ceiling[Resource.CPU]
    cpu[known, :reach] = np.fmax(ahead[known], simple.low[Resource.CPU, known, None])
    later = _same_hours(history) * np.float32(1 + margin)
    cpu[known, reach:] = np.fmax(later[:, reach:], cpu[:, reach:])[known]
    high[Resource.CPU] = np.fmax.reduce(cpu, axis=1)
    return replace(
        simple,
        ceiling=ceiling,
        high=high,
        curves=curves,
        confidence=share_known(history, WEEK),
        expert=np.where(known, 0, 1).astype(np.uint8),
        experts=("trees", *simple.experts),
    )


def _ahead(curves: Curves, risk: npt.NDArray[np.float64]) -> Matrix:
    """[n, blocks] the level of each head at which its share of short time is the row's risk."""
    weights = weights_of(curves.levels, LEVELS)
    wanted = np.clip(1 - STEPS * risk, LEVELS[0], LEVELS[-1])
    place = np.minimum(np.searchsorted(LEVELS, wanted), len(LEVELS) - 1)
    reach = curves.heads[-1] // BLOCK
    found = np.empty((len(curves.base), reach), np.float32)
    begin = 0
    for head, seconds in enumerate(curves.heads):
        stop = seconds // BLOCK
        found[:, begin:stop] = np.take_along_axis(curves.amounts(head, weights), place[:, None], axis=1)
        begin = stop
    return found


def _same_hours(history: History) -> Matrix:
    """[n, BLOCKS] the highest usage of the week from an hour before each block's time of day to its end."""
    per_hour, hours_kept = history.per_hour, (WEEK + 1) * DAY // HOUR
    seen = history.last((WEEK + 1) * DAY)[Resource.CPU]
    past = np.full((len(seen), hours_kept * per_hour), np.nan, np.float32)
    past[:, past.shape[1] - seen.shape[1] :] = seen
    hours = np.fmax.reduce(past.reshape(len(seen), hours_kept, per_hour), axis=2)  # the last one ends now
    of_day = DAY // HOUR
    best = np.full((len(seen), BLOCKS), np.nan, np.float32)
    for back in range(1, WEEK + 1):
        first = hours_kept - back * of_day
        for shift in (-1, 0):
            best = np.fmax(best, hours[:, first + shift : first + shift + BLOCKS])
    return best
