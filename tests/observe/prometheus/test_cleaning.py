"""What is no usage becomes a gap, and is counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.prometheus.cleaning import cleaned


@pytest.mark.parametrize(
    ("value", "resource", "reason"),
    [
        pytest.param(0.0, Resource.CPU, None, id="zero-is-usage"),
        pytest.param(1024e3, Resource.CPU, None, id="the-largest"),
        pytest.param(1025e3, Resource.CPU, "cpuAbsurd", id="absurd-cpu"),
        pytest.param(2.0**47, Resource.MEMORY, "memoryAbsurd", id="absurd-memory"),
        pytest.param(-1.0, Resource.MEMORY, "memoryNegative", id="negative"),
        pytest.param(np.nan, Resource.CPU, "cpuNotANumber", id="nan"),
        pytest.param(np.inf, Resource.CPU, "cpuNotANumber", id="inf-counts-once"),
        pytest.param(-np.inf, Resource.CPU, "cpuNotANumber", id="minus-inf-counts-once"),
    ],
)
def test_cleaned(value: float, resource: Resource, reason: str | None) -> None:
    counts: Counter[str] = Counter()
    kept = cleaned(np.array([7.0, value]), resource, counts)
    assert kept[0] == 7.0
    assert np.isnan(kept[1]) == (reason is not None)
    assert counts == ({} if reason is None else {reason: 1})
