"""What the ledger carries over when containers come and go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.support.builders import rows_of_names
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.ledger import Ledger

TWO = rows_of_names("a", "b")


def test_dials_follow_their_rows() -> None:
    dials = replace(Dials.new(TWO), shortage=np.array([0.7]), own=np.array([0.1, 0.2]), owed=np.array([1.0, 2.0]))
    ledger = replace(Ledger.empty(TWO), dials=dials, in_force=np.array([100.0, 200.0]))
    moved = ledger.on(rows_of_names("b", "c"))
    assert moved.dials is not None
    assert moved.in_force is not None
    assert moved.dials.rows == moved.rows
    assert moved.dials.own.tolist() == [0.2, 0.0]  # a new one starts where the fleet stands
    assert moved.dials.owed.tolist() == [2.0, 0.0]
    assert moved.dials.shortage.tolist() == [0.7]  # the fleet's
    np.testing.assert_array_equal(moved.in_force, [200, np.nan])


def test_equal_rows_keep_all_of_it() -> None:
    dials = replace(Dials.new(TWO), owed=np.array([1.0, 2.0]))
    ledger = replace(Ledger.empty(TWO), dials=dials, in_force=np.array([100.0, 200.0]))
    again = ledger.on(rows_of_names("a", "b"))
    assert again.dials is not None
    assert again.dials.owed is dials.owed
    assert again.in_force is ledger.in_force


def test_a_ledger_without_prices_stays_without() -> None:
    moved = Ledger.empty(TWO).on(rows_of_names("b"))
    assert (moved.dials, moved.in_force) == (None, None)
