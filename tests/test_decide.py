"""The whole story: facts in, moves and refusals out, memory carried on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.decide import Decision, decide
from vpa_inplace.domain.amounts import UNKNOWN, Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.once import decide_once
from vpa_inplace.forecast import make_forecaster
from vpa_inplace.history import History
from vpa_inplace.observe.source import Observation


def decided(*pods: Pod, history: History | None = None, policy: Policy = Policy()) -> Decision:
    snapshot = a_snapshot(*pods, history=history)
    history = a_history(snapshot.rows) if history is None else history
    observation = Observation(snapshot=snapshot, history=history)
    return decide_once(observation, make_forecaster("recent"), Policies.uniform(policy, len(snapshot.rows)))


def test_an_over_requested_container_shrinks_to_usage_plus_margin() -> None:
    # 100m and 200 MiB of constant use, 15 % margin: 115m; memory at its peak on record plus 15 %: 230 MiB
    decision = decided(a_pod(a_container(cpu=500, memory=512 * MIB)))
    (move,) = decision.admitted
    assert move.intent is Intent.SHRINK
    assert move.changes[0].requests == Amounts(115, 230 * MIB)


def test_an_under_requested_container_is_rescued() -> None:
    (move,) = decided(a_pod(a_container(cpu=50, memory=230 * MIB))).admitted
    assert (move.intent, move.changes[0].requests) == (Intent.RESCUE, Amounts(cpu=115))


def test_without_data_nothing_moves_and_nothing_is_zero() -> None:
    history = a_history(rows_of([a_pod()]), cpu=np.nan, memory=np.nan)
    decision = decided(a_pod(), history=history)
    assert decision.verdicts == ()
    assert (decision.sizes.target == UNKNOWN).all()


def test_an_idle_container_is_not_a_silent_one() -> None:
    decision = decided(a_pod(), history=a_history(rows_of([a_pod()]), cpu=0.0))
    assert decision.sizes.target[Resource.CPU, 0] == 10  # the policy's floor


def test_refused_moves_spend_nothing_admitted_ones_do() -> None:
    young = a_history(rows_of([a_pod()]), days=0.1)
    assert decided(a_pod(), history=young).ledger.spent.tolist() == [0.0]
    assert decided(a_pod()).ledger.spent.tolist() == [1.0]


def test_an_empty_cluster_is_decided_too() -> None:
    history = a_history(rows_of([]))
    snapshot = replace(a_snapshot(), pods=(), rows=history.rows)
    empty = a_snapshot(history=history)
    assert snapshot.rows == empty.rows
    assert decided(history=history).verdicts == ()


def test_the_same_facts_give_the_same_decision() -> None:
    first, second = decided(a_pod()), decided(a_pod())
    assert first.verdicts == second.verdicts


@given(st.integers(0, 10**6), st.integers(0, 2**40), st.floats(0, 4000), st.floats(0, 2.0**36))
def test_what_is_admitted_lands_on_the_target_and_then_rests(
    cpu: int, memory: int, used: float, used_memory: float
) -> None:
    """Applying the admitted moves and deciding again moves nothing: no flapping on unchanged facts."""
    policy = Policy(max_resizes_per_day=None)
    pod = a_pod(a_container(cpu=cpu or None, memory=memory or None))
    history = a_history(rows_of([pod]), cpu=used, memory=used_memory, days=2)
    first = decided(pod, history=history, policy=policy)
    containers = pod.containers
    for move in first.admitted:
        for change in move.changes:
            after = replace(
                containers[0],
                requests=Amounts(
                    containers[0].requests.cpu if change.requests.cpu is None else change.requests.cpu,
                    containers[0].requests.memory if change.requests.memory is None else change.requests.memory,
                ),
            )
            containers = (after,)
    again = decided(replace(pod, containers=containers), history=history, policy=policy)
    assert again.admitted == ()


@given(st.permutations(range(4)))
def test_the_order_of_pods_does_not_matter(order: list[int]) -> None:
    pods = [
        a_pod(a_container(cpu=300 + 100 * i), name=f"w{i}", workload=WorkloadKey("test", "shop", "Deployment", f"w{i}"))
        for i in range(4)
    ]

    def moves(some: list[Pod]) -> set[tuple[str, Intent, Amounts]]:
        return {(m.pod.name, m.intent, m.changes[0].requests) for m in decided(*some).admitted}

    assert moves([pods[i] for i in order]) == moves(pods)


def test_the_future_does_not_change_the_decision() -> None:
    rows = rows_of([a_pod()])
    known = a_history(rows, days=3)
    known_and_more = a_history(
        rows, cpu=np.r_[np.full(3 * 288, 100.0), np.full(288, 9e3)], days=4, end=NOON + timedelta(days=1)
    )
    snapshot = a_snapshot(a_pod(), history=known)
    policies = Policies.uniform(Policy(), 1)
    decisions = [
        decide_once(Observation(snapshot=snapshot, history=h), make_forecaster("recent"), policies)
        for h in (known, known_and_more)
    ]
    assert decisions[0].verdicts == decisions[1].verdicts
    assert (decisions[0].sizes.target == decisions[1].sizes.target).all()


def test_own_guards_can_be_handed_in() -> None:
    snapshot = a_snapshot()
    history = a_history(snapshot.rows)
    outlook = make_forecaster("recent").foresee(history, None, np.array([0.01]))
    young = a_snapshot(history=a_history(snapshot.rows, days=0.1))
    arguments = (outlook, Ledger.empty(snapshot.rows), Policies.uniform(Policy(), 1))
    assert decide(young, *arguments).admitted == ()
    assert len(decide(young, *arguments, guards=()).admitted) == 1


@pytest.mark.parametrize("rows", [1, 300])
def test_a_fleet_decides_like_each_of_its_containers(rows: int) -> None:
    pods = [a_pod(name=f"w{i}", workload=WorkloadKey("test", "shop", "Deployment", f"w{i:03}")) for i in range(rows)]
    cpu = np.linspace(10, 3000, rows)[:, None]
    history = a_history(rows_of(pods), cpu=cpu)
    together = decided(*pods, history=history)
    for i in (0, rows // 2, rows - 1):
        alone = decided(pods[i], history=a_history(rows_of([pods[i]]), cpu=cpu[i]))
        assert alone.sizes.target[:, 0].tolist() == together.sizes.target[:, i].tolist()
