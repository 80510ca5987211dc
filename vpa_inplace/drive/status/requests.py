"""What Kubernetes says of the size of each sized container of a live pod, as columns: [2, m] millicores and bytes.

Its words (KEP-1287): desired is what the pod's spec asks for, allocated what the kubelet has set aside, actual what the
runtime runs the container with. NaN where an amount is not set, or not told.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET, Amounts
from vpa_inplace.domain.pods import Container
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot

Float = npt.NDArray[np.float64]

_NOTHING = Amounts()


def desired(snapshot: Snapshot) -> Float:
    request = snapshot.slots.request
    return np.where(request == UNSET, np.nan, request)


def allocated(snapshot: Snapshot) -> Float:
    return _told(snapshot, lambda container: container.allocated)


def actual(snapshot: Snapshot) -> Float:
    return _told(snapshot, lambda container: container.actual_requests)


def _told(snapshot: Snapshot, amounts: Callable[[Container], Amounts | None]) -> Float:
    slots = snapshot.slots
    places = zip(slots.pod.tolist(), slots.place.tolist(), strict=True)
    told = [amounts(snapshot.pods[pod].containers[place]) or _NOTHING for pod, place in places]
    # a float array makes NaN of None
    return np.array([[amount.get(resource) for amount in told] for resource in Resource], np.float64).reshape(2, -1)
