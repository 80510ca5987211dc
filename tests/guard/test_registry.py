"""The contract of every guard, and the laws of all of them together."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vpa_inplace.guard
from tests.guard.builders import GROW, RESCUE, SHRINK, UNDO, a_move, a_world
from tests.support.builders import MIB, NOON, WEB, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, Phase, TooBig
from vpa_inplace.domain.moves import Crowding, Intent, Move
from vpa_inplace.domain.pods import Node, Pod, ResizeStatus
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.domain.surroundings import (
    Capability,
    ForeignVpa,
    Hpa,
    LimitRange,
    Quota,
    Surroundings,
    WorkloadState,
)
from vpa_inplace.guard import GUARDS, judge

API: Final = {"CapabilityMissing", "NotResizable", "QosClassWouldChange", "VersionForbids"}
ROOM_AND_CONFLICT: Final = {
    "RestartRequired", "ResizeInFlight", "InfeasibleBefore", "NodeHeadroom", "ResourceQuota", "LimitRange",
    "NodePressure", "NodeMaintenance", "HpaOnSameResource", "ForeignVpa", "NotObserved", "Paused",
}  # fmt: skip
SHRINKS: Final = {guard.reason for guard in GUARDS} - API - ROOM_AND_CONFLICT


def trouble(pod: Pod | None = None) -> Snapshot:
    """A world in which everything that can be wrong with the pod is wrong."""
    pod = a_pod(
        a_container(limits=Amounts(memory=512 * MIB), started=NOON, ready=False, last_oom=NOON,
                    restart_on_resize=frozenset(Resource)),
        revision="new", claims=True, resize=ResizeStatus(pending="Deferred"),
    ) if pod is None else pod  # fmt: skip
    rows = rows_of([pod])
    silent = a_history(rows, cpu=np.nan, memory=np.nan, end=NOON - timedelta(hours=1))
    node = Node(
        name="node-1", allocatable=Amounts(1, 1), unschedulable=True, ready=False, leaving="a drain",
        pressure=frozenset({"MemoryPressure"}), version=(1, 32),
    )  # fmt: skip
    around = Surroundings(
        unseen={"ScaledObject": "it may not be listed"},
        quotas={"shop": (Quota(namespace="shop", name="q", hard_requests=Amounts(1, 1), hard_limits=Amounts(1, 1)),)},
        limit_ranges={"shop": (LimitRange(namespace="shop", name="l", maximum=Amounts(1, 1)),)},
        hpas={WEB: (Hpa(workload=WEB, name="h", utilization={r: frozenset() for r in Resource}, settled=False),)},
        vpas={WEB: (ForeignVpa(workload=WEB, name="v", mode="Auto"),)},
        workloads={WEB: WorkloadState(workload=WEB, desired=2)},
        capability=Capability(resize=False),
        paused="somebody",
        braked="harm",
    )
    return replace(a_snapshot(pod, history=silent), nodes={"node-1": node}, around=around)


def doomed(intent: Intent, requests: Amounts = Amounts(cpu=100, memory=100 * MIB)) -> Move:
    """A move against which everything speaks: each amount falls, or rises where it is asked to."""
    world = trouble()
    (pod,) = world.pods
    attempts = tuple(
        Attempt(workload=WEB, pod=pod.name, uid=pod.uid, intent=SHRINK, steps=(), began=0, since=0, phase=phase)
        for phase in (Phase.ERROR, Phase.SOAKING)
    )
    return replace(
        a_move(pod, intent, requests),
        budget_left=0.0,
        open_attempts=attempts,
        lacks=Amounts(cpu=1),
        too_big=(TooBig(workload=WEB, container="app", node="node-1", requests=Amounts(1), at=0, message="static"),),
        crowding=tuple(Crowding(r, 1, 2, 1) for r in Resource),
        revision_since=NOON,
    )


def reasons(move: Move, world: Snapshot | None = None) -> list[str]:
    return [r.reason for r in judge(move, trouble() if world is None else world, Policies.uniform(Policy(), 1))]


def test_every_guard_is_frozen_named_and_judges_something() -> None:
    for guard in GUARDS:
        assert is_dataclass(guard)
        assert guard.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert {"reason", "judges"} <= {field.name for field in fields(guard)}
        assert guard.reason == type(guard).__name__
        assert guard.judges <= frozenset(Intent)
        assert SHRINK in guard.judges or guard.reason == "NodeHeadroom"
        assert type(guard).__doc__
    assert len({guard.reason for guard in GUARDS}) == len(GUARDS)


def test_every_guard_of_the_house_is_registered() -> None:
    """A class with ``reason`` and ``judges`` in this folder that nobody calls would be a lie."""
    written = {
        line.split()[1].rstrip(":")
        for file in Path(vpa_inplace.guard.__file__).parent.glob("*.py")
        for text in [file.read_text(encoding="utf-8")]
        if 'reason: str = "' in text
        for line in text.splitlines()
        if line.startswith("class ") and not line.startswith("class _")
    }
    assert written == {guard.reason for guard in GUARDS}


def test_each_guard_is_of_one_kind() -> None:
    """DESIGN's law 5: API guards judge all; conflict and room guards all but UNDO; the others SHRINK only."""
    for guard in GUARDS:
        if guard.reason in API:
            assert guard.judges == frozenset(Intent)
        elif guard.reason in SHRINKS:
            assert guard.judges == {SHRINK}
        else:
            assert UNDO not in guard.judges


@pytest.mark.parametrize(
    "guard", [guard.reason for guard in GUARDS if guard.reason not in {"NotResizable", "QosClassWouldChange"}]
)
def test_in_a_world_of_trouble_every_guard_speaks(guard: str) -> None:
    """Both directions are tried: some guards refuse only what grows."""
    more = Amounts(cpu=9000, memory=900 * MIB)
    found = {*reasons(doomed(SHRINK)), *reasons(doomed(GROW, more)), *reasons(doomed(RESCUE, more))}
    assert guard in found


def test_every_refusal_names_what_it_is_about_and_a_way_out() -> None:
    for move in (doomed(SHRINK), doomed(GROW, Amounts(9000)), doomed(RESCUE, Amounts(9000)), doomed(UNDO)):
        for refusal in judge(move, trouble(), Policies.uniform(Policy(), 1)):
            assert refusal.message
            assert not refusal.message.endswith(".")
            assert refusal.lifted_by
            assert "None" not in str(refusal)


@given(st.sampled_from([UNDO, RESCUE, GROW]), st.integers(1, 10**6), st.integers(1, 2**50))
def test_nothing_that_holds_back_shrinks_holds_back_anything_else(intent: Intent, cpu: int, memory: int) -> None:
    assert not SHRINKS & set(reasons(doomed(intent, Amounts(cpu, memory))))


@given(st.integers(1, 10**6), st.integers(1, 2**50))
def test_only_the_api_holds_back_the_way_back(cpu: int, memory: int) -> None:
    assert set(reasons(doomed(UNDO, Amounts(cpu, memory)))) <= API


@pytest.mark.parametrize("intent", list(Intent))
def test_the_order_of_reasons_is_that_of_the_registry(intent: Intent) -> None:
    order = [guard.reason for guard in GUARDS]
    found = reasons(doomed(intent))
    assert found == sorted(found, key=order.index)


@given(st.sampled_from(list(Intent)), st.integers(0, 10**6), st.integers(0, 2**40))
def test_what_nobody_knows_speaks_against_nothing(intent: Intent, cpu: int, memory: int) -> None:
    """The command line without a cluster: no nodes, no surroundings, nothing told of the pod but its sizes."""
    old = {
        "NotResizable", "QosClassWouldChange", "ResizeInFlight", "StaleUsage", "LowCoverage", "NotEnoughHistory",
        "CoolingDown", "MemoryNearUsage", "BudgetSpent",
    }  # fmt: skip
    assert set(reasons(a_move(None, intent, Amounts(cpu, memory)), a_world())) <= old


@pytest.mark.parametrize(("guard", "intent"), list(product(GUARDS, Intent)), ids=lambda x: getattr(x, "reason", str(x)))
def test_guards_change_nothing_and_answer_the_same_again(guard: object, intent: Intent) -> None:
    move, world, policies = doomed(intent), trouble(), Policies.uniform(Policy(), 1)
    before = (move, world.around, world.pods)
    assert guard(move, world, policies) == guard(move, world, policies)  # type: ignore[operator]
    assert (move, world.around, world.pods) == before
