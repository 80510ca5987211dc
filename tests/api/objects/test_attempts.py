from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.objects.states import STATE
from tests.support.builders import NOON, WEB
from vpa_inplace.api.objects.attempts import attempt_of, recorded, refused, too_big
from vpa_inplace.api.objects.resize_state import AttemptRecord, RefusedSize, ResizeState
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, Phase, Step, TooBig
from vpa_inplace.domain.moves import Intent

AMOUNT = st.none() | st.integers(0, 2**62)
AMOUNTS = st.builds(Amounts, AMOUNT, AMOUNT)
EPOCH = st.integers(10**15, 4 * 10**15).map(lambda micro: datetime.fromtimestamp(micro // 10**6, UTC).timestamp())
STEPS = st.lists(
    st.builds(
        Step,
        container=st.sampled_from(["app", "proxy"]),
        old_requests=AMOUNTS,
        old_limits=AMOUNTS,
        requests=AMOUNTS,
        limits=AMOUNTS,
    ),
    max_size=2,
    unique_by=lambda step: step.container,
).map(tuple)
ATTEMPTS = st.builds(
    Attempt,
    workload=st.just(WEB),
    pod=st.just("web-1"),
    uid=st.uuids().map(str),
    intent=st.sampled_from(Intent),
    steps=STEPS,
    began=EPOCH,
    since=EPOCH,
    phase=st.sampled_from(Phase),
    generation=st.none() | st.integers(1, 2**40),
    restarts=st.integers(0, 1000),
    message=st.text("ab ", max_size=20),
)


@given(ATTEMPTS)
def test_an_attempt_written_down_and_read_is_the_same(attempt: Attempt) -> None:
    record = AttemptRecord.read(recorded(attempt).written())
    assert attempt_of(record, WEB) == attempt


def test_times_are_kept_to_the_microsecond() -> None:
    attempt = attempt_of(ResizeState.read(STATE).spec.attempts[0], WEB)
    assert attempt.began == NOON.timestamp() - 600 + 0.25


@given(
    st.builds(
        TooBig,
        workload=st.just(WEB),
        container=st.just("app"),
        node=st.just("node-1"),
        requests=AMOUNTS,
        at=EPOCH,
        message=st.just("no room"),
    )
)
def test_a_refused_size_written_down_and_read_is_the_same(size: TooBig) -> None:
    assert too_big(RefusedSize.read(refused(size).written()), WEB) == size


@pytest.mark.parametrize(("index", "known"), [(0, True), (1, False)])
def test_sizes_refused_otherwise_are_no_nodes(index: int, known: bool) -> None:
    assert (too_big(ResizeState.read(STATE).spec.refused[index], WEB) is not None) == known
