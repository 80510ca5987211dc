"""How limits follow requests."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.builders import MIB, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import UNKNOWN, UNSET, Amounts
from vpa_inplace.domain.policy import ControlledValues, Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.plan.desired import desired
from vpa_inplace.recommend import Sizes

BOTH, ONLY = ControlledValues.REQUESTS_AND_LIMITS, ControlledValues.REQUESTS_ONLY


def of_target(cpu: int, memory: int, *, upper_cpu: int | None = None, upper_memory: int | None = None) -> Sizes:
    target = np.array([[cpu], [memory]])
    upper = np.array([[cpu if upper_cpu is None else upper_cpu], [memory if upper_memory is None else upper_memory]])
    return Sizes(target=target, lower=target, upper=upper, uncapped=target, why=np.zeros((2, 1), np.uint8))


@pytest.mark.parametrize(
    ("values", "fall", "old", "limit", "size", "expected"),
    [
        # request 500m, limit 1000m: ratio 2
        pytest.param(BOTH, False, 500, 1000, (200, 200), (200, 400), id="cpu-limit-keeps-its-ratio"),
        pytest.param(BOTH, False, 500, 1000, (200, 700), (200, 700), id="cpu-limit-not-below-the-burst-ceiling"),
        pytest.param(BOTH, False, 500, None, (200, 900), (200, UNSET), id="no-limit-is-invented"),
        pytest.param(
            BOTH, False, 300, 1000, (101, 101), (101, 336), id="ratio-floors-to-whole-units"
        ),  # 101*10/3=336.67
        pytest.param(ONLY, False, 500, 1000, (200, 200), (200, 1000), id="requests-only-leaves-the-limit"),
        pytest.param(ONLY, False, 500, 1000, (1500, 1500), (1000, 1000), id="requests-only-stops-at-the-limit"),
        pytest.param(BOTH, False, None, 1000, (200, 200), (200, 1000), id="no-request-limit-is-not-shrunk-by-a-ratio"),
        pytest.param(BOTH, False, 500, 1000, (UNKNOWN, UNKNOWN), (500, 1000), id="unknown-leaves-everything"),
        pytest.param(BOTH, False, 500, 1000, (0, 0), (0, 0), id="zero-is-a-size"),
    ],
)
def test_cpu_of_a_burstable_pod(
    values: ControlledValues,
    fall: bool,
    old: int | None,
    limit: int | None,
    size: tuple[int, int],
    expected: tuple[int, int],
) -> None:
    container = a_container(cpu=old, memory=100 * MIB, limits=Amounts(cpu=limit))
    snapshot = a_snapshot(a_pod(container))
    policies = Policies.uniform(Policy(controlled_values=values, allow_memory_limit_decrease=fall), 1)
    sizes = of_target(size[0], 100 * MIB, upper_cpu=size[1])
    requests, limits = desired(sizes, snapshot.slots, policies)
    assert (requests[Resource.CPU, 0], limits[Resource.CPU, 0]) == expected


@pytest.mark.parametrize(
    ("guaranteed", "fall", "target", "expected"),
    [
        pytest.param(False, False, 50, (50, 200), id="burstable-memory-limit-stays"),
        pytest.param(False, True, 50, (50, 100), id="burstable-memory-limit-may-fall"),
        pytest.param(False, False, 150, (150, 300), id="burstable-memory-limit-grows"),
        pytest.param(True, False, 50, (100, 100), id="guaranteed-memory-only-grows"),
        pytest.param(True, True, 50, (50, 50), id="guaranteed-memory-may-fall-when-allowed"),
        pytest.param(True, False, 150, (150, 150), id="guaranteed-grows-together"),
    ],
)
def test_memory_limits(guaranteed: bool, fall: bool, target: int, expected: tuple[int, int]) -> None:
    limit = Amounts(500, 100 * MIB) if guaranteed else Amounts(1000, 200 * MIB)
    snapshot = a_snapshot(a_pod(a_container(cpu=500, memory=100 * MIB, limits=limit)))
    policies = Policies.uniform(Policy(allow_memory_limit_decrease=fall), 1)
    requests, limits = desired(of_target(500, target * MIB), snapshot.slots, policies)
    assert (requests[Resource.MEMORY, 0] // MIB, limits[Resource.MEMORY, 0] // MIB) == expected
