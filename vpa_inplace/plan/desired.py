"""Requests and limits that follow from a size: how limits move along, and what holds memory limits up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.policy import ControlledValues, Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Slots
from vpa_inplace.recommend import Sizes

Int = npt.NDArray[np.int64]


def desired(sizes: Sizes, slots: Slots, policies: Policies) -> tuple[Int, Int]:
    """Requests and limits [2, m] that the sizes ask for; the present ones where nothing is known or controlled.

    * Guaranteed pods move request and limit together; their memory only grows unless allowMemoryLimitDecrease.
    * A limit under RequestsAndLimits keeps its ratio to the request (VPA's rule, integer floor) and never falls below
      the burst ceiling (upperBound); a memory limit never falls at all unless allowMemoryLimitDecrease.
    * RequestsOnly leaves limits alone and asks for no more than the limit.
    * Where there is no limit none is invented.
    """
    target, upper = sizes.target[:, slots.row], sizes.upper[:, slots.row]
    request, limit = slots.request, slots.limit
    both = _flag(
        policies, slots, [p.controlled_values is ControlledValues.REQUESTS_AND_LIMITS for p in policies.distinct]
    )
    may_fall = np.ones(request.shape, np.bool_)
    may_fall[Resource.MEMORY] = _flag(policies, slots, [p.allow_memory_limit_decrease for p in policies.distinct])
    limited = limit != UNSET
    tied = slots.guaranteed & both  # [m]

    want = np.where(~both & limited, np.minimum(target, limit), target)
    want = np.where(tied & ~may_fall, np.maximum(want, request), want)
    # floats carry the ratio: limit * want would overflow int64 for terabytes; the unit lost to rounding is one byte
    ratio = limit / np.maximum(request, 1)
    scaled = np.where((request > 0) & (want != request), np.floor(ratio * want).astype(np.int64), limit)
    scaled = np.maximum(scaled, np.maximum(upper, want))
    scaled = np.where(tied, want, scaled)
    scaled = np.where(may_fall, scaled, np.maximum(scaled, limit))

    known = target >= 0
    new_request = np.where(known, want, request)
    new_limit = np.where(known & both & limited, scaled, limit)
    return new_request, new_limit


def _flag(policies: Policies, slots: Slots, per_policy: list[bool]) -> npt.NDArray[np.bool_]:
    return np.array(per_policy, np.bool_)[policies.of_row][slots.row]
