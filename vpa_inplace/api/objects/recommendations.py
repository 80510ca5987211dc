"""Sizes as recommendations in VPA's shape: what an autoscaler's status shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from vpa_inplace.api.objects.status import ContainerRecommendation
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import Index, WorkloadKey
from vpa_inplace.domain.resource import Resource
from vpa_inplace.recommend import Sizes

Found = dict[WorkloadKey, list[ContainerRecommendation]]


def recommendations(
    sizes: Sizes, rows: Index, wanted: Collection[WorkloadKey]
) -> Mapping[WorkloadKey, tuple[ContainerRecommendation, ...]]:
    """Of each wanted workload, its containers by name. What is not controlled or not known is left out, as VPA does."""
    found: Found = {}
    known = np.any(sizes.target >= 0, axis=0)
    for row, key in enumerate(rows):
        if key.workload in wanted and known.item(row):
            found.setdefault(key.workload, []).append(_recommendation(key.container, sizes, row))
    return {workload: tuple(sorted(some, key=lambda one: one.container_name)) for workload, some in found.items()}


def _recommendation(container: str, sizes: Sizes, row: int) -> ContainerRecommendation:
    return ContainerRecommendation(
        container_name=container,
        target=_amounts(sizes.target, row),
        lower_bound=_amounts(sizes.lower, row),
        upper_bound=_amounts(sizes.upper, row),
        uncapped_target=_amounts(sizes.uncapped, row),
    )


def _amounts(matrix: npt.NDArray[np.int64], row: int) -> Amounts:
    cpu, memory = (matrix[resource, row].item() for resource in Resource)
    return Amounts(cpu if cpu >= 0 else None, memory if memory >= 0 else None)
