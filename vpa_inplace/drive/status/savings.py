"""What two looks at the same forecast are worth: room released over time, and room that is never needed at once.

They are two figures and are not to be added: the first is money where something else uses the room meanwhile, the second
is nodes that can go for good, since peaks of different containers do not fall together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from vpa_inplace.decide import Decision
from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.drive.status.requests import allocated
from vpa_inplace.forecast.static import Static

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """Of the sized containers of all live pods; millicores and bytes."""

    together: Float  # [2] the highest of the coming 24 hourly sums
    alone: Float  # [2] the sum of what each needs in its own highest hour
    by_node: Mapping[str, Float]  # [2] each: the node's highest hourly sum


def peaks_of(decision: Decision) -> Peaks:
    """Sums of ceilings within minAllowed and maxAllowed; the request where nothing is forecast."""
    snapshot, policies = decision.snapshot, decision.policies
    slots = snapshot.slots
    most = np.where(policies.max_allowed == UNSET, np.inf, policies.max_allowed)[:, slots.row, None]
    least = np.maximum(policies.min_allowed, 0)[:, slots.row, None]
    ceiling = decision.outlook.ceiling[:, slots.row].astype(np.float64)  # [2, m, b]
    request = np.maximum(slots.request, 0).astype(np.float64)[:, :, None]
    need = np.where(np.isfinite(ceiling), np.minimum(np.maximum(ceiling, least), most), request)
    names = sorted({pod.node for pod in snapshot.pods if pod.node})
    place = {name: i for i, name in enumerate(names)}
    node = np.array([place.get(pod.node or "", -1) for pod in snapshot.pods], np.intp)[slots.pod]
    sums = np.zeros((len(names), 2, need.shape[2]))
    here = node >= 0
    np.add.at(sums, node[here], need[:, here].transpose(1, 0, 2))
    highest = sums.max(axis=2)
    return Peaks(
        together=need.sum(axis=1).max(axis=1),
        alone=need.max(axis=2).sum(axis=1),
        by_node=MappingProxyType({name: highest[i] for i, name in enumerate(names)}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """What containers hold that we may resize, and what they would hold at a size that never moves. [2] each."""

    now: Float  # millicores and bytes that are set aside for them
    static: Float  # the highest usage on record of each, plus the margin that people add by hand


def reserved_by(decision: Decision, *, margin: float = Static().margin) -> Reserved:
    """Both over the same containers: those with a request and a peak on record, in a mode that acts."""
    snapshot, policies = decision.snapshot, decision.policies
    row = snapshot.slots.row
    acting = np.array([policy.update_mode.acts for policy in policies.distinct], np.bool_)
    ours = policies.controlled[:, row] & acting[policies.of_row[row]]
    held, requested = allocated(snapshot), snapshot.slots.request
    now = np.where(np.isfinite(held), held, np.where(requested == UNSET, np.nan, requested))
    static = snapshot.evidence.peak[:, row].astype(np.float64) * (1 + margin)
    counted = ours & np.isfinite(now) & np.isfinite(static)
    return Reserved(
        now=np.where(counted, now, 0.0).sum(axis=1),
        static=np.where(counted, static, 0.0).sum(axis=1),
    )
