"""The ledger as decide sees it: attempts go in when a move is admitted, and come out as what they call for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.builders import MIB, NOON, a_container, a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import End, Phase
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import NO_ROW, Change, Intent, Move
from vpa_inplace.domain.pods import ResizeStatus
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.lifecycle import CLOCKS, advance, enter
from vpa_inplace.lifecycle.advance import FORGIVEN

POLICIES = Policies.uniform(Policy(), 1)
INFEASIBLE = ResizeStatus(pending="Infeasible", message="never")


def a_shrink(pod, cpu=200):
    (container,) = pod.containers
    change = Change("app", 0, container.requests, container.limits, Amounts(cpu), Amounts())
    return Move(pod, Intent.SHRINK, (change,), 8.0)


def shrunk(pod, cpu=200, **more):
    """The pod as it looks when the shrink has reached its spec."""
    (container,) = pod.containers
    return replace(pod, containers=(replace(container, requests=Amounts(cpu, 512 * MIB)),), **more)


def entered(pod, move=None):
    return enter(Ledger.empty(a_snapshot(pod).rows), [move or a_shrink(pod)], NOON.timestamp())


def at(pod, after):
    return a_snapshot(pod, now=NOON + timedelta(seconds=after))


def test_an_admitted_move_is_written_down_with_what_it_began_with():
    pod = a_pod(a_container(restarts=2))
    (attempt,) = entered(pod).attempts
    assert (attempt.pod, attempt.uid, attempt.intent, attempt.phase) == (
        "web-1",
        "uid-web-1",
        Intent.SHRINK,
        Phase.SUBMITTED,
    )
    assert (attempt.steps[0].old_requests, attempt.steps[0].requests) == (Amounts(500, 512 * MIB), Amounts(200))
    assert attempt.restarts == 2


def test_what_hangs_comes_back_as_a_move_to_the_old_size():
    pod = a_pod()
    ledger = entered(pod)
    seen = at(shrunk(pod, resize=INFEASIBLE), 60)
    past = advance(ledger, seen, POLICIES)
    (move,) = past.moves
    assert (move.intent, move.changes[0].requests, move.changes[0].old_requests) == (
        Intent.UNDO,
        Amounts(500),
        Amounts(200, 512 * MIB),
    )
    assert "never" in move.reason
    assert [ended.end for ended in past.ended] == [End.REVERTED]
    assert past.ledger.attempts == ()


def test_an_undo_is_written_down_too_and_costs_no_budget():
    pod = a_pod()
    ledger = replace(entered(pod), at=NOON.timestamp())
    past = advance(ledger, at(shrunk(pod, resize=INFEASIBLE), 60), POLICIES)
    assert past.ledger.spent.tolist() == pytest.approx([1 - 8 * 60 / 86400])  # one resize, refilled at 8 a day
    after = enter(past.ledger, past.moves, NOON.timestamp() + 60)
    assert after.spent.tolist() == past.ledger.spent.tolist()
    assert [attempt.intent for attempt in after.attempts] == [Intent.UNDO]


def test_a_size_that_a_node_refused_is_remembered_for_a_day():
    pod = a_pod()
    past = advance(entered(pod), at(shrunk(pod, resize=INFEASIBLE), 0), POLICIES)
    assert [size.node for size in past.ledger.too_big] == ["node-1"]
    later = advance(past.ledger, at(pod, FORGIVEN - 1), POLICIES)
    assert later.ledger.too_big
    assert not advance(later.ledger, at(pod, FORGIVEN), POLICIES).ledger.too_big


def test_a_container_that_is_no_longer_sized_is_still_put_back():
    pod = a_pod()
    seen = replace(at(shrunk(pod, resize=INFEASIBLE), 0), rows=a_snapshot(a_pod(a_container("other"))).rows)
    ledger = entered(pod).on(seen.rows)
    (move,) = advance(ledger, seen, POLICIES).moves
    assert move.changes[0].row == NO_ROW
    assert enter(ledger, [move], NOON.timestamp()).attempts[-1].intent is Intent.UNDO


def test_attempts_survive_other_rows():
    pod = a_pod()
    ledger = entered(pod)
    assert ledger.on(a_snapshot(a_pod(a_container("other"))).rows).attempts == ledger.attempts


def test_a_shrink_in_force_is_kept_open_until_its_soak_is_over():
    pod = a_pod()
    small = Amounts(200, 512 * MIB)
    done = shrunk(pod)
    had = replace(done.containers[0], allocated=small, actual_requests=small, actual_limits=Amounts())
    done = replace(done, containers=(had,))
    past = advance(entered(pod), at(done, 1), POLICIES)
    assert [attempt.phase for attempt in past.ledger.attempts] == [Phase.SOAKING]
    late = advance(past.ledger, at(done, 1 + CLOCKS.soak), POLICIES)
    assert [ended.end for ended in late.ended] == [End.SETTLED]
    assert not late.moves
