"""From what may be needed to what should be requested."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNKNOWN, UNSET
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.errors import InvalidSizes
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.forecast import Outlook
from vpa_inplace.recommend.priced import targets

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


class Why(IntEnum):
    """What set the target; the last rule that changed it wins."""

    FORECAST = 0
    PEAK_ON_RECORD = 1
    AFTER_OOM = 2
    MIN_ALLOWED = 3
    MAX_ALLOWED = 4
    NO_DATA = 5
    NOT_CONTROLLED = 6
    WORTH_ITS_PRICE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Four amounts per resource and row, millicores and bytes; UNKNOWN where there is no data or no control.

    ``target`` obeys minAllowed and maxAllowed, ``uncapped`` ignores them and exists for reports only, as in VPA's
    ``status.recommendation``. lower <= target <= upper wherever target is known.
    """

    target: Int  # [2, n]
    lower: Int  # [2, n]
    upper: Int  # [2, n]
    uncapped: Int  # [2, n]
    why: npt.NDArray[np.uint8]  # [2, n] Why


def size(outlook: Outlook, snapshot: Snapshot, policies: Policies, ledger: Ledger) -> Sizes:
    """Size every row.

    The demand to cover is the highest ceiling until the next chance to resize (``hold``), or, where the outlook has
    curves, the amount that is worth its price; never below the peak on record or the level after an OOM where the policy
    says so. Amounts round up to the policy's quantum.

    Raises:
        InvalidSizes: a bug of ours; nothing may be resized on such sizes.
    """
    demand, low, why = _needed(outlook, policies, ledger)
    known = np.isfinite(demand)
    demand = _raise_to(demand, snapshot.evidence.peak * (1 + policies.peak_margin), why, Why.PEAK_ON_RECORD)
    floors = np.full(demand.shape, np.nan)
    floors[Resource.MEMORY] = np.where(ledger.oom_floor == UNSET, np.nan, ledger.oom_floor)
    demand = _raise_to(demand, floors, why, Why.AFTER_OOM)
    # float32 usage and the margin leave noise below one part in a million: do not round it up to the next unit
    uncapped = _round_up(demand, policies.quantum)
    lower = np.minimum(_round_up(np.where(np.isfinite(low), low, demand), policies.quantum), uncapped)
    upper = np.maximum(_round_up(np.where(np.isfinite(outlook.high), outlook.high, demand), policies.quantum), uncapped)
    capped = [_cap(amount, policies) for amount in (uncapped, lower, upper)]
    why[capped[0] > uncapped] = Why.MIN_ALLOWED
    why[capped[0] < uncapped] = Why.MAX_ALLOWED
    why[~known] = Why.NO_DATA
    why[~policies.controlled] = Why.NOT_CONTROLLED
    usable = known & policies.controlled
    target, lower, upper, uncapped = (np.where(usable, x, UNKNOWN) for x in (*capped, uncapped))
    if not ((lower <= target) & (target <= upper)).all():
        raise InvalidSizes("lower <= target <= upper does not hold; this is a bug, please report it")
    return Sizes(target=target, lower=lower, upper=upper, uncapped=uncapped, why=why)


def _needed(
    outlook: Outlook, policies: Policies, ledger: Ledger
) -> tuple[Float, npt.NDArray[np.floating], npt.NDArray[np.uint8]]:
    """Demand to cover, the amount below which growth is urgent, and what says so; each [2, n]."""
    demand: Float = outlook.over(policies.hold).astype(np.float64)
    why = np.full(demand.shape, Why.FORECAST, np.uint8)
    if outlook.curves is None:
        return demand, outlook.low, why
    dials = Dials.new(ledger.rows) if ledger.dials is None else ledger.dials
    wanted = targets(outlook.curves, dials, policies.risk)
    known, low = np.isfinite(wanted.hold), outlook.low.copy()
    demand[Resource.CPU, known] = wanted.hold[known]
    low[Resource.CPU, known] = wanted.early[known]
    why[Resource.CPU, known] = Why.WORTH_ITS_PRICE
    return demand, low, why


def _raise_to(demand: Float, floor: npt.NDArray[np.floating], why: npt.NDArray[np.uint8], reason: Why) -> Float:
    higher = floor > demand  # NaN: no floor, or nothing known
    why[higher] = reason
    return np.where(higher, floor, demand)


def _round_up(amount: Float, quantum: Int) -> Int:
    exact = np.where(np.isfinite(amount), amount, 0) / quantum
    nearest = np.rint(exact)
    steps = np.where(np.abs(exact - nearest) <= 1e-6 * exact, nearest, np.ceil(exact))
    return (steps * quantum).astype(np.int64)


def _cap(amount: Int, policies: Policies) -> Int:
    """First minAllowed, then maxAllowed, as VPA does: where they cross, maxAllowed wins."""
    raised = np.maximum(amount, policies.min_allowed)  # UNSET is -1: no effect
    return np.where(policies.max_allowed == UNSET, raised, np.minimum(raised, policies.max_allowed))
