"""Rows: every state of a request, the reasons, the words for severity, the guards, skew between pods."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pytest

from tests.report.scene import reported, workload
from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, rows_of
from vpa_inplace.domain.amounts import UNKNOWN, UNSET, Amounts
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.pods import ContainerKind
from vpa_inplace.domain.policy import ControlledValues, Policy
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast import Beliefs, Outlook
from vpa_inplace.forecast.curves import Curves
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.history import History
from vpa_inplace.report.document import Action, Amount, Figures, Row, Severity, State
from vpa_inplace.report.rows import amount, severity

CPU, MEMORY = Resource


def only_row(*args: object, **more: object) -> Row:
    (row,) = reported(*args, **more).rows  # type: ignore[arg-type]
    return row


def cpu_of(*args: object, **more: object) -> Figures:
    return only_row(*args, **more).cpu


@pytest.mark.parametrize(
    ("value", "state", "quantity"),
    [
        pytest.param(UNSET, State.UNSET, None, id="unset"),
        pytest.param(UNKNOWN, State.UNKNOWN, None, id="unknown"),
        pytest.param(0, State.SET, "0", id="zero"),
        pytest.param(1500, State.SET, "1500m", id="set"),
    ],
)
def test_unset_unknown_and_zero_are_three_things(value: int, state: State, quantity: str | None) -> None:
    assert amount(value, CPU) == Amount(state=state, amount=max(value, 0) if quantity else None, quantity=quantity)


@pytest.mark.parametrize(
    ("request_", "target", "resource", "word"),
    [
        pytest.param(1000, 500, CPU, Severity.CRITICAL, id="half-a-core"),
        pytest.param(1000, 501, CPU, Severity.WARNING, id="just-below"),
        pytest.param(500, 750, CPU, Severity.WARNING, id="either-direction"),
        pytest.param(500, 400, CPU, Severity.OK, id="tenth-of-a-core"),
        pytest.param(500, 401, CPU, Severity.GOOD, id="near"),
        pytest.param(700 * MIB, 200 * MIB, MEMORY, Severity.CRITICAL, id="500-mib"),
        pytest.param(300 * MIB, 200 * MIB, MEMORY, Severity.OK, id="100-mib"),
        pytest.param(UNSET, 10, CPU, Severity.WARNING, id="unset-is-at-least-a-warning"),
        pytest.param(UNSET, 900, CPU, Severity.CRITICAL, id="unset-and-much-needed"),
        pytest.param(500, UNKNOWN, CPU, Severity.UNKNOWN, id="unknown"),
    ],
)
def test_severity_is_krrs(request_: int, target: int, resource: Resource, word: Severity) -> None:
    assert severity(request_, target, resource) is word


def test_a_shrink() -> None:
    # 100m and 200 MiB of use, 15 % margin: 115m and 230 MiB; three pods
    pods = [a_pod(a_container(cpu=500, memory=230 * MIB), name=f"web-{i}") for i in range(3)]
    row = only_row(*pods)
    assert (row.pods, row.cpu.request.amount, row.cpu.recommended.quantity) == (3, 500, "115m")
    assert (row.cpu.delta, row.cpu.total.current, row.cpu.total.recommended, row.cpu.total.delta) == (
        -385,
        1500,
        345,
        -1155,
    )
    assert (row.cpu.action, row.cpu.severity, row.cpu.note) == (Action.SHRINK, Severity.WARNING, None)
    assert (row.memory.action, row.memory.delta, row.memory.severity) == (Action.KEEP, 0, Severity.GOOD)
    assert (row.cpu.why.code, row.cpu.why.message) == ("Forecast", "recent: up to 115m within 1 h")
    assert row.cpu.curve == (115,) * 24


def test_the_dead_band_keeps_and_says_so() -> None:
    figures = cpu_of(a_pod(a_container(cpu=120)))  # 115 is 4 % away
    assert (figures.action, figures.recommended.amount, figures.delta) == (Action.KEEP, 120, 0)
    assert (figures.note, figures.severity) == ("115m is within the dead band of 10 %", Severity.GOOD)


def test_starving_is_critical_however_little_is_missing() -> None:
    figures = cpu_of(a_pod(a_container(cpu=90)))
    assert (figures.action, figures.delta, figures.severity) == (Action.RESCUE, 25, Severity.CRITICAL)


def test_what_grows_along_with_a_rescue_is_not_starving() -> None:
    # CPU is above its request; memory uses 200 of 205 MiB and should have 230
    row = only_row(a_pod(a_container(cpu=90, memory=205 * MIB)))
    assert (row.cpu.action, row.memory.action) == (Action.RESCUE, Action.GROW)
    assert [judged.intent for judged in row.verdicts] == ["rescue"]


def test_an_unset_request_is_given_one_and_counts_as_zero_in_totals() -> None:
    figures = cpu_of(a_pod(a_container(cpu=None)))
    assert (figures.request.state, figures.recommended.amount, figures.delta) == (State.UNSET, 115, 115)
    assert (figures.total.current, figures.severity) == (0, Severity.WARNING)


def test_without_data_nothing_is_known_but_what_stands_there() -> None:
    history = a_history(rows_of([a_pod()]), cpu=np.nan, memory=np.nan)
    limited = a_container(cpu=500, limits=Amounts(cpu=1000))
    figures = cpu_of(a_pod(limited), history=history)
    assert figures.action is Action.UNKNOWN
    assert {x.state for x in (figures.recommended, figures.recommended_limit, figures.target)} == {State.UNKNOWN}
    assert (figures.delta, figures.total.delta, figures.usage.newest) == (None, 0, None)
    assert set(figures.curve) == {None}
    assert figures.why.message == "no usage samples"


def test_a_limit_that_is_not_set_is_not_unknown_without_data_either() -> None:
    history = a_history(rows_of([a_pod()]), cpu=np.nan, memory=np.nan)
    assert cpu_of(a_pod(), history=history).recommended_limit.state is State.UNSET


def test_usage_that_ended_long_ago_is_told_from_none() -> None:
    usage = np.full(3 * 288, 100.0)
    usage[288:] = np.nan  # the last two days are silent
    figures = cpu_of(a_pod(), history=a_history(rows_of([a_pod()]), cpu=usage))
    assert figures.why.message == "no usage samples in the last day"
    assert (figures.usage.peak, figures.usage.newest, figures.usage.age_seconds) == (100, None, None)


@pytest.mark.parametrize(
    ("rule", "use", "code", "message"),
    [
        pytest.param({"min_allowed": 300}, 100.0, "MinAllowed", "minAllowed 300m, need is 115m", id="min"),
        pytest.param({"max_allowed": 100}, 100.0, "MaxAllowed", "maxAllowed 100m, need is 115m", id="max"),
        pytest.param({"controlled": False}, 100.0, "NotControlled", "cpu is not among controlledResources", id="off"),
        pytest.param({"hold": timedelta(hours=6)}, 100.0, "Forecast", "recent: up to 115m within 6 h", id="hold"),
        pytest.param({"peak_margin": 0.3}, 100.0, "PeakOnRecord", "peak on record 100m + 30 %", id="peak"),
    ],
)
def test_why(rule: dict[str, object], use: float, code: str, message: str) -> None:
    base = Policy()
    policy = replace(base, cpu=replace(base.cpu, **rule))  # type: ignore[arg-type]
    figures = cpu_of(a_pod(), history=a_history(rows_of([a_pod()]), cpu=use), policy=policy)
    assert (figures.why.code, figures.why.message) == (code, message)


def test_after_an_oom_kill_the_sentence_names_it_and_its_end() -> None:
    killed = NOON - timedelta(days=1)
    # killed at 512 MiB: the larger of 1.2 x 512 = 614.4 and 512 + 100 = 612 MiB; held a week
    figures = only_row(a_pod(a_container(memory=512 * MIB, last_oom=killed))).memory
    assert figures.why.code == "AfterOom"
    assert figures.why.message == "OOM kill on Mar 01 12:00: at least 614Mi until Mar 08"
    assert figures.recommended.amount == 615 * MIB


def test_guaranteed_memory_only_grows_and_the_note_says_so() -> None:
    row = only_row(a_pod(a_container(cpu=500, memory=512 * MIB, limits=Amounts(500, 512 * MIB))))
    assert (row.memory.action, row.memory.recommended.quantity) == (Action.KEEP, "512Mi")
    assert row.memory.note == "target 230Mi, but Guaranteed memory only grows"
    # what is wasted is still told: 282 MiB are a warning
    assert row.memory.severity is Severity.WARNING
    assert (row.cpu.recommended.amount, row.cpu.recommended_limit.amount) == (115, 115)


def test_requests_only_stop_at_the_limit() -> None:
    policy = Policy(controlled_values=ControlledValues.REQUESTS_ONLY)
    row = only_row(a_pod(a_container(cpu=80, limits=Amounts(cpu=80))), policy=policy)
    assert row.cpu.note == "target 115m, but RequestsOnly leaves the limit alone"
    assert row.cpu.recommended_limit == row.cpu.limit


@dataclass(frozen=True)
class Certain(Recent):
    """The simple rule, but sure of CPU: 100m in the coming hour, 150m within three."""

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:
        n = len(history.rows)
        ratio = np.log(np.full((2, n, 2), 1.5, np.float32))
        ratio[0] = 0
        base, peak = np.full(n, np.log(100), np.float32), np.full(n, 100, np.float32)
        curves = Curves(heads=(3600, 3 * 3600), levels=(0.5, 0.9), base=base, peak=peak, ratio=ratio)
        return replace(Recent.foresee(self, history, beliefs, risk), curves=curves)


@pytest.mark.parametrize(
    ("request_", "ledger", "action", "note"),
    [
        pytest.param(100, None, Action.KEEP, "150m waits until the coming hour needs it", id="the-hour-fits"),
        pytest.param(99, None, Action.RESCUE, None, id="the-hour-does-not-and-usage-neither"),
        pytest.param(200, None, Action.SHRINK, None, id="asked-once-all-room-has-stood-long-enough"),
        pytest.param(
            200,
            Ledger.empty(rows_of([a_pod()])),
            Action.KEEP,
            "150m waits until unused room has cost a resize",
            id="room-that-was-just-seen",
        ),
    ],
)
def test_what_a_size_by_price_waits_for(request_: int, ledger: Ledger | None, action: Action, note: str | None) -> None:
    row = only_row(a_pod(a_container(cpu=request_, memory=230 * MIB)), ledger=ledger, forecaster=Certain())
    assert row.cpu.why.code == "WorthItsPrice"
    assert row.cpu.why.message == "recent: 150m is worth its price at a risk of 1 %"
    assert (row.cpu.action, row.cpu.note) == (action, note)


def test_guards_stand_with_the_resource_they_hold_back() -> None:
    row = only_row(a_pod(a_container(cpu=500, memory=210 * MIB)), history=a_history(rows_of([a_pod()]), days=0.125))
    # 210 MiB are within 10 % of 230 and above the use of 200; CPU may not shrink on 3 h of data, it takes a day
    assert (row.cpu.action, row.cpu.guards, row.memory.guards) == (Action.SHRINK, ("NotEnoughHistory",), ())
    (judged,) = row.verdicts
    assert (judged.admitted, judged.pods, judged.resources) == (False, 1, ("cpu",))
    assert judged.refusals[0].lifted_by == "21 h more"


def test_skew_shows_the_pods_that_move_and_sums_all() -> None:
    sizes = (115, 115, 500, 500, 800)
    row = only_row(*[a_pod(a_container(cpu=cpu, memory=230 * MIB), name=f"web-{i}") for i, cpu in enumerate(sizes)])
    assert row.cpu.request.amount == 500  # the most common of those that move
    assert row.cpu.total.current == sum(sizes)
    assert row.cpu.total.delta == -(2 * 385 + 685)
    # most common first, of equally many the larger
    assert [(v.pods, v.requests["cpu"].amount) for v in row.variants] == [(2, 500), (2, 115), (1, 800)]
    assert [(judged.intent, judged.pods) for judged in row.verdicts] == [("shrink", 3)]


def test_sidecars_are_named() -> None:
    pod = a_pod(a_container(), a_container("proxy", kind=ContainerKind.SIDECAR), workload=workload("w"))
    kinds = {row.container: row.container_kind for row in reported(pod).rows}
    assert kinds == {"app": "container", "proxy": "sidecar"}
