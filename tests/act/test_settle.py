"""After the answers: what was taken or may have been is on its way, and what was refused has cost nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.builders import NOON, a_pod, rows_of
from vpa_inplace.act.answers import Answer, Outcome
from vpa_inplace.act.resizer import Sent
from vpa_inplace.act.settle import PERHAPS, settled
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.lifecycle import enter

NOW = NOON.timestamp()
POD = a_pod()
CHANGE = Change("app", 0, Amounts(500), Amounts(), Amounts(400), Amounts())
MOVE = Move(POD, Intent.GROW, (CHANGE,), 8.0)
EMPTY = Ledger.empty(rows_of([POD]))


def answered(outcome, generation=None):
    return Sent(move=MOVE, answer=Answer(outcome=outcome, message="words"), generation=generation)


def test_what_was_taken_is_on_its_way_with_its_generation_and_is_paid_for():
    ledger = settled(EMPTY, [answered(Outcome.TAKEN, 7)], NOW)
    assert [(attempt.uid, attempt.generation) for attempt in ledger.attempts] == [(POD.uid, 7)]
    assert ledger.spent.tolist() == [1.0]


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - PERHAPS))
def test_what_was_refused_leaves_nothing_but_what_was_learnt(outcome):
    ledger = settled(EMPTY, [answered(outcome)], NOW)
    assert ledger.attempts == ()
    assert ledger.spent.tolist() == [0.0]
    assert bool(ledger.too_big) is (outcome is Outcome.NODE_CAPACITY)


def test_what_is_not_known_counts_as_done():
    ledger = settled(EMPTY, [answered(Outcome.UNKNOWN)], NOW)
    assert [attempt.generation for attempt in ledger.attempts] == [None]


def test_a_size_above_the_node_is_remembered_with_it():
    (size,) = settled(EMPTY, [answered(Outcome.NODE_CAPACITY)], NOW).too_big
    assert (size.node, size.requests, size.message, size.at) == ("node-1", Amounts(400), "words", NOW)


def test_attempts_of_before_stay_as_they_are():
    before = enter(EMPTY, [replace(MOVE, pod=a_pod(name="other"))], NOW - 60)
    ledger = settled(before, [answered(Outcome.TAKEN, 7), answered(Outcome.CONFLICT)], NOW)
    assert [attempt.generation for attempt in ledger.attempts] == [None, 7]
    assert ledger.attempts[0] == before.attempts[0]
