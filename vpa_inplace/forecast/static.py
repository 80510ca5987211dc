"""What a careful person sets by hand: the highest usage of a week plus a margin, the same for every hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpa_inplace.forecast.outlook import BLOCKS, Beliefs, Outlook
from vpa_inplace.forecast.rules import check_margin, share_known
from vpa_inplace.history import History
from vpa_inplace.history.history import HOUR

WEEK = 7


@dataclass(frozen=True, slots=True)
class Static:
    """``max(last 7 days) * (1 + margin)``; never ahead of demand, rarely below it."""

    margin: float = 0.15  # fraction; VPA's and KRR's

    def __post_init__(self) -> None:
        check_margin(self.margin)

    @property
    def name(self) -> str:
        return "static"

    @property
    def uses_risk(self) -> bool:
        return False

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs | None:  # noqa: ARG002 - keeps nothing
        return None

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:  # noqa: ARG002
        """Shapes as in :class:`Outlook`; confidence grows to 1 over the week."""
        # whole hours come from the hourly maxima (12 times fewer numbers), the running hour from the detail
        hours = np.fmax.reduce(history.hourly[:, :, -WEEK * 24 :], axis=2, initial=np.nan)
        peak = np.fmax(hours, np.fmax.reduce(history.last(HOUR), axis=2, initial=np.nan))
        target = (peak * np.float32(1 + self.margin)).astype(np.float32)
        return Outlook(
            at=history.end,
            ceiling=np.repeat(target[:, :, None], BLOCKS, axis=2),
            low=peak.astype(np.float32),
            high=target,
            confidence=share_known(history, WEEK),
            expert=np.zeros(len(history.rows), np.uint8),
            experts=(self.name,),
        )
