"""Each phase of a resize, from what the pod says to what is to be done about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, NOON, WEB, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, End, Phase, Step
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.pods import ResizeStatus
from vpa_inplace.lifecycle.attempts import CLOCKS, Spec, follow, in_force, reverse, stands

BEGAN = NOON.timestamp() - 30
OLD, NEW = 500, 200  # millicores; a shrink unless a test says otherwise
QUIET = ResizeStatus()
FULL = "Node didn't have enough resource: cpu, requested: 900, used: 800, capacity: 1500"  # 700 fit


def an_attempt(intent=Intent.SHRINK, old=OLD, new=NEW, **more):
    step = Step(
        container="app", old_requests=Amounts(old), old_limits=Amounts(), requests=Amounts(new), limits=Amounts()
    )
    fields = {"workload": WEB, "pod": "web-1", "uid": "uid-web-1", "steps": (step,), "began": BEGAN, "since": BEGAN}
    return Attempt(intent=intent, **(fields | more))


def a_pod_with(cpu=NEW, allocated=None, resize=QUIET, **more):
    """A pod whose spec asks for ``cpu`` and whose kubelet has allocated ``allocated`` (the same unless told)."""
    allocated = Amounts(cpu if allocated is None else allocated, 512 * MIB)
    container = a_container(cpu=cpu, allocated=allocated, actual_requests=allocated, actual_limits=Amounts(), **more)
    return a_pod(container, resize=resize, generation=2)


def one(attempt, *pods, after=0.0):
    """What becomes of one attempt, ``after`` seconds past noon."""
    return follow([attempt], a_snapshot(*pods, now=NOON + timedelta(seconds=after)))


WAITING = ResizeStatus(pending="Deferred", message=FULL)
REFUSED = ResizeStatus(pending="Infeasible", message="the node says no")
RUNNING = ResizeStatus(in_progress=True)
FAILING = ResizeStatus(in_progress=True, failing=True, message="below current usage")


@pytest.mark.parametrize(
    ("attempt", "pod", "phase"),
    [
        pytest.param(an_attempt(), a_pod_with(OLD), Phase.SUBMITTED, id="no trace yet: it may be on its way"),
        pytest.param(an_attempt(), a_pod_with(NEW, OLD), Phase.SUBMITTED, id="in the spec, no condition, old size"),
        pytest.param(an_attempt(), a_pod_with(NEW, OLD, RUNNING), Phase.IN_PROGRESS, id="the kubelet is at it"),
        pytest.param(an_attempt(), a_pod_with(NEW, OLD, FAILING), Phase.ERROR, id="the kubelet fails at it"),
        pytest.param(an_attempt(), a_pod_with(NEW, OLD, WAITING), Phase.DEFERRED, id="no room now"),
        pytest.param(an_attempt(), a_pod_with(NEW), Phase.SOAKING, id="in force: a shrink is watched"),
        pytest.param(
            an_attempt(generation=3), a_pod_with(OLD), Phase.SUBMITTED, id="a watch that is behind proves nothing"
        ),
    ],
)
def test_what_is_still_open(attempt, pod, phase):
    result = one(attempt, pod)
    assert [found.phase for found in result.open] == [phase]
    assert not result.ended
    assert not result.due


@pytest.mark.parametrize(
    ("attempt", "pods", "end"),
    [
        pytest.param(an_attempt(), [a_pod(name="web-2")], End.POD_GONE, id="another pod of that workload"),
        pytest.param(an_attempt(), [a_pod(uid="other")], End.POD_GONE, id="same name, another pod"),
        pytest.param(an_attempt(), [a_pod(phase="Succeeded")], End.POD_GONE, id="the pod is over"),
        pytest.param(an_attempt(), [a_pod_with(300)], End.OVERTAKEN, id="somebody gave it a third size"),
        pytest.param(an_attempt(generation=1), [a_pod_with(OLD)], End.OVERTAKEN, id="somebody put it back"),
        pytest.param(an_attempt(Intent.GROW, NEW, OLD), [a_pod_with(OLD)], End.APPLIED, id="growth in force"),
        pytest.param(an_attempt(Intent.UNDO, NEW, OLD), [a_pod_with(OLD)], End.APPLIED, id="an undo in force"),
    ],
)
def test_what_ends_by_itself(attempt, pods, end):
    result = one(attempt, *pods)
    assert [ended.end for ended in result.ended] == [end]
    assert not result.open
    assert not result.due


@pytest.mark.parametrize(
    ("pod", "patience", "reason"),
    [
        pytest.param(a_pod_with(NEW, OLD), CLOCKS.in_progress, "not done with it", id="a kubelet that does not act"),
        pytest.param(a_pod_with(NEW, OLD, RUNNING), CLOCKS.in_progress, "not done with it", id="one that never ends"),
        pytest.param(a_pod_with(NEW, OLD, FAILING), CLOCKS.failing, "below current usage", id="one that fails"),
        pytest.param(a_pod_with(NEW, OLD, WAITING), CLOCKS.deferred, "no room for 120 s", id="no room for growth"),
    ],
)
def test_what_is_taken_back_when_its_clock_runs_out(pod, patience, reason):
    attempt = one(an_attempt(), pod).open[0]  # enters its phase at noon, or is in it since it began
    over = attempt.since - NOON.timestamp() + patience
    assert one(attempt, pod, after=over - 1).due == ()
    result = one(attempt, pod, after=over)
    (due,) = result.due
    assert due.intent is Intent.UNDO
    assert reason in due.reason
    assert [(step.requests.cpu, step.old_requests.cpu) for step in due.steps] == [(OLD, NEW)]
    assert [ended.end for ended in result.ended] == [End.REVERTED]


def test_a_phase_that_changes_starts_its_clock_anew():
    attempt = one(an_attempt(), a_pod_with(NEW, OLD, WAITING)).open[0]
    late = one(attempt, a_pod_with(NEW, OLD, RUNNING), after=CLOCKS.deferred + 1).open[0]
    assert late.since == NOON.timestamp() + CLOCKS.deferred + 1


def test_an_attempt_that_nobody_sent_is_forgotten_after_a_minute():
    pod = a_pod_with(OLD)
    assert one(an_attempt(), pod, after=CLOCKS.unseen - 31).open
    assert [ended.end for ended in one(an_attempt(), pod, after=CLOCKS.unseen - 30).ended] == [End.NEVER_SENT]


def test_infeasible_is_taken_back_at_once_and_remembered_with_its_node():
    result = one(an_attempt(Intent.GROW, NEW, 900), a_pod_with(900, NEW, REFUSED))
    assert [due.steps[0].requests.cpu for due in result.due] == [NEW]
    assert [(size.node, size.requests.cpu, size.message) for size in result.too_big] == [
        ("node-1", 900, "the node says no")
    ]


@pytest.mark.parametrize("intent", [Intent.RESCUE, Intent.UNDO])
def test_a_rescue_without_room_takes_what_fits(intent):
    """The pod asks for 900m and 700m are free to it: 700m at once is better than 900m some day."""
    result = one(an_attempt(intent, OLD, 900), a_pod_with(900, OLD, WAITING))
    (due,) = result.due
    assert due.intent is intent
    assert [(step.requests.cpu, step.old_requests.cpu) for step in due.steps] == [(700, 900)]
    assert [ended.end for ended in result.ended] == [End.OVERTAKEN]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(FULL.replace("used: 800", "used: 1000"), id="no more than it has"),
        pytest.param("some words of a later kubelet", id="words that say nothing of room"),
    ],
)
def test_a_rescue_for_which_nothing_fits_waits(message):
    pod = a_pod_with(900, OLD, ResizeStatus(pending="Deferred", message=message))
    result = one(an_attempt(Intent.RESCUE, OLD, 900), pod, after=3600)
    assert result.open
    assert not result.due


def test_a_shrink_that_did_no_harm_is_settled_after_its_soak():
    pod = a_pod_with(NEW)
    attempt = one(an_attempt(), pod).open[0]
    assert one(attempt, pod, after=CLOCKS.soak - 1).open
    assert [ended.end for ended in one(attempt, pod, after=CLOCKS.soak).ended] == [End.SETTLED]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        pytest.param({"last_oom": NOON, "restarts": 1}, "killed for want of memory", id="an OOM kill"),
        pytest.param({"restarts": 1}, "restarted after the shrink", id="a restart"),
    ],
)
def test_a_shrink_that_does_harm_is_taken_back_at_once(harm, reason):
    result = one(an_attempt(), a_pod_with(NEW, **harm))
    assert [(due.intent, reason in due.reason) for due in result.due] == [(Intent.UNDO, True)]


def test_harm_from_before_the_shrink_is_not_its_fault():
    before = {"last_oom": NOON - timedelta(hours=1), "restarts": 3}
    assert one(an_attempt(restarts=3), a_pod_with(NEW, **before)).open


def test_an_undo_is_never_undone():
    pod = a_pod_with(OLD, NEW, RUNNING)
    assert one(an_attempt(Intent.UNDO, NEW, OLD), pod, after=24 * 3600).open


def test_what_had_no_amount_before_keeps_the_new_one():
    """Kubernetes removes no request and no limit: a step back to nothing is no step."""
    step = Step(
        container="app", old_requests=Amounts(), old_limits=Amounts(), requests=Amounts(100), limits=Amounts(200)
    )
    assert reverse(step) is None


def test_a_limit_is_compared_as_the_runtime_reports_it():
    """A limits-only change leaves the allocated requests alone (seen on 1.36)."""
    step = Step(
        container="app", old_requests=Amounts(), old_limits=Amounts(400), requests=Amounts(), limits=Amounts(300)
    )
    had = {"allocated": Amounts(200), "actual_requests": Amounts(200)}
    container = a_container(cpu=200, memory=None, limits=Amounts(300), **had, actual_limits=Amounts(400))
    assert not in_force([step], a_pod(container))
    assert in_force([step], a_pod(replace(container, actual_limits=Amounts(300))))


amounts = st.one_of(st.none(), st.integers(1, 10))


@given(old=st.integers(1, 10), new=st.integers(1, 10), have=st.integers(1, 10))
def test_a_spec_is_new_old_or_something_else(old, new, have):
    expected = Spec.NEW if have == new else Spec.OLD if have == old else Spec.OTHER
    assert stands(an_attempt(old=old, new=new).steps, a_pod_with(have)) is expected


@given(
    status=st.sampled_from([ResizeStatus(), WAITING, REFUSED, RUNNING, FAILING]),
    spec=st.sampled_from([OLD, NEW, 300]),
    allocated=st.sampled_from([OLD, NEW]),
    intent=st.sampled_from(Intent),
    after=st.floats(0, 7200),
)
def test_nothing_is_lost_and_an_undo_leads_back(status, spec, allocated, intent, after):
    """Whatever the pod says, an attempt is open or has ended, never both, and each undo goes to the old size."""
    attempt = an_attempt(intent)
    result = one(attempt, a_pod_with(spec, allocated, status), after=after)
    assert len(result.open) + len(result.ended) == 1
    for due in result.due:
        assert len(result.ended) == 1
        if due.intent is Intent.UNDO and intent is not Intent.UNDO:
            assert [step.requests.cpu for step in due.steps] == [OLD]
