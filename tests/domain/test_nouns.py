"""Pods and their class, policies as columns, slots, the ledger on other rows, errors that suggest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.builders import MIB, a_container, a_pod, rows_of, rows_of_names
from vpa_inplace.domain.amounts import UNKNOWN, UNSET, Amounts, encode
from vpa_inplace.domain.errors import ConfigError, UnknownName
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.oom import after_oom
from vpa_inplace.domain.pods import Container, ContainerKind, QosClass, qos_of
from vpa_inplace.domain.policy import CPU_RULE, Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Slots

FULL = Amounts(100, MIB)


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        pytest.param([(Amounts(), Amounts())], QosClass.BEST_EFFORT, id="nothing"),
        pytest.param([(Amounts(0, 0), Amounts(0, 0))], QosClass.BEST_EFFORT, id="zeros-are-nothing"),
        pytest.param([(FULL, FULL)], QosClass.GUARANTEED, id="requests-are-limits"),
        pytest.param([(Amounts(), FULL)], QosClass.GUARANTEED, id="absent-requests-become-the-limits"),
        pytest.param([(Amounts(50, MIB), FULL)], QosClass.BURSTABLE, id="one-request-below"),
        pytest.param([(Amounts(100), Amounts(100))], QosClass.BURSTABLE, id="one-resource-only"),
        pytest.param([(FULL, FULL), (Amounts(), Amounts())], QosClass.BURSTABLE, id="one-container-without"),
        pytest.param([(FULL, FULL), (FULL, FULL)], QosClass.GUARANTEED, id="all-containers-count"),
        pytest.param([(Amounts(), Amounts(memory=MIB))], QosClass.BURSTABLE, id="one-limit"),
    ],
)
def test_qos_of(containers: list[tuple[Amounts, Amounts]], expected: QosClass) -> None:
    made = tuple(Container(name=f"c{i}", requests=r, limits=limit) for i, (r, limit) in enumerate(containers))
    assert qos_of(made) is expected


def test_init_containers_count_for_the_class() -> None:
    init = Container(name="init", kind=ContainerKind.INIT)
    assert qos_of((Container(name="app", requests=FULL, limits=FULL), init)) is QosClass.BURSTABLE


@pytest.mark.parametrize(
    ("phase", "live"), [("Running", True), ("Pending", True), ("Succeeded", False), ("Failed", False)]
)
def test_live(phase: str, live: bool) -> None:
    assert a_pod(phase=phase).live is live


def test_not_set_unknown_and_zero_are_three_things() -> None:
    assert len({encode(None), UNKNOWN, encode(0)}) == 3
    assert encode(None) == UNSET


def test_policies_are_kept_once_and_read_per_row() -> None:
    plain, tight = Policy(), Policy(risk=0.001, max_resizes_per_day=None, cpu=replace(CPU_RULE, max_allowed=500))
    policies = Policies.of([plain, tight, plain])
    assert len(policies.distinct) == 2
    assert policies.risk.tolist() == [0.01, 0.001, 0.01]
    assert policies.max_resizes.tolist() == [8, np.inf, 8]
    assert policies.max_allowed[Resource.CPU].tolist() == [UNSET, 500, UNSET]
    assert policies[1] is tight


def test_policies_of_nobody() -> None:
    for policies in (Policies.uniform(Policy(), 0), Policies.of([])):
        assert policies.risk.shape == (0,)
        assert policies.controlled.shape == policies.quantum.shape == (2, 0)
        assert policies.controlled.dtype == np.bool_
        assert policies.quantum.dtype == policies.min_allowed.dtype == policies.max_allowed.dtype == np.int64


def test_slots_stand_in_the_order_of_the_pods() -> None:
    pods = (
        a_pod(a_container("b", cpu=1), a_container("a", cpu=2, memory=None, limits=Amounts(cpu=4))),
        a_pod(a_container("a", cpu=3), name="web-2"),
    )
    slots = Slots.of(pods, rows_of(pods))  # rows: a, b
    assert slots.row.tolist() == [1, 0, 0]
    assert slots.pod.tolist() == [0, 0, 1]
    assert slots.place.tolist() == [0, 1, 0]
    assert slots.request[Resource.CPU].tolist() == [1, 2, 3]
    assert slots.request[Resource.MEMORY].tolist() == [512 * MIB, UNSET, 512 * MIB]
    assert slots.limit[:, 1].tolist() == [4, UNSET]


def test_slots_of_nothing() -> None:
    assert Slots.of((), rows_of([])).request.shape == (2, 0)


def test_the_ledger_on_other_rows() -> None:
    ledger = replace(
        Ledger.empty(rows_of_names("a", "b")), at=5.0, spent=np.array([1.0, 2.0]), oom_floor=np.array([7, 8])
    )
    moved = ledger.on(rows_of_names("b", "c"))
    assert (moved.at, moved.spent.tolist(), moved.oom_floor.tolist()) == (5.0, [2.0, 0.0], [8, UNSET])
    assert ledger.on(rows_of_names("a", "b")).spent.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("had", "gets"), [(1000 * MIB, 1200 * MIB), (MIB, 101 * MIB), (0, 100 * MIB)])
def test_after_oom(had: int, gets: int) -> None:
    assert after_oom(had) == gets


def test_an_unknown_name_suggests_the_nearest() -> None:
    assert (
        str(UnknownName("forecaster", "recnt", ["vpa", "recent"]))
        == "unknown forecaster 'recnt': did you mean 'recent'?"
    )
    assert str(UnknownName("forecaster", "zzz", ["vpa", "recent"])) == "unknown forecaster 'zzz': known: recent, vpa"


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    error = ConfigError("a.yaml", ["x: wrong", "y: wrong too"])
    assert str(error) == "a.yaml: x: wrong; y: wrong too"
    assert error.mistakes == ("x: wrong", "y: wrong too")
