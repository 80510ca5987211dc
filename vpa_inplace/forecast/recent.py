"""The simple rule to beat: the maximum of the last hour, or of yesterday around the same time, plus a margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.outlook import BLOCKS, Beliefs, Outlook
from vpa_inplace.forecast.rules import check_margin, share_known
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY, HOUR

HELD = 3
"""Blocks for which the last hour's level is expected to persist. After one hour 48 to 71 percent of real CPU samples
stand within 10 percent of where they were, after a day no fewer (measured on public traces): beyond a few hours
yesterday at that time knows as much as the present level."""


@dataclass(frozen=True, slots=True)
class Recent:
    """``max(last hour, yesterday from an hour before the block to its end) * (1 + margin)``.

    Known as "last hour or yesterday +-1 h": a daily rhythm is followed, a level shift is followed within the hour.
    Memory rarely falls within hours; recommend holds it at its peak on record.
    """

    margin: float = 0.15  # fraction; VPA's and KRR's

    def __post_init__(self) -> None:
        check_margin(self.margin)

    @property
    def name(self) -> str:
        return "recent"

    @property
    def uses_risk(self) -> bool:
        return False

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs | None:  # noqa: ARG002 - keeps nothing
        return None

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:  # noqa: ARG002
        """Shapes as in :class:`Outlook`. With less than a day of history the last hour alone speaks."""
        last_hour = np.fmax.reduce(history.last(HOUR), axis=2, initial=np.nan)  # [2, n]
        ceiling = _yesterday(history)
        ceiling[:, :, :HELD] = np.fmax(ceiling[:, :, :HELD], last_hour[:, :, None])
        # rows younger than a day have no yesterday: their present level is all that is known
        ceiling = np.where(np.isnan(ceiling), last_hour[:, :, None], ceiling)
        ceiling *= np.float32(1 + self.margin)
        return Outlook(
            at=history.end,
            ceiling=ceiling,
            low=last_hour,
            high=np.fmax.reduce(ceiling, axis=2),
            confidence=share_known(history, 1),
            expert=np.zeros(len(history.rows), np.uint8),
            experts=(self.name,),
        )


def _yesterday(history: History) -> npt.NDArray[np.float32]:
    """[2, n, BLOCKS] maximum of yesterday from one hour before each block up to and including its end's step."""
    per_hour, day = history.per_hour, DAY // history.step
    seen = history.last(DAY + HOUR)
    # Index 0 stands a day and an hour ago, index ``day + per_hour`` is now: what lies beyond it stays NaN.
    days = np.full((*seen.shape[:2], day + 2 * per_hour), np.nan, np.float32)
    days[:, :, day + per_hour - seen.shape[2] : day + per_hour] = seen
    hours = days.reshape(*seen.shape[:2], BLOCKS + 2, per_hour)
    # copied so that the reduced axis comes first: numpy then takes whole rows at a time, several times as fast
    maxima = np.fmax.reduce(np.ascontiguousarray(np.moveaxis(hours, 3, 0)), axis=0)
    closing = hours[:, :, 2:, 0]
    both: npt.NDArray[np.float32] = np.fmax(maxima[:, :, :BLOCKS], maxima[:, :, 1 : BLOCKS + 1])
    return np.fmax(both, closing)
