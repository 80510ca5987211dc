"""What kubelets and API servers say about room; the texts are those of real ones, see tests/cluster/conformance."""

from __future__ import annotations

import pytest

from vpa_inplace.domain.resource import Resource
from vpa_inplace.lifecycle.room import Shortage, shortages


@pytest.mark.parametrize(
    ("message", "found"),
    [
        pytest.param(
            "Node didn't have enough resource: cpu, requested: 1400, used: 370, capacity: 1500",
            (Shortage(Resource.CPU, 1400, 1130),),
            id="deferred",
        ),
        pytest.param(
            "Node didn't have enough capacity: cpu, requested: 4000, capacity: 1500",
            (Shortage(Resource.CPU, 4000, 1500),),
            id="infeasible up to 1.35",
        ),
        pytest.param(
            'pods "burn" is forbidden: node didn\'t have enough allocatable resources: memory, requested: 429496729600,'
            " allocatable: 3801227264",
            (Shortage(Resource.MEMORY, 429496729600, 3801227264),),
            id="forbidden from 1.36 on",
        ),
        pytest.param(
            "Node didn't have enough resource: cpu, requested: 10, used: 20, capacity: 15",
            (Shortage(Resource.CPU, 10, 0),),
            id="a node that is over-full has no room, not less than none",
        ),
        pytest.param(
            "Node didn't have enough resource: cpu, requested: 9, used: 1, capacity: 8,"
            " Node didn't have enough resource: memory, requested: 90, used: 10, capacity: 80",
            (Shortage(Resource.CPU, 9, 7), Shortage(Resource.MEMORY, 90, 70)),
            id="two at once",
        ),
        pytest.param('Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"', (), id="policy"),
        pytest.param("", (), id="nothing said"),
    ],
)
def test_shortages(message, found):
    assert shortages(message) == found
