"""The ledger in the cluster: written before anything is sent, read back by whoever comes next. On a real API server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.served import STATES
from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, rows_of
from vpa_inplace.act.states import Curves, ledger_of, object_of, states_of
from vpa_inplace.act.store import CEILINGS_EVERY, LedgerStore
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import TooBig
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Change, Intent, Move
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.lifecycle import enter
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings

WEB = WorkloadKey("test", "shop", "Deployment", "web")
POD = a_pod(a_container(), a_container("log", cpu=50))
ROWS = rows_of([POD])
NOW = NOON.timestamp()


def a_shrink(pod=POD):
    first = pod.containers[0]
    change = Change("app", 0, first.requests, first.limits, Amounts(cpu=200), Amounts())
    return Move(pod, Intent.SHRINK, (change,), 8.0)


def full():
    """A ledger with something of everything."""
    ledger = enter(replace(Ledger.empty(ROWS), at=NOW), [a_shrink()], NOW)
    size = TooBig(workload=WEB, container="app", node="node-1", requests=Amounts(9000), at=NOW, message="too big")
    return replace(
        ledger,
        oom_floor=np.array([700 * MIB, -1]),
        oom_at=np.array([NOW - 60, -np.inf]),
        too_big=(size,),
    )


def curves():
    history = a_history(ROWS)
    outlook = Recent().foresee(history, None, np.full(len(ROWS), 0.01))
    return Curves(ROWS, outlook)


def same(one: Ledger, other: Ledger) -> bool:
    return (
        one.attempts == other.attempts
        and one.too_big == other.too_big
        and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("spent", "oom_floor", "oom_at"))
    )


@pytest.fixture
def client(control_plane, api):
    return KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig()))


@pytest.fixture
def store(client):
    fresh = LedgerStore(client, "test", lambda: True)
    fresh.load(ROWS, [])
    return fresh


def test_the_next_one_reads_what_the_last_one_wrote(client, store):
    saved = store.save(full(), curves(), [WEB], NOW)
    assert (saved.written, saved.failed) == (1, {})
    skips = []
    assert same(LedgerStore(client, "test", lambda: True).load(ROWS, skips), full())
    assert skips == []


def test_nothing_new_is_not_written(store):
    store.save(full(), None, [WEB], NOW)
    later = replace(full(), at=NOW + 60, spent=full().spent * 0.9)
    assert store.save(later, None, [WEB], NOW + 60).written == 0


def test_an_attempt_that_goes_on_or_ends_is_written(store, api):
    store.save(full(), None, [WEB], NOW)
    assert store.save(replace(full(), attempts=()), None, [WEB], NOW + 60).written == 1
    (item,) = api.get(STATES).expect()["items"]
    assert "attempts" not in item["spec"] or item["spec"]["attempts"] == []


def test_a_workload_with_nothing_to_remember_has_no_object(store, api):
    assert store.save(Ledger.empty(ROWS), None, [WEB], NOW).written == 0
    assert api.get(STATES).expect()["items"] == []


def test_ceilings_are_written_every_few_hours(store):
    idle = replace(Ledger.empty(ROWS), at=NOW)
    assert store.save(idle, curves(), [WEB], NOW).written == 1
    assert store.save(idle, curves(), [WEB], NOW + 60).written == 0
    assert store.save(idle, curves(), [WEB], NOW + CEILINGS_EVERY).written == 1


def test_without_the_lease_nothing_is_written(client, api):
    fenced = LedgerStore(client, "test", lambda: False)
    fenced.load(ROWS, [])
    assert list(fenced.save(full(), None, [WEB], NOW).failed) == [WEB]
    assert api.get(STATES).expect()["items"] == []


def test_a_state_that_another_one_wrote_is_read_again_before_the_next_try(client, store):
    other = LedgerStore(client, "test", lambda: True)
    store.save(full(), None, [WEB], NOW)
    other.load(ROWS, [])
    other.save(replace(full(), attempts=()), None, [WEB], NOW)
    changed = replace(full(), too_big=())
    first = store.save(changed, None, [WEB], NOW + 60)
    assert list(first.failed) == [WEB], "nothing may be sent on the strength of what was not written"
    assert store.save(changed, None, [WEB], NOW + 120).written == 1


def test_what_another_one_wrote_is_told(client, store):
    other = LedgerStore(client, "test", lambda: True)
    store.save(full(), None, [WEB], NOW)
    other.load(ROWS, [])
    other.save(replace(full(), attempts=()), None, [WEB], NOW)
    assert store.save(replace(full(), too_big=()), None, [WEB], NOW).overtaken
    assert not other.save(replace(full(), too_big=()), None, [WEB], NOW).overtaken


def test_a_state_that_was_removed_is_made_again(store, api):
    store.save(full(), None, [WEB], NOW)
    api.delete(STATES).expect()
    assert list(store.save(replace(full(), too_big=()), None, [WEB], NOW).failed) == [WEB]
    assert store.save(replace(full(), too_big=()), None, [WEB], NOW).written == 1


def test_a_torn_state_is_skipped_with_its_reason_and_the_others_are_read(client, store, api):
    store.save(full(), None, [WEB], NOW)
    torn = {"metadata": {"name": "deployment-torn"}, "spec": {"workload": {"kind": "Deployment", "name": "torn"}}}
    body = object_of(WEB, states_of(full(), None, [WEB])[WEB]).written()
    torn["spec"]["attempts"] = body["spec"]["attempts"]
    torn["spec"]["attempts"][0]["began"] = "2026-02-30T12:00:00Z"
    torn |= {"apiVersion": body["apiVersion"], "kind": body["kind"]}
    code = api.create(STATES, torn).code
    skips = []
    ledger = LedgerStore(client, "test", lambda: True).load(ROWS, skips)
    assert same(ledger, full())
    # the API server checks times too, so that a day that does not exist may never get so far
    assert [skip.reason for skip in skips] == (["UnreadableState"] if code == 201 else [])


containers = st.sampled_from(["app", "log"])


@given(
    spent=st.lists(st.floats(0, 100), min_size=2, max_size=2),
    floors=st.lists(st.none() | st.integers(1, 2**40), min_size=2, max_size=2),
    moves=st.integers(0, 3),
    at=st.datetimes(NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + timedelta(days=400)),
)
def test_a_ledger_written_and_read_is_the_same(spent, floors, moves, at):
    now = (at - NOON.replace(tzinfo=None)).total_seconds() + NOW
    ledger = Ledger.empty(ROWS)
    ledger = replace(
        ledger,
        at=now,
        spent=np.round(np.array(spent), 6),
        oom_floor=np.array([-1 if floor is None else floor for floor in floors]),
        oom_at=np.array([-np.inf if floor is None else round(now, 6) for floor in floors]),
    )
    written = enter(ledger, [a_shrink(replace(POD, name=f"web-{i}", uid=f"uid-{i}")) for i in range(moves)], now)
    written = replace(written, spent=ledger.spent)
    objects = [object_of(key, spec) for key, spec in states_of(written, None, [WEB]).items()]
    assert same(ledger_of(objects, ROWS, "test"), written)
