"""What the dials are told: sizes in force, not sizes asked for; demand that could be seen, and demand that could not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.builders import NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.pods import Container, Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.recommend.standing import Standing, since, standing, turned

ONE = Policies.uniform(Policy(), 1)
NAN = float("nan")


def of(*pods: Pod, used: float = 100.0, cut_off: bool = False, late: int = 0) -> Standing:
    """Usage is constant; ``late`` steps are missing at the end."""
    history = a_history(rows_of(pods), cpu=used)
    history.usage[:, :, history.usage.shape[2] - late :] = np.nan
    history.censored[Resource.CPU, :, -1] = cut_off
    return standing(a_snapshot(*pods, history=history), ONE)


def pods(*cpu: int | None) -> list[Pod]:
    return [a_pod(a_container(cpu=amount), name=f"web-{i}") for i, amount in enumerate(cpu)]


@pytest.mark.parametrize(
    ("cpu", "asked"),
    [
        pytest.param((300,), 300, id="one-pod"),
        pytest.param((300, 300, 9000), 300, id="a-large-one-among-equals"),
        pytest.param((100, 300, 300), 300, id="a-small-one-among-equals"),
        pytest.param((100, 300), 100, id="of-two-the-smaller"),
        pytest.param((None, 300), 300, id="one-without-a-request"),
        pytest.param((None,), NAN, id="no-request-at-all"),
    ],
)
def test_the_pod_in_the_middle_speaks(cpu: tuple[int | None, ...], asked: float) -> None:
    np.testing.assert_array_equal(of(*pods(*cpu)).asked, [asked])


@pytest.mark.parametrize(
    ("container", "in_force"),
    [
        pytest.param(a_container(cpu=500), 500, id="only-the-spec-is-known"),
        pytest.param(a_container(cpu=500, allocated=Amounts(400)), 400, id="set-aside"),
        pytest.param(
            a_container(cpu=500, allocated=Amounts(400), actual_requests=Amounts(300)), 300, id="running-with"
        ),
        pytest.param(a_container(cpu=500, actual_requests=Amounts(memory=1)), 500, id="told-of-memory-alone"),
    ],
)
def test_what_is_in_force_is_what_the_kubelet_says(container: Container, in_force: float) -> None:
    found = of(a_pod(container))
    assert (found.asked.tolist(), found.in_force.tolist()) == ([500], [in_force])


@pytest.mark.parametrize(
    ("used", "mark", "cut_off"),
    [
        pytest.param(500, True, True, id="throttled-at-the-size"),
        pytest.param(524, True, True, id="and-measured-a-little-above-it"),
        pytest.param(526, True, False, id="far-above-it-was-seen-after-all"),
        pytest.param(500, False, False, id="not-throttled"),
    ],
)
def test_demand_that_cannot_be_seen(used: float, mark: bool, cut_off: bool) -> None:
    assert of(a_pod(a_container(cpu=500)), used=used, cut_off=mark).cut_off.tolist() == [cut_off]


@pytest.mark.parametrize(("late", "newest"), [(0, 100), (3, 100), (4, NAN)])
def test_old_samples_say_nothing(late: int, newest: float) -> None:
    # stale after 15 minutes: three steps of five
    np.testing.assert_array_equal(of(a_pod(), late=late).newest, [newest])


@pytest.mark.parametrize(
    ("now", "counted", "price"),
    [
        # relative to the promise: short is 1 / 0.01 - 1 = 99, not short is -1; the gain is 0.6 a day, a tick 1/288 of it
        pytest.param({"newest": 501.0}, True, 0.6 * 99 / 288, id="short"),
        pytest.param({"newest": 500.0}, True, -0.6 / 288, id="fits-exactly"),
        pytest.param({"newest": 500.0, "cut_off": True}, True, 0.6 * 99 / 288, id="throttled-is-short"),
        pytest.param({"newest": NAN}, True, 0.0, id="unseen"),
        pytest.param({"in_force": NAN}, True, 0.0, id="no-pod"),
        pytest.param({"newest": 501.0}, False, 0.0, id="somebody-else-set-the-size"),
    ],
)
def test_the_price_of_shortage(now: dict[str, float], counted: bool, price: float) -> None:
    here = {"asked": 500.0, "in_force": 500.0, "newest": 100.0, "cut_off": False} | now
    stands = Standing(**{name: np.array([value]) for name, value in here.items()})
    after = turned(Ledger.empty(rows_of([a_pod()])), stands, ONE, np.array([counted]), 300.0)
    assert after.dials is not None
    assert after.dials.shortage[0] == pytest.approx(price)


def test_a_resize_is_counted_when_it_is_in_force() -> None:
    ledger, counted = Ledger.empty(rows_of([a_pod()])), np.array([True])
    resize = []
    for allocated in (500, 500, 300, 300):
        now = of(a_pod(a_container(cpu=300, allocated=Amounts(allocated))))
        ledger = turned(ledger, now, ONE, counted, 300.0)
        assert ledger.dials is not None
        resize.append(float(ledger.dials.resize[0]))
    first, second, third, fourth = np.diff([np.log(0.2), *resize])
    # none of 8 a day: the price falls by 0.5 a day; one in a tick is 288 a day, 36 of the budget: + 0.5 * 35
    np.testing.assert_allclose([first, second, third, fourth], np.array([-1, -1, 35, -1]) * 0.5 / 288)


@pytest.mark.parametrize(
    ("at", "seconds"),
    [(-np.inf, 0), (-300, 300), (0, 0), (60, 0), pytest.param(-90000, 3600, id="a-long-pause-teaches-an-hour")],
)
def test_seconds_since_the_last_tick(at: float, seconds: float) -> None:
    now = NOON.timestamp()
    assert since(replace(Ledger.empty(rows_of([])), at=now + at), now) == seconds
