from __future__ import annotations

import json

import numpy as np
import pytest

from tests.report.scene import a_day, scene, workload
from tests.support.builders import MIB, NOON, a_container, a_history, a_key, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.errors import UnknownName
from vpa_inplace.domain.keys import ContainerKey
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.drive.once import decide_once
from vpa_inplace.forecast import make_forecaster
from vpa_inplace.history import History
from vpa_inplace.observe.source import Observation
from vpa_inplace.report.explain import BUCKET, PAST, Explanation, explain, explain_json

WEB = ContainerKey(workload("web"), "app")


def explained(*pods: Pod, history: History | None = None, policy: Policy | None = None) -> Explanation:
    snapshot = a_snapshot(*pods, history=history)
    history = a_history(snapshot.rows) if history is None else history
    observation = Observation(snapshot=snapshot, history=history)
    policies = Policies.uniform(policy or Policy(), len(snapshot.rows))
    return explain(decide_once(observation, make_forecaster("recent"), policies), observation, a_key())


def test_every_stage_hands_its_number_on() -> None:
    explanation = explained(a_pod(a_container(cpu=500, memory=512 * MIB)))
    cpu, memory = explanation.cpu, explanation.memory
    # 100m and 200 MiB, 15 % on top; CPU has to hold an hour, memory a day at its peak on record
    assert (cpu.hold_seconds, cpu.demand, cpu.peak_floor, cpu.quantum, cpu.min_allowed) == (3600, 115, None, 1, 10)
    assert (memory.hold_seconds, memory.demand, memory.quantum) == (86400, 230 * MIB, MIB)
    assert memory.peak_floor == pytest.approx(230 * MIB, rel=1e-6)
    assert (memory.oom_floor, memory.oom, memory.max_allowed) == (None, None, None)
    assert explanation.row.cpu.recommended.amount == 115
    assert (explanation.resizes_per_day, explanation.resizes_left) == (8, 7)  # this shrink spends one


def test_the_past_is_the_last_two_days_in_half_hours() -> None:
    usage = np.full(3 * 288, 100.0)
    usage[-1] = 160  # the newest step only
    past = explained(a_pod(), history=a_history(rows_of([a_pod()]), cpu=usage)).cpu.past
    assert (len(past.maxima), past.bucket_seconds) == (PAST // BUCKET, 1800)
    assert past.maxima[-2:] == (100, 160)
    assert past.start.timestamp() == NOON.timestamp() - PAST


def test_what_lies_before_the_first_sample_is_a_gap() -> None:
    past = explained(a_pod(), history=a_history(rows_of([a_pod()]), days=1)).cpu.past
    assert past.maxima[:48] == (None,) * 48
    assert None not in past.maxima[48:]


def test_it_does_not_look_ahead() -> None:
    """Samples after the snapshot's now are not in the past that is shown."""
    rows = rows_of([a_pod()])
    usage = np.full(3 * 288, 100.0)
    later = History.of(
        rows,
        start=int(NOON.timestamp()) - 2 * 86400,
        step=300,
        usage=np.stack([np.where(np.arange(3 * 288) < 2 * 288, usage, 9999)[None]] * 2).astype(np.float32),
    )
    snapshot = a_snapshot(a_pod(), history=later.until(NOON))
    observation = Observation(snapshot=snapshot, history=later)
    decision = decide_once(observation, make_forecaster("recent"), Policies.uniform(Policy(), 1))
    assert set(explain(decision, observation, a_key()).cpu.past.maxima) == {100}


def test_throttled_steps_are_counted() -> None:
    rows = rows_of([a_pod()])
    history = a_history(rows)
    censored = np.zeros(history.usage.shape, bool)
    censored[0, 0, :7] = True
    marked = History.of(rows, start=history.start, step=history.step, usage=history.usage, censored=censored)
    explanation = explained(a_pod(), history=marked)
    assert (explanation.cpu.throttled_steps, explanation.memory.throttled_steps) == (7, 0)


def test_no_budget_is_null_not_infinite() -> None:
    explanation = explained(a_pod(), policy=Policy(max_resizes_per_day=None))
    assert (explanation.resizes_per_day, explanation.resizes_left) == (None, None)
    assert json.loads(explain_json(explanation))["resizesLeft"] is None


def test_skips_of_the_workload_come_along_others_do_not() -> None:
    explanation = explain(*scene(), WEB)
    assert [skip.what for skip in explanation.skips] == ["test/shop/Deployment/web/migrate"]


def test_a_container_without_a_live_pod_is_explained_from_its_history() -> None:
    gone = a_pod(name="old", workload=workload("old"))
    history = a_history(rows_of([a_pod(), gone]), cpu=a_day(40, 160))
    snapshot = a_snapshot(a_pod(), history=history)
    observation = Observation(snapshot=snapshot, history=history)
    decision = decide_once(observation, make_forecaster("recent"), Policies.uniform(Policy(), 2))
    explanation = explain(decision, observation, ContainerKey(workload("old"), "app"))
    assert (explanation.row.pods, explanation.cpu.limit_rule) == (0, "no live pod")
    assert explanation.row.cpu.target.amount is not None


def test_an_unknown_container_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'test/shop/Deployment/web/app'"):
        explain(*scene(), ContainerKey(workload("wep"), "app"))


def test_as_json_it_is_complete_and_versioned() -> None:
    data = json.loads(explain_json(explain(*scene(), WEB)))
    assert data["schema"] == "vpa-inplace.explain/v1"
    assert data["key"] == "test/shop/Deployment/web/app"
    assert len(data["row"]["cpu"]["curve"]) == 24
    assert len(data["cpu"]["past"]["maxima"]) == 96
