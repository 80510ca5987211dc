"""A tick's news: what moved, what ended, and what is held back for other reasons than before."""

from __future__ import annotations

from dataclasses import replace

from tests.support.builders import NOON, WEB, a_container, a_history, a_pod, a_snapshot
from vpa_inplace.decide import decide
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, End, Ended
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Change, Intent, Move, Refusal, Verdict
from vpa_inplace.domain.policy import Policies, Policy, UpdateMode
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.journal import news
from vpa_inplace.journal.entries import told

OLD = Refusal("LowCoverage", "half of it is missing", "more samples")
NEW = Refusal("StaleUsage", "it is an hour old", "a newer sample")


POLICIES = Policies.uniform(Policy(update_mode=UpdateMode.IN_PLACE), 1)


def a_decision(*refusals, ended=(), policies=POLICIES):
    """A decision with one verdict about one pod."""
    pod = a_pod(a_container())
    snapshot = a_snapshot(pod)
    change = Change("app", 0, Amounts(500), Amounts(1000), Amounts(200), Amounts(400))
    verdict = Verdict(Move(pod, Intent.SHRINK, (change,), 8.0), refusals)
    history = a_history(snapshot.rows)
    outlook = Recent().foresee(history, Recent().learn(history, None), policies.risk)
    decision = decide(snapshot, outlook, Ledger.empty(snapshot.rows), policies)
    return replace(decision, verdicts=(verdict,), ended=ended)


def test_a_move_is_told_with_its_amounts():
    (entry,) = news(a_decision(), {}).entries
    assert (entry.event, entry.pod, entry.intent, entry.at) == ("moved", "web-1", "shrink", NOON)
    assert entry.changes == ("app cpu request 500m -> 200m", "app cpu limit 1 -> 400m")


def test_a_move_that_nobody_allowed_is_told_once_as_held():
    off = Policies.uniform(Policy(), 1)
    first = news(a_decision(policies=off), {})
    assert [(entry.event, entry.reason) for entry in first.entries] == [("held", "UpdateModeOff")]
    assert news(a_decision(policies=off), first.held).entries == ()


def test_the_same_reasons_are_told_once():
    first = news(a_decision(OLD), {})
    assert [entry.reason for entry in first.entries] == ["LowCoverage"]
    again = news(a_decision(OLD), first.held)
    assert again.entries == ()
    other = news(a_decision(OLD, NEW), again.held)
    assert [(entry.event, entry.reason) for entry in other.entries] == [("held", "LowCoverage,StaleUsage")]


def test_a_hold_that_was_lifted_and_comes_back_is_told_again():
    held = news(a_decision(OLD), {}).held
    moved = news(a_decision(), held)
    assert [entry.event for entry in moved.entries] == ["moved"]
    assert [entry.event for entry in news(a_decision(OLD), moved.held).entries] == ["held"]


def test_an_end_is_told():
    attempt = Attempt(
        workload=WEB, pod="web-1", uid="u", intent=Intent.SHRINK, steps=(), began=NOON.timestamp(), since=0.0
    )
    ended = Ended(attempt=attempt, end=End.REVERTED, at=NOON.timestamp(), reason="the node refused it")
    entry = news(a_decision(OLD, ended=(ended,)), {}).entries[0]
    assert (entry.event, entry.reason, entry.message) == ("ended", "Reverted", "the node refused it")


def test_an_amount_that_was_not_set_is_said_to_be():
    change = Change("app", 0, Amounts(), Amounts(), Amounts(memory=2**20), Amounts())
    assert list(told(change)) == ["app memory request unset -> 1Mi"]
