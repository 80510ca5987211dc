from __future__ import annotations

import numpy as np

from tests.support.builders import MIB, WEB
from vpa_inplace.api.objects.recommendations import recommendations
from vpa_inplace.domain.amounts import UNKNOWN, Amounts
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.recommend import Sizes

OTHER = ContainerKey.of("test", "shop", "Deployment", "api", "app")
ROWS = Index((ContainerKey(WEB, "proxy"), OTHER, ContainerKey(WEB, "app"), ContainerKey(WEB, "off")))


def matrix(cpu: list[int], memory: list[int]) -> np.ndarray:
    return np.array([cpu, memory], np.int64)


SIZES = Sizes(
    target=matrix([250, 9, UNKNOWN, UNKNOWN], [64 * MIB, 9, 128 * MIB, UNKNOWN]),
    lower=matrix([200, 9, UNKNOWN, UNKNOWN], [63 * MIB, 9, 127 * MIB, UNKNOWN]),
    upper=matrix([300, 9, UNKNOWN, UNKNOWN], [65 * MIB, 9, 129 * MIB, UNKNOWN]),
    uncapped=matrix([150, 9, UNKNOWN, UNKNOWN], [32 * MIB, 9, 128 * MIB, UNKNOWN]),
    why=np.zeros((2, 4), np.uint8),
)


def test_by_workload_and_name_without_what_is_unknown() -> None:
    found = recommendations(SIZES, ROWS, {WEB})
    assert set(found) == {WEB}
    assert [one.written() for one in found[WEB]] == [
        {
            "containerName": "app",
            "target": {"memory": "128Mi"},
            "lowerBound": {"memory": "127Mi"},
            "upperBound": {"memory": "129Mi"},
            "uncappedTarget": {"memory": "128Mi"},
        },
        {
            "containerName": "proxy",
            "target": {"cpu": "250m", "memory": "64Mi"},
            "lowerBound": {"cpu": "200m", "memory": "63Mi"},
            "upperBound": {"cpu": "300m", "memory": "65Mi"},
            "uncappedTarget": {"cpu": "150m", "memory": "32Mi"},
        },
    ]
    assert found[WEB][0].target == Amounts(None, 128 * MIB)


def test_only_what_is_wanted() -> None:
    assert recommendations(SIZES, ROWS, ()) == {}
