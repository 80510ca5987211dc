"""Desired, allocated and actual as columns."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from tests.support.builders import MIB, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.drive.status.requests import actual, allocated, desired

NAN = np.nan


def test_each_says_its_own_and_nothing_is_made_up():
    first = a_container("app", cpu=100, memory=64 * MIB, allocated=Amounts(200, 32 * MIB), actual_requests=Amounts(300))
    second = a_container("side", cpu=None, memory=MIB)
    snapshot = a_snapshot(a_pod(first, second))
    assert_array_equal(desired(snapshot), [[100, NAN], [64 * MIB, MIB]])
    assert_array_equal(allocated(snapshot), [[200, NAN], [32 * MIB, NAN]])
    assert_array_equal(actual(snapshot), [[300, NAN], [NAN, NAN]])
