"""A tick's figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.drive.status.scenes import ACTING, a_decision, a_workload, in_force
from tests.support.builders import MIB, WEB, a_history, a_pod, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, Phase
from vpa_inplace.domain.moves import Change, Intent, Move, Refusal, Verdict
from vpa_inplace.domain.policy import Policy, UpdateMode
from vpa_inplace.domain.surroundings import Capability, Surroundings
from vpa_inplace.drive.status import Watch, status_of, watches
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kinds import KINDS
from vpa_inplace.observe.kubernetes.store import State, View

STALE = Refusal("StaleUsage", "it is an hour old", "a newer sample")
LOW = Refusal("LowCoverage", "half of it is missing", "more samples")
CHANGE = Change("app", 0, Amounts(500), Amounts(), Amounts(200), Amounts())


def a_verdict(*refusals: Refusal, intent: Intent = Intent.SHRINK) -> Verdict:
    return Verdict(Move(a_pod(), intent, (CHANGE,), 8.0), refusals)


def an_attempt(phase: Phase, uid: str = "u", intent: Intent = Intent.SHRINK) -> Attempt:
    return Attempt(workload=WEB, pod="web-1", uid=uid, intent=intent, steps=(), began=0.0, since=0.0, phase=phase)


def shown(decision=None, **more):
    return status_of(a_decision() if decision is None else decision, at=0.0, **more)


def test_refusals_count_moves_each_reason_once_a_move():
    verdicts = (a_verdict(), a_verdict(STALE), a_verdict(STALE, LOW), a_verdict(LOW, LOW, intent=Intent.GROW))
    status = shown(a_decision(verdicts=verdicts))
    assert status.refusals == {"StaleUsage": 2, "LowCoverage": 2}
    assert status.held == {Intent.SHRINK: 2, Intent.GROW: 1}


def test_attempts_by_phase():
    decision = a_decision()
    attempts = (an_attempt(Phase.DEFERRED), an_attempt(Phase.SOAKING), an_attempt(Phase.SOAKING))
    status = shown(replace(decision, ledger=replace(decision.ledger, attempts=attempts)))
    assert status.attempts == {Phase.DEFERRED: 1, Phase.SOAKING: 2}


def test_modes_count_roles_not_pods():
    pods = [
        a_pod(in_force(), name=name, workload=a_workload(workload))
        for name, workload in (("a-1", "a"), ("a-2", "a"), ("b-1", "b"))
    ]
    status = shown(a_decision(*pods, policies={"a": ACTING, "b": Policy()}))
    assert status.roles == {UpdateMode.IN_PLACE: 1, UpdateMode.OFF: 1}
    assert status.pods == 3


def test_age_of_usage_is_that_of_the_newest_sample_and_stale_ones_are_counted():
    pods = [a_pod(in_force(), name=name, workload=a_workload(name)) for name in ("a", "b", "c")]
    rows = rows_of(pods)
    cpu = np.full((3, 288), 100.0)
    cpu[0, -4:] = np.nan  # 20 min old: more than the 15 that the policy allows
    cpu[1, -3:] = np.nan  # 15 min old
    cpu[2, -1:] = np.nan  # 5 min old
    history = a_history(rows, cpu, np.nan, days=1)
    status = shown(a_decision(*pods, history=history, policies=dict.fromkeys("abc", ACTING)))
    assert_array_equal(status.usage_age, [300, np.inf])
    assert_array_equal(status.stale, [1, 3])
    assert status.usage_seen


def test_no_usage_at_all_is_seen_as_such():
    rows = rows_of([a_pod()])
    assert not shown(a_decision(history=a_history(rows, np.nan, np.nan))).usage_seen


@pytest.mark.parametrize(
    ("around", "paused", "braked"),
    [
        pytest.param(Surroundings(), False, False, id="all-is-well"),
        pytest.param(Surroundings(paused="by ann: test"), True, False, id="kill-switch"),
        pytest.param(Surroundings(braked="3 of 10 were undone"), False, True, id="brake"),
    ],
)
def test_what_stops_the_fleet(around, paused, braked):
    decision = a_decision()
    status = shown(replace(decision, snapshot=replace(decision.snapshot, around=around)))
    assert (status.paused, status.braked) == (paused, braked)


def test_a_missing_capability_is_shown():
    around = Surroundings(capability=Capability(resize=False, reason="the server has none"))
    decision = a_decision()
    status = shown(replace(decision, snapshot=replace(decision.snapshot, around=around)))
    assert (status.capability.resize, status.capability.patch) == (False, True)


def test_nothing_of_the_snapshot_is_kept_that_a_later_tick_could_change():
    """A status is read while the next tick runs: its columns are its own."""
    decision = a_decision(a_pod(in_force(500)))
    status = shown(decision)
    decision.snapshot.slots.request[:] = 1
    decision.outlook.ceiling[:] = 1
    decision.sizes.target[:] = 1
    amounts = {name: column.tolist() for name, column in status.sizes.amounts.items()}
    assert amounts["desired"] == [[500], [512 * MIB]]
    assert amounts["ceiling"] == [[100], [100]]
    assert 1 not in amounts["target"][0]


def test_watches_by_kind():
    pod, node = KINDS[:2]
    views = Views({pod: View(state=State.LIVE, age=3.0), node: View(state=State.BROKEN, age=700.0)})
    assert watches(views) == {"Pod": Watch(State.LIVE, 3.0), "Node": Watch(State.BROKEN, 700.0)}
