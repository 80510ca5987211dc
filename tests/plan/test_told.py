"""What a move is told before it is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.support.builders import NOON, WEB, a_pod, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, TooBig
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Change, Crowding, Intent, Move
from vpa_inplace.domain.resource import Resource
from vpa_inplace.plan.told import told

API = WorkloadKey("test", "shop", "Deployment", "api")
EMPTY = Ledger.empty(rows_of([a_pod()]))


def a_move(pod, intent=Intent.SHRINK):
    return Move(pod, intent, (Change("app", 0, Amounts(500), Amounts(), Amounts(100), Amounts()),), 8.0)


def an_attempt(uid):
    return Attempt(workload=WEB, pod="web-1", uid=uid, intent=Intent.GROW, steps=(), began=0, since=0)


def too_big(workload=WEB, node="node-1"):
    return TooBig(workload=workload, container="app", node=node, requests=Amounts(4000), at=0, message="no")


def test_where_there_is_nothing_to_tell_moves_stay_the_same_objects():
    moves = [a_move(a_pod(name=f"web-{i}"), intent) for i, intent in enumerate(Intent)]
    assert all(a is b for a, b in zip(told(moves, [m.pod for m in moves], EMPTY), moves, strict=True))


def test_attempts_are_those_of_the_pod():
    mine, other = an_attempt("uid-web-1"), an_attempt("uid-web-2")
    (move,) = told([a_move(a_pod())], [], replace(EMPTY, attempts=(other, mine, mine)))
    assert move.open_attempts == (mine, mine)


def test_refused_sizes_are_those_of_the_workload_on_the_node():
    mine = too_big()
    ledger = replace(EMPTY, too_big=(too_big(API), mine, too_big(node="node-2")))
    (move,) = told([a_move(a_pod())], [], ledger)
    assert move.too_big == (mine,)
    (homeless,) = told([a_move(a_pod(node=None))], [], ledger)
    assert homeless.too_big == ()


def test_a_revision_is_as_old_as_its_oldest_pod():
    pods = [
        a_pod(name="web-1", revision="new", created=NOON),
        a_pod(name="web-2", revision="new", created=NOON - timedelta(hours=2)),
        a_pod(name="web-3", revision="new"),  # not told
        a_pod(name="web-4", revision="old", created=NOON - timedelta(days=9)),
        a_pod(name="api-1", revision="new", created=NOON - timedelta(days=5), workload=API),
    ]
    since = [move.revision_since for move in told([a_move(pod) for pod in pods], pods, EMPTY)]
    two = NOON - timedelta(hours=2)
    assert since == [two, two, two, NOON - timedelta(days=9), NOON - timedelta(days=5)]


def test_only_shrinks_are_told_of_revisions_and_of_crowds():
    pod = a_pod(revision="new", created=NOON)
    crowd = (Crowding(Resource.CPU, 3, 2, 1),)
    moves = told([a_move(pod, intent) for intent in Intent], [pod], EMPTY, {pod.uid: crowd})
    assert [(m.intent, m.revision_since, m.crowding) for m in moves] == [
        (Intent.UNDO, None, ()),
        (Intent.RESCUE, None, ()),
        (Intent.GROW, None, ()),
        (Intent.SHRINK, NOON, crowd),
    ]


def test_a_pod_without_a_revision_is_of_none():
    pod = a_pod(created=NOON)
    (move,) = told([a_move(pod)], [pod], EMPTY)
    assert move.revision_since is None
