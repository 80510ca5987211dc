"""When to change a size: up at once where demand is or will be, down when waiting has cost as much as a resize.

Shrinking too early is paid twice, by a resize down and one up again. The rule is the old one of renting skis: rent until
what was paid would have bought them. Room left unused is added up until it reaches the price of a resize.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.dials import Dials
from vpa_inplace.recommend.priced import Targets

Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BAND: Final = 1.1  # a shrink of less than a tenth is not worth a resize; upstream VPA's --pod-update-threshold
BLIND: Final = 1.2  # growth of a size at which usage was cut off: how much more was wanted cannot be seen
HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """What to ask for now; equal to what was asked for where nothing should change."""

    size: Float  # [..., n] NaN where nothing is known and nothing was asked for
    owed: Float  # [..., n] for the dials

    def applied(self, dials: Dials) -> Dials:
        """The dials that remember what is owed."""
        return replace(dials, owed=self.owed)


def paced(
    asked: Float,
    targets: Targets,
    dials: Dials,
    *,
    newest: Float,
    cut_off: Mask,
    seconds: float,
    may_shrink: Mask,
) -> Paced:
    """One tick of every row.

    Args:
        asked: [..., n] sizes asked for so far, NaN where none was yet.
        targets: of this tick.
        dials: after they were turned.
        newest: [n] the newest sample, NaN where there is none.
        cut_off: [..., n] rows whose newest sample was throttled, so that demand is not seen.
        seconds: since the last tick.
        may_shrink: [..., n] rows whose budget or data allow it.
    """
    hold, early = targets.hold.astype(np.float64), targets.early
    with np.errstate(invalid="ignore"):
        unseen = np.fmax(newest, np.fmin(newest, asked) * BLIND)
        demand = np.where(cut_off, unseen, newest)
        hold = np.fmax(hold, np.where(demand <= asked, np.nan, demand))
    known, born = np.isfinite(hold), np.isfinite(asked)
    with np.errstate(invalid="ignore", divide="ignore"):
        unused = np.where(born & known & (asked > 0), (asked - hold) / asked, 0.0)
        up = known & (~born | (early > asked) | (demand > asked))
        owed = np.maximum(dials.owed + unused * seconds / HOUR, 0.0)
        down = known & born & may_shrink & (owed >= np.exp(dials.resize)) & (hold * BAND < asked)
    size = np.where(up | down, hold, asked)
    changed = ~born | (size != asked)
    return Paced(size=size, owed=np.where(changed, 0.0, owed))
