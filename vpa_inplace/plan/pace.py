"""Sizes that are to be asked for now, out of those that are worth their price: the pace applied to the fleet as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Move
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.plan.paced import Paced, paced
from vpa_inplace.recommend import Sizes
from vpa_inplace.recommend.priced import Targets
from vpa_inplace.recommend.standing import Standing

Mask = npt.NDArray[np.bool_]

CAP: Final = 2.0
"""Times ``maxResizesPerDay`` that one row may spend: the fleet keeps to it on average, and those that gain most by a
resize need more of them than those that gain nothing."""
SHRINK: Final = 2.0  # resizes that a shrink costs, itself and its regrow


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the priced rows should ask for now."""

    sizes: Sizes  # CPU targets of priced rows are those to ask for now; the rest as it was
    at_once: Mask  # [n] rows whose CPU changes whatever the dead band says
    step: Paced

    def remembered(self, ledger: Ledger, admitted: Iterable[Move]) -> Ledger:
        """The ledger that knows what is owed: nothing by rows that move; those that are held back ask again."""
        if ledger.dials is None:
            return ledger
        moved = np.zeros(len(ledger.rows), np.bool_)
        rows = [change.row for move in admitted for change in move.changes if change.requests.cpu is not None]
        moved[[row for row in rows if row >= 0]] = True
        owed = np.where(self.at_once & ~moved, ledger.dials.owed, self.step.owed)
        return replace(ledger, dials=replace(ledger.dials, owed=np.where(moved, 0.0, owed)))


def keep_pace(
    sizes: Sizes, ledger: Ledger, now: Standing, policies: Policies, *, rows: Mask, seconds: float
) -> Pace | None:
    """The pace of priced rows; ``None`` where there are none.

    Args:
        sizes: by price.
        ledger: with dials that were turned.
        now: what rows ask for, have and use.
        policies: of all rows; resizes a day are those that a row may spend.
        rows: [n] that are priced.
        seconds: since the last tick.
    """
    if ledger.dials is None or not rows.any():
        return None
    cpu = Resource.CPU
    known = rows & (sizes.target[cpu] >= 0)
    hold, early = (np.where(known, x[cpu], np.nan).astype(np.float32) for x in (sizes.target, sizes.lower))
    step = paced(
        now.asked,
        Targets(hold=hold, early=early),
        ledger.dials,
        newest=now.newest,
        cut_off=now.cut_off,
        seconds=seconds,
        may_shrink=(policies.max_resizes > 0) & (policies.max_resizes - ledger.spent >= SHRINK),
    )
    known &= np.isfinite(step.size)
    quantum, most = policies.quantum[cpu], policies.max_allowed[cpu]
    whole = (np.ceil(np.where(known, step.size, 0) / quantum) * quantum).astype(np.int64)
    whole = np.where(most == UNSET, whole, np.minimum(whole, np.maximum(most, 0)))
    changed = known & (step.size != now.asked)
    # where nothing changes, pods that stand apart are still brought to what the others ask for
    target = np.where(changed, whole, np.where(known, step.size, -1).astype(np.int64))
    amounts = {name: getattr(sizes, name).copy() for name in ("target", "lower", "upper")}
    amounts["target"][cpu, known] = target[known]
    amounts["lower"][cpu] = np.minimum(amounts["lower"][cpu], amounts["target"][cpu])
    amounts["upper"][cpu] = np.maximum(amounts["upper"][cpu], amounts["target"][cpu])
    return Pace(sizes=replace(sizes, **amounts), at_once=changed, step=step)
