"""What a resize on its way holds back."""

from __future__ import annotations

import pytest

from tests.support.builders import WEB, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, Phase
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.domain.pods import ResizeStatus
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.guard import judge
from vpa_inplace.guard.flight import CoolingDown, ResizeInFlight


def reasons(intent, phases=(), resize=None):
    """Reasons of the two guards against a move of a pod with attempts in these phases and this status."""
    pod = a_pod(a_container(), resize=resize or ResizeStatus())
    attempts = tuple(
        Attempt(workload=WEB, pod=pod.name, uid=pod.uid, intent=Intent.SHRINK, steps=(), began=0, since=0, phase=phase)
        for phase in phases
    )
    change = Change("app", 0, Amounts(500), Amounts(), Amounts(400), Amounts())
    move = Move(pod, intent, (change,), 8.0, open_attempts=attempts)
    refusals = judge(move, a_snapshot(pod), Policies.uniform(Policy(), 1), (ResizeInFlight(), CoolingDown()))
    return [refusal.reason for refusal in refusals]


@pytest.mark.parametrize(
    ("phase", "grow", "shrink"),
    [
        pytest.param(Phase.SUBMITTED, [], ["ResizeInFlight"], id="sent: growth replaces it"),
        pytest.param(Phase.IN_PROGRESS, [], ["ResizeInFlight"], id="being done: growth replaces it"),
        pytest.param(Phase.DEFERRED, ["ResizeInFlight"], ["ResizeInFlight"], id="no room: more is no help"),
        pytest.param(Phase.ERROR, ["ResizeInFlight"], ["ResizeInFlight"], id="failing"),
        pytest.param(Phase.SOAKING, [], ["CoolingDown"], id="watched: only growth"),
    ],
)
def test_our_own_resizes(phase, grow, shrink):
    assert reasons(Intent.GROW, [phase]) == grow
    assert reasons(Intent.SHRINK, [phase]) == shrink
    for urgent in (Intent.RESCUE, Intent.UNDO):
        assert reasons(urgent, [phase]) == []


@pytest.mark.parametrize(
    ("status", "grow"),
    [
        pytest.param(ResizeStatus(in_progress=True), [], id="in progress"),
        pytest.param(ResizeStatus(pending="Deferred"), ["ResizeInFlight"], id="Deferred"),
        pytest.param(ResizeStatus(in_progress=True, failing=True), ["ResizeInFlight"], id="failing"),
    ],
)
def test_resizes_of_somebody_else(status, grow):
    assert reasons(Intent.SHRINK, resize=status) == ["ResizeInFlight"]
    assert reasons(Intent.GROW, resize=status) == grow
    assert reasons(Intent.UNDO, resize=status) == []


def test_nothing_on_its_way_holds_nothing_back():
    assert reasons(Intent.SHRINK) == reasons(Intent.GROW) == []
