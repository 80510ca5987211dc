"""Sizes: from ceilings to targets, floors, caps and bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, a_history, a_snapshot
from vpa_inplace.domain.amounts import UNKNOWN
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import CPU_RULE, MEMORY_RULE, Policies, Policy, ResourceRule
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.forecast import Outlook
from vpa_inplace.forecast.outlook import BLOCKS
from vpa_inplace.recommend import Sizes, Why, size

FREE_CPU = replace(CPU_RULE, min_allowed=None)
FREE_MEMORY = replace(MEMORY_RULE, min_allowed=None, peak_margin=None)


def an_outlook(cpu: object, memory: object = 100 * MIB, *, low: float = np.nan, high: float = np.nan) -> Outlook:
    """One row; ``cpu`` and ``memory`` are numbers or curves of the day. Bounds count for CPU."""
    ceiling = np.empty((2, 1, BLOCKS), np.float32)
    ceiling[0, 0], ceiling[1, 0] = cpu, memory
    bounds = [np.array([[x], [np.nan]], np.float32) for x in (low, high)]
    return Outlook(
        at=0,
        ceiling=ceiling,
        low=bounds[0],
        high=bounds[1],
        confidence=np.ones(1, np.float32),
        expert=np.zeros(1, np.uint8),
        experts=("test",),
    )


def sized(
    outlook: Outlook, cpu: ResourceRule = FREE_CPU, memory: ResourceRule = FREE_MEMORY, oom: int | None = None
) -> Sizes:
    snapshot = a_snapshot()
    ledger = Ledger.empty(snapshot.rows)
    if oom is not None:
        ledger = replace(ledger, oom_floor=np.array([oom]))
    return size(outlook, snapshot, Policies.uniform(Policy(cpu=cpu, memory=memory), 1), ledger)


MORNING = [100.0] * 2 + [400.0] * 3 + [50.0] * (BLOCKS - 5)


@pytest.mark.parametrize(
    ("ceiling", "rule", "target", "why"),
    [
        pytest.param(164.0, FREE_CPU, 164, Why.FORECAST, id="plain"),
        pytest.param(164.1, FREE_CPU, 165, Why.FORECAST, id="rounds-up"),
        pytest.param(164.0 * (1 + 1e-7), FREE_CPU, 164, Why.FORECAST, id="float-noise-does-not-round-up"),
        pytest.param(164.0, replace(FREE_CPU, quantum=100), 200, Why.FORECAST, id="to-the-quantum"),
        pytest.param(4.0, replace(FREE_CPU, min_allowed=10), 10, Why.MIN_ALLOWED, id="raised-to-min"),
        pytest.param(900.0, replace(FREE_CPU, max_allowed=500), 500, Why.MAX_ALLOWED, id="capped-to-max"),
        pytest.param(900.0, replace(FREE_CPU, min_allowed=700, max_allowed=500), 500, Why.MAX_ALLOWED, id="max-wins"),
        pytest.param(0.0, FREE_CPU, 0, Why.FORECAST, id="zero-is-a-number"),
        pytest.param(np.nan, FREE_CPU, UNKNOWN, Why.NO_DATA, id="nan-is-not-zero"),
        pytest.param(np.nan, replace(FREE_CPU, min_allowed=10), UNKNOWN, Why.NO_DATA, id="no-data-is-not-the-floor"),
        pytest.param(164.0, replace(FREE_CPU, controlled=False), UNKNOWN, Why.NOT_CONTROLLED, id="not-controlled"),
        pytest.param(MORNING, FREE_CPU, 100, Why.FORECAST, id="holds-one-hour"),
        pytest.param(
            MORNING, replace(FREE_CPU, hold=timedelta(hours=3)), 400, Why.FORECAST, id="sees-the-peak-in-its-hold"
        ),
        pytest.param(
            MORNING, replace(FREE_CPU, hold=timedelta(hours=2, minutes=1)), 400, Why.FORECAST, id="part-hours-count"
        ),
        pytest.param(
            MORNING, replace(FREE_CPU, hold=timedelta(days=9)), 400, Why.FORECAST, id="no-further-than-the-day"
        ),
    ],
)
def test_target_of_cpu(ceiling: object, rule: ResourceRule, target: int, why: Why) -> None:
    sizes = sized(an_outlook(ceiling), cpu=rule)
    assert (sizes.target[Resource.CPU, 0], sizes.why[Resource.CPU, 0]) == (target, why)


# The snapshot's history holds a peak of 200 MiB; the forecast asks for 100 MiB.
@pytest.mark.parametrize(
    ("rule", "oom", "target", "why"),
    [
        pytest.param(FREE_MEMORY, None, 100 * MIB, Why.FORECAST, id="forecast-alone"),
        pytest.param(
            replace(FREE_MEMORY, peak_margin=0.15), None, 230 * MIB, Why.PEAK_ON_RECORD, id="peak-plus-margin"
        ),
        pytest.param(FREE_MEMORY, 300 * MIB, 300 * MIB, Why.AFTER_OOM, id="after-oom"),
        pytest.param(
            replace(FREE_MEMORY, peak_margin=0.15), 90 * MIB, 230 * MIB, Why.PEAK_ON_RECORD, id="lower-oom-is-moot"
        ),
        pytest.param(
            replace(FREE_MEMORY, max_allowed=150 * MIB), 300 * MIB, 150 * MIB, Why.MAX_ALLOWED, id="max-beats-oom"
        ),
    ],
)
def test_floors_of_memory(rule: ResourceRule, oom: int | None, target: int, why: Why) -> None:
    sizes = sized(an_outlook(10.0), memory=rule, oom=oom)
    assert (sizes.target[Resource.MEMORY, 0], sizes.why[Resource.MEMORY, 0]) == (target, why)


def test_uncapped_target_ignores_the_caps() -> None:
    sizes = sized(an_outlook(900.0), cpu=replace(FREE_CPU, max_allowed=500))
    assert sizes.uncapped[Resource.CPU, 0] == 900


def test_no_peak_on_record_is_no_floor() -> None:
    snapshot = a_snapshot(history=a_history(a_snapshot().rows, memory=np.nan))
    policies = Policies.uniform(Policy(memory=replace(FREE_MEMORY, peak_margin=0.15)), 1)
    sizes = size(an_outlook(10.0), snapshot, policies, Ledger.empty(snapshot.rows))
    assert sizes.target[Resource.MEMORY, 0] == 100 * MIB


amounts = st.one_of(st.just(np.nan), st.floats(0, 1e6, width=32))


@given(
    amounts, amounts, amounts, st.one_of(st.none(), st.integers(0, 10**6)), st.one_of(st.none(), st.integers(0, 10**6))
)
def test_bounds_enclose_the_target_and_obey_the_policy(
    ceiling: float, low: float, high: float, least: int | None, most: int | None
) -> None:
    sizes = sized(an_outlook(ceiling, low=low, high=high), cpu=replace(FREE_CPU, min_allowed=least, max_allowed=most))
    lower, target, upper = (int(x[0, 0]) for x in (sizes.lower, sizes.target, sizes.upper))
    if np.isnan(ceiling):
        assert (lower, target, upper) == (UNKNOWN,) * 3
        return
    assert lower <= target <= upper
    assert most is None or upper <= most
    assert least is None or (most is not None and most < least) or lower >= least


def a_fleet(rows: int) -> Snapshot:
    from tests.support.builders import a_pod
    from vpa_inplace.domain.keys import WorkloadKey

    return a_snapshot(
        *(a_pod(name=f"p{i}", workload=WorkloadKey("test", "shop", "Deployment", f"w{i}")) for i in range(rows))
    )


def test_one_row_without_data_does_not_touch_the_others() -> None:
    snapshot = a_fleet(3)
    ceiling = np.full((2, 3, BLOCKS), 70.0, np.float32)
    ceiling[:, 1] = np.nan
    nothing = np.full((2, 3), np.nan, np.float32)
    outlook = replace(
        an_outlook(1.0), ceiling=ceiling, low=nothing, high=nothing, confidence=np.ones(3), expert=np.zeros(3, np.uint8)
    )
    sizes = size(outlook, snapshot, Policies.uniform(Policy(cpu=FREE_CPU), 3), Ledger.empty(snapshot.rows))
    assert sizes.target[Resource.CPU].tolist() == [70, UNKNOWN, 70]
