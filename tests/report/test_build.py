from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.report.scene import document, reported, scene, workload
from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Slots
from vpa_inplace.drive.once import decide_once
from vpa_inplace.forecast import make_forecaster
from vpa_inplace.history import evidence_of
from vpa_inplace.observe.source import Observation
from vpa_inplace.report.build import build
from vpa_inplace.report.document import SCHEMA


def test_the_head_says_when_of_what_and_how() -> None:
    report = document()
    assert (report.schema, report.cluster, report.forecaster) == (SCHEMA, "test", "recent")
    assert (report.generated_at, report.curve_start, report.curve_block_seconds) == (NOON, NOON, 3600)
    assert report.profiles == ("default",)


def test_it_is_pure() -> None:
    first, second = (build(*scene(), cluster="test", forecaster_name="recent") for _ in range(2))
    assert msgspec.json.encode(first) == msgspec.json.encode(second)


def test_rescues_come_first_then_the_largest_change_a_core_being_worth_8_gib() -> None:
    names = ("none", "rescue", "core", "memory")
    history = a_history(
        rows_of([a_pod(workload=workload(name)) for name in names]),
        # rows are sorted by name: core, memory, none, rescue
        cpu=np.array([[100], [100], [100], [100]], np.float32),
        memory=np.array([[200], [200], [200], [200]], np.float32) * MIB,
    )
    sizes = {
        "none": (115, 230),
        "rescue": (95, 230),  # 20m too little, and in use
        "core": (1115, 230),  # one core too much
        "memory": (115, 230 + 9 * 1024),  # 9 GiB too much: worth more than a core
    }
    pods = [
        a_pod(a_container(cpu=cpu, memory=memory * MIB), name=name, workload=workload(name))
        for name, (cpu, memory) in sizes.items()
    ]
    assert [row.workload for row in reported(*pods, history=history).rows] == ["rescue", "memory", "core", "none"]


def test_summary_counts_pods_once_and_lists_what_was_skipped() -> None:
    pods = [a_pod(a_container(), a_container("b"), name=f"web-{i}") for i in range(2)]
    summary = reported(*pods, skips=(Skip("x", "Odd", "odd"),)).summary
    assert (summary.containers, summary.workloads, summary.pods, summary.skipped) == (2, 1, 2, 1)
    assert summary.moves.by_intent == {"shrink": 2}  # one move a pod
    assert summary.cpu.current == 4 * 500


def test_what_is_held_back_is_not_saved_now() -> None:
    young = reported(a_pod(), history=a_history(rows_of([a_pod()]), days=0.1)).summary
    assert (young.cpu.delta, young.cpu.admitted_delta) == (-385, 0)
    assert (young.moves.refused, young.moves.by_refusal) == (1, {"NotEnoughHistory": 1})


def test_an_empty_cluster_has_a_report() -> None:
    history = a_history(rows_of([]))
    snapshot = replace(a_snapshot(), pods=(), rows=history.rows, slots=Slots.of((), history.rows))
    snapshot = replace(snapshot, evidence=evidence_of(history, snapshot.epoch))
    observation = Observation(snapshot=snapshot, history=history)
    decision = decide_once(observation, make_forecaster("recent"), Policies.uniform(Policy(), 0))
    report = build(decision, observation, cluster="test", forecaster_name="recent")
    assert (report.rows, report.summary.containers, report.summary.cpu.delta) == ((), 0, 0)


def test_cleaned_reasons_without_a_sample_are_left_out() -> None:
    assert reported(a_pod(), cleaned={"Negative": 0, "CounterReset": 3}).cleaned == {"CounterReset": 3}


SIZES = st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 2**34)), min_size=1, max_size=5)


@given(SIZES)
def test_totals_are_the_moves_and_nothing_else(sizes: Sequence[tuple[int, int]]) -> None:
    """Law: what the summary promises is the sum of what the moves change, per resource, admitted ones apart."""
    pods = [a_pod(a_container(cpu=cpu, memory=memory), name=f"web-{i}") for i, (cpu, memory) in enumerate(sizes)]
    report = reported(*pods)
    for resource in Resource:
        fleet = report.summary.of(resource)
        for delta, moves in (
            (fleet.delta, report.moves),
            (fleet.admitted_delta, [move for move in report.moves if move.admitted]),
        ):
            steps = [s for m in moves for s in m.steps if s.field == "requests" and s.resource == resource.key]
            assert delta == sum((s.after.amount or 0) - (s.before.amount or 0) for s in steps)
        assert fleet.recommended == fleet.current + fleet.delta
        assert fleet.current == sum(row.of(resource).total.current for row in report.rows)
