"""Each guard's table: one boundary a case. And the laws of the row of guards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move, Refusal
from vpa_inplace.domain.pods import Container, ContainerKind, Pod, QosClass
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard import GUARDS, judge
from vpa_inplace.guard.api import NotResizable, QosClassWouldChange
from vpa_inplace.guard.budget import BudgetSpent
from vpa_inplace.guard.data import LowCoverage, NotEnoughHistory, StaleUsage
from vpa_inplace.guard.guard import Guard
from vpa_inplace.guard.memory import MemoryNearUsage

ONE = Policies.uniform(Policy(), 1)


def a_move(
    pod: Pod | None = None,
    *,
    intent: Intent = Intent.SHRINK,
    requests: Amounts = Amounts(cpu=100),
    limits: Amounts = Amounts(),
    budget: float = 8,
) -> Move:
    pod = a_pod() if pod is None else pod
    first = pod.containers[0]
    return Move(pod, intent, (Change(first.name, 0, first.requests, first.limits, requests, limits),), budget)


def reason(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.reason


def a_pod_with(**fields: object) -> Pod:
    return a_pod(**fields)


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(a_pod(), None, id="plain"),
        pytest.param(a_pod(static=True), "NotResizable", id="static"),
        pytest.param(a_pod(os="windows"), "NotResizable", id="windows"),
        pytest.param(a_pod(a_container(cpu=None, memory=None)), "NotResizable", id="best-effort"),
        pytest.param(a_pod(phase="Succeeded"), "NotResizable", id="over"),
        pytest.param(a_pod(phase="Pending"), None, id="pending-may-be-resized"),
    ],
)
@pytest.mark.parametrize("intent", list(Intent))
def test_not_resizable(pod: Pod, expected: str | None, intent: Intent) -> None:
    move = a_move(pod, intent=intent)
    assert intent in NotResizable().judges
    assert reason(NotResizable()(move, a_snapshot(), ONE)) == expected


GUARANTEED = a_container(cpu=500, memory=512 * MIB, limits=Amounts(500, 512 * MIB))
ALMOST = a_container(cpu=400, memory=512 * MIB, limits=Amounts(500, 512 * MIB))


@pytest.mark.parametrize(
    ("container", "requests", "limits", "expected"),
    [
        pytest.param(GUARANTEED, Amounts(cpu=100), Amounts(cpu=100), None, id="guaranteed-moves-both"),
        pytest.param(GUARANTEED, Amounts(cpu=100), Amounts(), "QosClassWouldChange", id="guaranteed-request-alone"),
        pytest.param(
            ALMOST, Amounts(cpu=500), Amounts(), "QosClassWouldChange", id="burstable-would-become-guaranteed"
        ),
        pytest.param(ALMOST, Amounts(cpu=450), Amounts(), None, id="burstable-stays"),
        pytest.param(
            a_container(cpu=500, memory=None), Amounts(cpu=0), Amounts(), "QosClassWouldChange", id="to-best-effort"
        ),
    ],
)
def test_qos_class_would_change(container: Container, requests: Amounts, limits: Amounts, expected: str | None) -> None:
    move = a_move(a_pod(container), requests=requests, limits=limits)
    assert reason(QosClassWouldChange()(move, a_snapshot(), ONE)) == expected


def test_qos_looks_at_all_containers_of_the_pod() -> None:
    side = a_container("side", cpu=100, memory=64 * MIB)
    pod = a_pod(ALMOST, side)
    assert pod.qos is QosClass.BURSTABLE
    assert QosClassWouldChange()(a_move(pod, requests=Amounts(cpu=500)), a_snapshot(), ONE) is None


def last_sample(ago: timedelta) -> Snapshot:
    """The newest window ended ``ago``."""
    history = a_history(rows_of([a_pod()]), end=NOON - ago)
    return a_snapshot(history=history)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(timedelta(0), None, id="fresh"),
        pytest.param(timedelta(minutes=15), None, id="exactly-at-the-limit"),
        pytest.param(timedelta(minutes=20), "StaleUsage", id="older"),
        pytest.param(timedelta(days=2), "StaleUsage", id="days-old"),
    ],
)
def test_stale_usage(ago: timedelta, expected: str | None) -> None:
    assert reason(StaleUsage()(a_move(), last_sample(ago), ONE)) == expected


def test_no_usage_at_all_is_stale() -> None:
    snapshot = a_snapshot(history=a_history(rows_of([a_pod()]), cpu=np.nan, memory=np.nan))
    assert reason(StaleUsage()(a_move(), snapshot, ONE)) == "StaleUsage"


def test_only_the_resource_that_shrinks_is_asked_about() -> None:
    snapshot = a_snapshot(history=a_history(rows_of([a_pod()]), memory=np.nan))
    assert StaleUsage()(a_move(requests=Amounts(cpu=100)), snapshot, ONE) is None
    assert reason(StaleUsage()(a_move(requests=Amounts(memory=MIB)), snapshot, ONE)) == "StaleUsage"


def with_gaps(share: float) -> Snapshot:
    """A day in which this share of the samples is missing, the newest not among them."""
    day = np.full(288, 100.0)
    day[: round(288 * share)] = np.nan
    cpu = np.concatenate([np.full(2 * 288, 100.0), day])
    return a_snapshot(history=a_history(rows_of([a_pod()]), cpu=cpu))


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        pytest.param(0.0, None, id="whole"),
        pytest.param(28 / 288, None, id="just-enough"),  # 260 of 288 are 90.3 %
        pytest.param(30 / 288, "LowCoverage", id="one-too-few"),  # 258 of 288 are 89.6 %
    ],
)
def test_low_coverage(missing: float, expected: str | None) -> None:
    assert reason(LowCoverage()(a_move(), with_gaps(missing), ONE)) == expected


def test_a_fleet_that_falls_silent_is_low_coverage_for_all() -> None:
    pods = [a_pod(a_container(f"c{i:02}"), name=f"p{i}") for i in range(10)]
    rows = rows_of(pods)
    cpu = np.full((10, 3 * 288), 100.0)
    cpu[5:, -3:] = np.nan  # half of the fleet has lost its last three samples; row 0 is whole
    snapshot = a_snapshot(*pods, history=a_history(rows, cpu=cpu))
    policies = Policies.uniform(Policy(), 10)
    refusal = LowCoverage()(a_move(pods[0]), snapshot, policies)
    assert refusal is not None
    assert "only 50% of all containers" in refusal.message


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param(10 / 60, "NotEnoughHistory", id="ten-minutes"),
        pytest.param(23.9, "NotEnoughHistory", id="not-yet-a-day"),
        pytest.param(24, None, id="a-day"),
    ],
)
def test_not_enough_history(hours: float, expected: str | None) -> None:
    snapshot = a_snapshot(history=a_history(rows_of([a_pod()]), days=hours / 24))
    assert reason(NotEnoughHistory()(a_move(), snapshot, ONE)) == expected


# usage is 200 MiB; 10 % must stay free: 220 MiB
@pytest.mark.parametrize(
    ("requests", "limits", "expected"),
    [
        pytest.param(Amounts(memory=221 * MIB), Amounts(), None, id="above"),
        pytest.param(Amounts(memory=219 * MIB), Amounts(), "MemoryNearUsage", id="request-into-the-margin"),
        pytest.param(Amounts(memory=100 * MIB), Amounts(memory=221 * MIB), None, id="the-limit-decides"),
        pytest.param(
            Amounts(memory=100 * MIB), Amounts(memory=219 * MIB), "MemoryNearUsage", id="limit-into-the-margin"
        ),
        pytest.param(Amounts(cpu=1), Amounts(), None, id="cpu-does-not-matter"),
    ],
)
def test_memory_near_usage(requests: Amounts, limits: Amounts, expected: str | None) -> None:
    pod = a_pod(a_container(memory=512 * MIB, limits=Amounts(memory=1024 * MIB)))
    move = a_move(pod, requests=requests, limits=limits)
    assert reason(MemoryNearUsage()(move, a_snapshot(pod), ONE)) == expected


def test_memory_without_usage_is_not_taken() -> None:
    snapshot = a_snapshot(history=a_history(rows_of([a_pod()]), memory=np.nan))
    assert reason(MemoryNearUsage()(a_move(requests=Amounts(memory=MIB)), snapshot, ONE)) == "MemoryNearUsage"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(2.0, None, id="itself-and-its-regrow"),
        pytest.param(1.9, "BudgetSpent", id="its-regrow-is-missing"),
        pytest.param(-3.0, "BudgetSpent", id="growth-overdrew-it"),
        pytest.param(np.inf, None, id="no-budget"),
    ],
)
def test_budget_spent(left: float, expected: str | None) -> None:
    assert reason(BudgetSpent()(a_move(budget=left), a_snapshot(), ONE)) == expected


def test_all_reasons_are_told_in_the_order_of_the_registry() -> None:
    snapshot = a_snapshot(history=a_history(rows_of([a_pod()]), days=0.01, end=NOON - timedelta(hours=1)))
    found = [r.reason for r in judge(a_move(budget=0), snapshot, ONE)]
    assert found == ["StaleUsage", "NotEnoughHistory", "BudgetSpent"]


@pytest.mark.parametrize("intent", [Intent.UNDO, Intent.RESCUE, Intent.GROW])
def test_nothing_but_the_api_holds_growth_back(intent: Intent) -> None:
    snapshot = a_snapshot(history=a_history(rows_of([a_pod()]), days=0.01, end=NOON - timedelta(hours=1)))
    assert judge(a_move(intent=intent, requests=Amounts(cpu=900), budget=0), snapshot, ONE) == ()


class Says:
    """A guard that always answers the same."""

    reason = "Says"
    judges = frozenset(Intent)

    def __init__(self, yes: bool) -> None:
        self.yes = yes

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        return None if self.yes else Refusal("Says", "no", "yes")


@given(st.lists(st.booleans(), max_size=5), st.booleans())
def test_one_more_guard_never_admits_more(votes: list[bool], extra: bool) -> None:
    guards: list[Guard] = [Says(vote) for vote in votes]
    fewer = judge(a_move(), SNAPSHOT, ONE, guards)
    more = judge(a_move(), SNAPSHOT, ONE, [*guards, Says(extra)])
    assert set(fewer) <= set(more)
    assert not (fewer and not more)


SNAPSHOT = a_snapshot()


def test_names_of_guards_are_camel_case_and_unique() -> None:
    names = [guard.reason for guard in GUARDS]
    assert len(set(names)) == len(names)
    assert all(name.isalpha() and name[0].isupper() for name in names)


def test_refusals_of_every_guard_say_what_lifts_them() -> None:
    pod = replace(a_pod(a_container(cpu=None, memory=None)), static=True)
    silent = a_snapshot(history=a_history(rows_of([a_pod()]), cpu=np.nan, memory=np.nan))
    refusals = judge(a_move(pod, requests=Amounts(0, 0), budget=0), silent, ONE)
    assert all(r.message and r.lifted_by for r in refusals)


def test_ordinary_init_containers_are_never_sized() -> None:
    init = replace(a_container("migrate"), kind=ContainerKind.INIT)
    snapshot = a_snapshot(a_pod(a_container(), init))
    assert [key.container for key in snapshot.rows] == ["app"]
    assert len(snapshot.slots) == 1
