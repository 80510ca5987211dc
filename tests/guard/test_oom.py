"""What died for want of memory keeps what it was given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.guard.builders import SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import MIB, NOON, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.policy import Policy
from vpa_inplace.guard.oom import RecentOom

LESS = Amounts(memory=400 * MIB)


def killed(ago):
    return a_pod(a_container(last_oom=None if ago is None else NOON - ago), a_container("side"))


@pytest.mark.parametrize(
    ("ago", "policy", "expected"),
    [
        pytest.param(None, Policy(), False, id="never"),
        pytest.param(timedelta(hours=23, minutes=59), Policy(), True, id="not yet a day"),
        pytest.param(timedelta(hours=24), Policy(), False, id="a day"),
        pytest.param(timedelta(hours=2), Policy(min_history=timedelta(hours=2)), False, id="its owner asks for less"),
    ],
)
def test_recent_oom(ago, policy, expected):
    assert refuses(RecentOom(), a_move(killed(ago), SHRINK, LESS), policy=policy) is expected


def test_cpu_and_other_containers_are_not_concerned():
    pod = killed(timedelta(0))
    assert not refuses(RecentOom(), a_move(pod, SHRINK, Amounts(cpu=100)))
    assert not refuses(RecentOom(), a_move(pod, SHRINK, LESS, container="side"))


def test_growth_goes_on():
    assert intents(RecentOom(), a_world(killed(timedelta(0))), requests=LESS) == {SHRINK}


def test_when_it_was_is_told():
    refusal = refused(RecentOom(), a_move(killed(timedelta(hours=1, minutes=30)), SHRINK, LESS))
    assert refusal.message == (
        "container app of pod shop/web-1 was killed for want of memory 1 h 30 min ago, less than 1 d"
    )
    assert refusal.lifted_by == "22 h 30 min more without a kill"
