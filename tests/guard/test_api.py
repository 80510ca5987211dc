"""What the API server or the kubelet would not do, asked beforehand."""

from __future__ import annotations

import pytest

from tests.guard.builders import GROW, RESCUE, SHRINK, UNDO, a_move, a_world, intents, refused, refuses
from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Capability
from vpa_inplace.guard.api import CapabilityMissing, NotResizable, RestartRequired, VersionForbids


@pytest.mark.parametrize(
    ("capability", "words"),
    [
        pytest.param(Capability(), None, id="nobody has asked: nothing is missing"),
        pytest.param(Capability(resize=False), "does not serve pods/resize", id="not served"),
        pytest.param(Capability(patch=False), "may not patch pods/resize", id="no right"),
        pytest.param(
            Capability(resize=False, patch=False), "does not serve", id="both: the right alone would not help"
        ),
        pytest.param(
            Capability(resize=False, reason="it is emulating 1.32"), "it is emulating 1.32", id="its own words"
        ),
    ],
)
def test_capability_missing(capability, words):
    refusal = refused(CapabilityMissing(), a_move(), a_world(capability=capability))
    assert (refusal is None) if words is None else (words in refusal.message)


def test_without_the_capability_nothing_at_all_is_sent():
    assert intents(CapabilityMissing(), a_world(capability=Capability(resize=False))) == set(Intent)


@pytest.mark.parametrize("intent", list(Intent))
def test_a_pod_that_is_being_deleted_is_left_alone(intent):
    assert refuses(NotResizable(), a_move(a_pod(terminating=True), intent))
    assert not refuses(NotResizable(), a_move(a_pod(), intent))


LIMITED = a_container(memory=512 * MIB, limits=Amounts(memory=1024 * MIB))
RESTARTING = a_container(
    memory=512 * MIB, limits=Amounts(memory=1024 * MIB), restart_on_resize=frozenset({Resource.MEMORY})
)
FREE = a_container(memory=512 * MIB)
LOWER = Amounts(memory=800 * MIB)
RAISED = Amounts(memory=2048 * MIB)


@pytest.mark.parametrize(
    ("version", "container", "limits", "claims", "words"),
    [
        pytest.param(None, LIMITED, LOWER, True, None, id="an unknown version forbids nothing"),
        pytest.param((1, 32), LIMITED, Amounts(), False, "cannot resize", id="1.32: nothing"),
        pytest.param((1, 33), LIMITED, Amounts(), False, None, id="1.33: requests"),
        pytest.param((1, 33), LIMITED, RAISED, False, None, id="1.33: a memory limit may rise"),
        pytest.param(
            (1, 33), LIMITED, LOWER, False, "lower the memory limit from 1Gi to 800Mi", id="1.33: but not fall"
        ),
        pytest.param((1, 33), LIMITED, Amounts(memory=1024 * MIB), False, None, id="1.33: named, and left as it is"),
        pytest.param((1, 33), FREE, RAISED, False, "add a memory limit of 2Gi", id="1.33: nor come"),
        pytest.param((1, 33), RESTARTING, LOWER, False, None, id="1.33: with a restart it may"),
        pytest.param((1, 33), FREE, Amounts(cpu=900), False, None, id="1.33: a CPU limit may come"),
        pytest.param((1, 34), LIMITED, LOWER, False, None, id="1.34: a memory limit falls"),
        pytest.param((1, 34), FREE, RAISED, False, None, id="1.34: and comes"),
        pytest.param((1, 34), LIMITED, Amounts(), True, "resource claims", id="1.34: no pods with claims"),
        pytest.param((1, 36), LIMITED, Amounts(), True, "resource claims", id="1.36: nor now"),
        pytest.param((1, 37), LIMITED, LOWER, True, None, id="1.37: everything"),
        pytest.param((2, 0), LIMITED, LOWER, True, None, id="2.0 is newer than 1.37"),
    ],
)
def test_version_forbids(version, container, limits, claims, words):
    pod = a_pod(container, claims=claims)
    refusal = refused(VersionForbids(), a_move(pod, limits=limits), a_world(pod, node={"version": version}))
    assert (refusal is None) if words is None else (words in refusal.message)


def test_no_intent_gets_around_the_version():
    assert intents(VersionForbids(), a_world(node={"version": (1, 32)})) == set(Intent)


def test_a_node_that_nobody_knows_forbids_nothing():
    assert intents(VersionForbids(), a_world()) == set()


@pytest.mark.parametrize(
    ("requests", "limits", "expected"),
    [
        pytest.param(Amounts(cpu=100), Amounts(), False, id="the other resource"),
        pytest.param(Amounts(memory=100 * MIB), Amounts(), True, id="its request"),
        pytest.param(Amounts(), RAISED, True, id="its limit"),
        pytest.param(Amounts(cpu=100, memory=100 * MIB), Amounts(), True, id="both resources"),
        pytest.param(Amounts(memory=512 * MIB), Amounts(), False, id="named, and left as it is"),
    ],
)
def test_restart_required(requests, limits, expected):
    move = a_move(a_pod(RESTARTING), GROW, requests, limits)
    assert refuses(RestartRequired(), move) is expected


def test_no_restart_for_anything_but_an_undo():
    world = a_world(a_pod(RESTARTING))
    assert intents(RestartRequired(), world, requests=Amounts(memory=MIB)) == {RESCUE, GROW, SHRINK}
    assert UNDO not in RestartRequired().judges


def test_another_container_of_the_pod_may_restart_as_it_likes():
    pod = a_pod(a_container(), a_container("side", restart_on_resize=frozenset(Resource)))
    assert not refuses(RestartRequired(), a_move(pod))
    assert refuses(RestartRequired(), a_move(pod, container="side"))


def test_the_container_and_the_resource_are_named():
    refusal = refused(RestartRequired(), a_move(a_pod(RESTARTING), RESCUE, Amounts(memory=600 * MIB)))
    assert refusal.message == "container app of pod shop/web-1 restarts when its memory is resized"
    assert refusal.lifted_by == "resizePolicy NotRequired for memory in the template"
