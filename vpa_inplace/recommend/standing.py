"""Where the fleet stands: the CPU that rows ask for and have, what they were seen to use, and what the dials make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.pods import Container
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.forecast import Outlook
from vpa_inplace.recommend.dials import LONGEST, Seen, turn

Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NEAR: Final = 1.05
"""Usage that far above the size in force was not held back by it: quotas are met over a tenth of a second, samples are
taken over minutes, and the two disagree by a few hundredths at most (chosen)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """CPU of n rows in millicores, NaN where there is no pod, no request or no fresh sample."""

    asked: Float  # [n] of pods' specs
    in_force: Float  # [n] what their containers run with
    newest: Float  # [n] usage
    cut_off: Mask  # [n] usage that was held back by the size in force: more was wanted than can be seen


def standing(snapshot: Snapshot, policies: Policies) -> Standing:
    """The present of every row; of several pods the one in the middle speaks, so that an odd one moves nobody else."""
    slots, evidence = snapshot.slots, snapshot.evidence
    asked = np.where(slots.request[Resource.CPU] == UNSET, np.nan, slots.request[Resource.CPU])
    pairs = zip(slots.pod.tolist(), slots.place.tolist(), strict=True)
    running = [_running(snapshot.pods[pod].containers[place]) for pod, place in pairs]
    n = len(snapshot.rows)
    in_force = _middle(np.array(running, np.float64), slots.row, n)
    stale = np.array([p.stale_after.total_seconds() for p in policies.distinct])[policies.of_row]
    newest = np.where(evidence.age[Resource.CPU] <= stale, evidence.newest[Resource.CPU], np.nan)
    with np.errstate(invalid="ignore"):
        beyond = newest > NEAR * in_force
    return Standing(
        asked=_middle(asked, slots.row, n),
        in_force=in_force,
        newest=newest.astype(np.float64),
        cut_off=evidence.cut_off[Resource.CPU] & ~beyond,
    )


def priced(outlook: Outlook, policies: Policies) -> Mask:
    """[n] rows whose CPU is sized by price."""
    if outlook.curves is None:
        return np.zeros(len(policies), np.bool_)
    mask: Mask = np.isfinite(outlook.curves.base) & policies.controlled[Resource.CPU]
    return mask


def turned(ledger: Ledger, now: Standing, policies: Policies, counted: Mask, seconds: float) -> Ledger:
    """The ledger with its dials turned by what was seen since the last tick.

    Args:
        ledger: as it stood, on the rows of now.
        now: what rows ask for, have and use.
        policies: of all rows.
        counted: [n] rows whose sizes are by these prices; what others suffer teaches nothing of them.
        seconds: since the last tick.
    """
    dials = Dials.new(ledger.rows) if ledger.dials is None else ledger.dials
    before = np.full(len(ledger.rows), np.nan) if ledger.in_force is None else ledger.in_force
    known = counted & np.isfinite(now.newest) & np.isfinite(now.in_force)
    with np.errstate(invalid="ignore"):
        short = np.where(known, (now.newest > now.in_force) | now.cut_off, np.nan)
    resized = np.isfinite(before) & np.isfinite(now.in_force) & (before != now.in_force)
    seen = Seen(seconds=seconds, short=short, resized=resized)
    return replace(ledger, dials=turn(dials, seen, policies.risk, policies.max_resizes), in_force=now.in_force)


def since(ledger: Ledger, now: float) -> float:
    """Seconds since the last tick, at most as many as the dials believe in; none before the first."""
    return min(max(now - ledger.at, 0.0), LONGEST) if np.isfinite(ledger.at) else 0.0


def _running(container: Container) -> float:
    """CPU that a container has: what the kubelet says, else what was asked for."""
    for amounts in (container.actual_requests, container.allocated, container.requests):
        if amounts is not None and amounts.cpu is not None:
            return float(amounts.cpu)
    return float("nan")


def _middle(values: Float, row: npt.NDArray[np.intp], n: int) -> Float:
    """[n] the lower median of each row's values, NaN for a row without any."""
    out = np.full(n, np.nan)
    known = np.isfinite(values)
    values, row = values[known], row[known]
    order = np.lexsort((values, row))
    count = np.bincount(row, minlength=n)
    some = count > 0
    first = np.cumsum(count) - count
    out[some] = values[order][(first + (count - 1) // 2)[some]]
    return out
