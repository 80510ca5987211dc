"""What was refused is not asked for again at once, and a busy server is given the time it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.builders import a_pod
from vpa_inplace.act.answers import Answer, Outcome
from vpa_inplace.act.patience import FIRST, LASTING, LONGEST, Patience
from vpa_inplace.act.resizer import Sent
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move

CHANGE = Change("app", 0, Amounts(500), Amounts(), Amounts(400), Amounts())
MOVE = Move(a_pod(), Intent.SHRINK, (CHANGE,), 8.0)


def heard(outcome, at=0.0, patience=None, **more):
    patience = patience or Patience()
    patience.hear(Sent(move=MOVE, answer=Answer(outcome=outcome, message="because", **more)), at)
    return patience


@pytest.mark.parametrize("outcome", sorted(LASTING))
def test_what_a_minute_does_not_change_waits(outcome):
    patience = heard(outcome)
    assert patience.holds(MOVE, FIRST - 1) == "because"
    assert patience.holds(MOVE, FIRST) == ""


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - LASTING - {Outcome.BUSY}))
def test_everything_else_is_tried_again_next_tick(outcome):
    assert heard(outcome).holds(MOVE, 1) == ""


def test_each_refusal_doubles_the_wait_up_to_an_hour():
    patience, at, waits = Patience(), 0.0, []
    for _ in range(8):
        heard(Outcome.RESOURCE_QUOTA, at, patience)
        wait = next(step for step in range(1, 7200) if not patience.holds(MOVE, at + step))
        waits.append(wait)
        at += wait
    assert waits == [120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert waits[-1] == LONGEST


def test_a_success_starts_anew():
    patience = heard(Outcome.DENIED)
    heard(Outcome.TAKEN, 500.0, patience)
    heard(Outcome.DENIED, 600.0, patience)
    assert patience.holds(MOVE, 600 + FIRST - 1)
    assert not patience.holds(MOVE, 600 + FIRST)


def test_a_busy_server_is_given_what_it_asks_for():
    patience = heard(Outcome.BUSY, retry_after=7.0)
    assert patience.holds(MOVE, 6.9)
    assert not patience.holds(MOVE, 7.0)


def test_other_intents_and_pods_are_not_held():
    patience = heard(Outcome.DENIED)
    assert not patience.holds(replace(MOVE, intent=Intent.RESCUE), 1)
    assert not patience.holds(replace(MOVE, pod=a_pod(name="other")), 1)


def test_pods_that_are_gone_are_forgotten():
    patience = heard(Outcome.DENIED)
    patience.forget(set())
    assert not patience.holds(MOVE, 1)
