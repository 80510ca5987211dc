"""Who moves, with which intent, in which order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.builders import MIB, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.amounts import UNKNOWN, Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Intent, Move
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.plan import plan
from vpa_inplace.recommend import Sizes


def planned(
    pods: list[Pod], cpu: list[int], memory: list[int], *, lower: list[int] | None = None, used: float = 1.0
) -> list[Move]:
    """Moves towards these targets per row (rows sorted by key); live CPU usage is ``used`` millicores."""
    rows = rows_of(pods)
    snapshot = a_snapshot(*pods, history=a_history(rows, cpu=used, memory=1.0))
    target = np.array([cpu, memory])
    bottom = np.zeros_like(target) if lower is None else np.array([lower, [0] * len(lower)])
    sizes = Sizes(target=target, lower=bottom, upper=target, uncapped=target, why=np.zeros(target.shape, np.uint8))
    return plan(sizes, snapshot, Ledger.empty(rows), Policies.uniform(Policy(), len(rows)))


@pytest.mark.parametrize(
    ("request_", "target", "lower", "used", "intent"),
    [
        pytest.param(500, 549, 0, 1, None, id="inside-the-band"),
        pytest.param(500, 550, 0, 1, Intent.GROW, id="at-the-band"),
        pytest.param(500, 451, 0, 1, None, id="inside-the-band-below"),
        pytest.param(500, 450, 0, 1, Intent.SHRINK, id="at-the-band-below"),
        pytest.param(500, 520, 510, 1, Intent.GROW, id="below-lower-bound-grows-inside-the-band"),
        pytest.param(500, 600, 0, 501, Intent.RESCUE, id="usage-above-the-size"),
        pytest.param(500, 600, 0, 500, Intent.GROW, id="usage-at-the-size"),
        pytest.param(None, 1, 0, 900, Intent.GROW, id="no-request-yet-is-no-overrun"),
        pytest.param(500, UNKNOWN, UNKNOWN, 900, None, id="unknown-never-moves"),
        pytest.param(0, 1, 0, 1, Intent.RESCUE, id="zero-is-a-request"),
        pytest.param(500, 0, 0, 1, Intent.SHRINK, id="to-zero"),
    ],
)
def test_intent_of_cpu(request_: int | None, target: int, lower: int, used: float, intent: Intent | None) -> None:
    pod = a_pod(a_container(cpu=request_, memory=100 * MIB))
    moves = planned([pod], [target], [100 * MIB], lower=[lower], used=used)
    assert [move.intent for move in moves] == ([] if intent is None else [intent])


def test_both_directions_are_two_moves_growth_first() -> None:
    pod = a_pod(a_container(cpu=500, memory=100 * MIB))
    first, second = planned([pod], [800], [50 * MIB])
    assert (first.intent, second.intent) == (Intent.GROW, Intent.SHRINK)
    assert (first.changes[0].requests, second.changes[0].requests) == (Amounts(cpu=800), Amounts(memory=50 * MIB))


def test_one_move_takes_all_containers_of_the_pod_that_go_its_way() -> None:
    pod = a_pod(a_container("app", cpu=500), a_container("proxy", cpu=100), a_container("steady", cpu=300))
    (move,) = planned([pod], [900, 200, 300], [512 * MIB] * 3)
    assert [c.container for c in move.changes] == ["app", "proxy"]


def test_all_pods_of_a_role_get_the_same_size() -> None:
    pods = [a_pod(a_container(cpu=cpu), name=f"web-{cpu}") for cpu in (500, 700)]
    moves = planned(pods, [1000], [512 * MIB])
    assert [(m.pod.name, m.changes[0].requests.cpu) for m in moves] == [("web-500", 1000), ("web-700", 1000)]


def test_most_urgent_first() -> None:
    def pod(name: str, cpu: int) -> Pod:
        return a_pod(a_container(cpu=cpu), name=name, workload=WorkloadKey("test", "shop", "Deployment", name))

    moves = planned([pod("a", 900), pod("b", 400), pod("c", 100)], [500, 500, 500], [512 * MIB] * 3, used=200)
    assert [(m.pod.name, m.intent) for m in moves] == [("c", Intent.RESCUE), ("b", Intent.GROW), ("a", Intent.SHRINK)]


def test_budget_of_the_poorest_container() -> None:
    pod = a_pod(a_container("app", cpu=500), a_container("proxy", cpu=500))
    rows = rows_of([pod])
    snapshot = a_snapshot(pod, history=a_history(rows))
    target = np.array([[100, 100], [512 * MIB] * 2])
    sizes = Sizes(target=target, lower=target * 0, upper=target, uncapped=target, why=np.zeros((2, 2), np.uint8))
    ledger = replace(Ledger.empty(rows), spent=np.array([1.0, 6.5]))
    (move,) = plan(sizes, snapshot, ledger, Policies.uniform(Policy(max_resizes_per_day=8), 2))
    assert move.budget_left == 1.5
