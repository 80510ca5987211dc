"""New code shows its own peak before anything is taken from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.guard.builders import SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import NOON, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.policy import Policy
from vpa_inplace.guard.revision import NewRevision

POD = a_pod(revision="7c9d")


@pytest.mark.parametrize(
    ("age", "policy", "expected"),
    [
        pytest.param(None, Policy(), False, id="not known"),
        pytest.param(timedelta(hours=23, minutes=59), Policy(), True, id="not yet a day"),
        pytest.param(timedelta(hours=24), Policy(), False, id="a day"),
        pytest.param(timedelta(hours=2), Policy(min_history=timedelta(hours=1)), False, id="its owner asks for less"),
        pytest.param(timedelta(hours=-1), Policy(), True, id="a clock that is ahead"),
    ],
)
def test_new_revision(age, policy, expected):
    move = a_move(POD, revision_since=None if age is None else NOON - age)
    assert refuses(NewRevision(), move, policy=policy) is expected


def test_only_shrinks_wait():
    assert intents(NewRevision(), a_world(POD), revision_since=NOON) == {SHRINK}


def test_growth_in_a_shrink_alone_needs_no_history():
    assert not refuses(NewRevision(), a_move(POD, SHRINK, Amounts(cpu=900), revision_since=NOON))


def test_what_is_missing_is_told():
    refusal = refused(NewRevision(), a_move(POD, revision_since=NOON - timedelta(hours=3)))
    assert refusal.message == "revision 7c9d of web is 3 h old, app has to show 1 d of it"
    assert refusal.lifted_by == "21 h more"
