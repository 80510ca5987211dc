"""One kind kept up to date over connections that break in every way, and by servers that refuse, forget and lie."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import until
from tests.observe.kubernetes.apiserver import GOOD, Asked, FakeApi, Mishap, serving
from vpa_inplace.observe.kubernetes import KubeClient
from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.pace import PACE, Pace
from vpa_inplace.observe.kubernetes.pods import Pod
from vpa_inplace.observe.kubernetes.store import State
from vpa_inplace.observe.kubernetes.watch import EVERYWHERE, Listed, Notice, Reflector, Turned, Where

PODS = Kind("v1", "Pod", "pods", Pod)
QUICK = Pace(watch=300, silence=20, first=0.02, most=0.1, slow=0.1, stale=1000, shortest=0.05)
Told = list[Notice]


@contextmanager
def watching(
    api: FakeApi,
    folder: Path,
    pace: Pace = QUICK,
    where: Where = EVERYWHERE,
    beat: Callable[[Reflector[Pod]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Reflector[Pod], Told]]:
    told: Told = []
    with serving(api, folder) as settings:
        reflector: Reflector[Pod] = Reflector(
            KubeClient(settings),
            PODS,
            where=where,
            pace=pace,
            report=told.append,
            beat=lambda: beat(reflector),
            clock=clock,
        )
        reflector.start()
        try:
            yield reflector, told
        finally:
            assert reflector.stop(1.0), "the thread has not ended within a second"


def names(reflector: Reflector[Pod]) -> set[str]:
    return {name for _, name in reflector.store.view().objects}


def state(reflector: Reflector[Pod]) -> State:
    return reflector.store.view().state


def live(reflector: Reflector[Pod]) -> None:
    until(lambda: state(reflector) is State.LIVE, "live")


def sees(reflector: Reflector[Pod], *expected: str) -> None:
    until(lambda: names(reflector) == set(expected), f"exactly {expected}")


def states(told: Told) -> list[State]:
    return [notice.state for notice in told if isinstance(notice, Turned)]


def lists(told: Told) -> list[Listed]:
    return [notice for notice in told if isinstance(notice, Listed)]


def only(times: int, mishap: Mishap, *, watches: bool) -> Callable[[Asked], Mishap]:
    """The mishap for the first requests of one kind."""
    count = itertools.count()
    return lambda asked: mishap if asked.is_watch is watches and next(count) < times else GOOD


# -------------------------------------------------------------------------------------------------------- the good days


def test_what_happens_is_seen_in_order(tmp_path: Path) -> None:
    api, seen = FakeApi(), []
    api.put("old")

    def note(reflector: Reflector[Pod]) -> None:
        now = {name: item.metadata.resource_version for (_, name), item in reflector.store.view().objects.items()}
        if not seen or seen[-1] != now:
            seen.append(now)

    with watching(api, tmp_path, beat=note) as (reflector, told):
        live(reflector)
        api.put("new")
        api.put("old")
        api.delete("new")
        until(lambda: len(seen) == 4, "four changes")
    # versions count up from 100, one a change
    assert seen == [{"old": "101"}, {"old": "101", "new": "102"}, {"old": "103", "new": "102"}, {"old": "103"}]
    assert states(told) == [State.LIVE]


def test_a_list_is_read_to_its_last_page(tmp_path: Path) -> None:
    api = FakeApi(page=2)
    for i in range(7):
        api.put(f"pod-{i}")
    with watching(api, tmp_path) as (reflector, told):
        sees(reflector, *(f"pod-{i}" for i in range(7)))
        live(reflector)
    assert lists(told) == [Listed("Pod", 7, (), "the first time")]
    pages = [asked.query for asked in api.asked if not asked.is_watch]
    assert [page["limit"] for page in pages] == ["500"] * 4  # seven in pages of two


def test_how_a_watch_is_asked_for(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("a")
    with watching(api, tmp_path, PACE) as (reflector, _):
        live(reflector)
    query = dict(api.watches[0].query)
    assert 240 <= int(query.pop("timeoutSeconds")) <= 360
    assert query == {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": "101"}


def test_one_object_by_its_name(tmp_path: Path) -> None:
    api = FakeApi("/api/v1/namespaces/shop/pods")
    api.put("a")
    api.put("b")
    with watching(api, tmp_path, where=Where("shop", "b")) as (reflector, _):
        sees(reflector, "b")
        live(reflector)
    assert {asked.query["fieldSelector"] for asked in api.asked} == {"metadata.name=b"}


def test_a_watch_that_was_ended_goes_on_from_the_last_bookmark(tmp_path: Path) -> None:
    api = FakeApi(bookmarks=0.02)
    api.mishap = lambda _: Mishap(end_after=0.2)
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        api.version += 50  # other kinds change, which a bookmark tells
        until(lambda: api.watches[-1].query["resourceVersion"] == "150", "a watch from the bookmark's version")
        api.put("late")
        sees(reflector, "late")
    assert len(api.lists) == 1
    assert states(told) == [State.LIVE]


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("mishap", "bookmarks", "again"),
    [
        pytest.param(Mishap(end_after=0.0), None, False, id="ended-by-the-server-vouches"),
        pytest.param(Mishap(cut_after=0.1), 0.02, False, id="a-bookmark-vouches"),
        pytest.param(Mishap(cut_after=0.0), None, True, id="cut-does-not"),
        pytest.param(Mishap(quiet=True), None, True, id="silence-does-not"),
    ],
)
def test_what_was_not_vouched_for_is_listed_again(
    tmp_path: Path, mishap: Mishap, bookmarks: float | None, again: bool
) -> None:
    """Watches of 400 s without an event: whether each proves that there was nothing to tell goes by how it ended."""
    api, clock = FakeApi(bookmarks=bookmarks), Clock()

    def pass_time(asked: Asked) -> Mishap:
        clock.now += 400 if asked.is_watch else 0
        return mishap

    api.mishap = pass_time
    with watching(api, tmp_path, replace(QUICK, silence=0.1, stale=600), clock=clock) as (_, told):
        until(lambda: len(api.watches) >= 5, "five watches")
    why = [listed.why for listed in lists(told)[1:]]
    # after 800 s, where nothing vouches: after two of the first four watches, and again after the next two
    assert why == (["nothing was heard for 600 s"] * 2 if again else [])


def test_a_new_list_keeps_what_has_not_changed(tmp_path: Path) -> None:
    """Else all of a large cluster would be in memory twice, and whoever remembers an object would see a new one."""
    api = FakeApi()
    api.put("same")
    api.put("changes")
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        before = reflector.store.view().objects
        api.forget(lambda: api.put("changes"))
        until(lambda: len(lists(told)) == 2, "a second list")
        after = reflector.store.view().objects
    assert after["shop", "same"] is before["shop", "same"]
    assert after["shop", "changes"] is not before["shop", "changes"]


# ------------------------------------------------------------------------------------------------- versions that are gone


def test_a_version_that_is_gone_means_a_new_list(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("stays")
    api.put("goes")
    with watching(api, tmp_path, replace(QUICK, shortest=0.0)) as (reflector, told):
        live(reflector)
        api.forget(lambda: api.delete("goes"))
        sees(reflector, "stays")
        api.put("new")
        sees(reflector, "stays", "new")
    again = lists(told)[1]
    assert [item.metadata.name for item in again.vanished] == ["goes"]
    assert "410 too old resource version" in again.why
    assert states(told) == [State.LIVE]  # nothing is broken


def test_gone_as_a_status_means_the_same(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = only(1, Mishap(status=410, body=b'{"message": "too old"}'), watches=True)
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        api.put("a")
        sees(reflector, "a")
    assert len(lists(told)) == 2


def test_a_page_that_is_gone_means_a_new_list(tmp_path: Path) -> None:
    api = FakeApi(page=2)
    for i in range(5):
        api.put(f"pod-{i}")

    def between(asked: Asked) -> Mishap:
        if "continue" in asked.query and len(api.lists) == 1:
            api.forget(lambda: api.delete("pod-0"))
        return GOOD

    api.mishap = between
    with watching(api, tmp_path) as (reflector, told):
        sees(reflector, "pod-1", "pod-2", "pod-3", "pod-4")
    assert len(lists(told)) == 1  # half a list is none
    assert len(api.lists) == 2


def test_a_version_that_is_always_gone_slows_down(tmp_path: Path) -> None:
    api = FakeApi()
    gone = Mishap(status=410, body=b'{"message": "too old"}')
    api.mishap = lambda asked: gone if asked.is_watch else GOOD
    with watching(api, tmp_path, replace(QUICK, first=0.01, most=60)) as (reflector, _):
        until(lambda: state(reflector) is State.BROKEN, "broken")
        assert "too old" in reflector.store.view().reason
        assert reflector._pauses.expired == len(api.lists)  # each doubles the pause


# ------------------------------------------------------------------------------------------------------------ cuts


def test_a_line_that_is_cut_is_heard_again(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = only(2, Mishap(cut_in_line=True), watches=True)
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: api.watches, "a watch")
        api.put("a")
        api.put("b")
        sees(reflector, "a", "b")
    assert len(lists(told)) == 1


def test_a_watch_that_is_cut_all_the_time_loses_nothing(tmp_path: Path) -> None:
    """Every 50 ms, wherever it is; and the server is not stormed."""
    api = FakeApi()
    api.mishap = lambda _: Mishap(cut_after=0.05)
    began = time.monotonic()
    with watching(api, tmp_path, replace(QUICK, shortest=0.1)) as (reflector, told):
        for i in range(40):
            api.put(f"pod-{i}")
            if i % 3 == 0:
                until(lambda i=i: f"pod-{i}" in names(reflector), "the newest")  # type: ignore[misc]
            if i % 2:
                api.delete(f"pod-{i - 1}")
        sees(reflector, *(f"pod-{i}" for i in range(1, 40, 2)))
    assert len(lists(told)) == 1
    # one that told something is followed after 0.075 s, from its beginning, at the earliest; one that did not lasts its
    # 0.05 s and is followed by a pause of at least half of 0.02
    assert (len(api.watches) - 1) * 0.06 <= time.monotonic() - began


def test_a_watch_that_ends_at_once_and_says_nothing_has_failed(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = only(5, Mishap(end_after=0.0), watches=True)
    with watching(api, tmp_path, replace(QUICK, shortest=20)) as (reflector, told):  # at once, on the busiest machine
        until(lambda: State.BROKEN in states(told), "broken")
        until(lambda: len(api.watches) == 6, "the good watch")
        assert reflector._pauses.failures == 5
        api.put("a")
        sees(reflector, "a")
        live(reflector)
    assert states(told) == [State.LIVE, State.BROKEN, State.LIVE]  # not one turn more for each try
    assert len(lists(told)) == 1
    assert any(isinstance(notice, Turned) and "at once" in notice.reason for notice in told)


def test_a_watch_that_told_something_has_not_failed_however_short(tmp_path: Path) -> None:
    api = FakeApi()

    def tell_and_cut(asked: Asked) -> Mishap:
        if asked.is_watch:
            api.put(f"pod-{len(api.watches)}")
        return Mishap(cut_after=0.0)

    api.mishap = tell_and_cut
    with watching(api, tmp_path, replace(QUICK, shortest=0.5)) as (reflector, told):
        until(lambda: len(api.watches) == 3, "three watches")
        assert reflector._pauses.failures == 0
    assert states(told) == [State.LIVE]


def test_silence_is_a_dead_connection(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = only(2, Mishap(quiet=True), watches=True)
    with watching(api, tmp_path, replace(QUICK, silence=0.1)) as (reflector, told):
        until(lambda: api.watches, "a watch")
        api.put("a")
        sees(reflector, "a")
    assert len(api.watches) >= 3
    assert len(lists(told)) == 1
    assert states(told) == [State.LIVE]


def test_patience_grows_with_servers_that_have_no_bookmarks(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = lambda _: Mishap(quiet=True)
    with watching(api, tmp_path, replace(QUICK, silence=0.1, watch=0.4)) as (reflector, _):
        until(lambda: reflector._patience == pytest.approx(0.6), "one and a half watches")  # 0.1, 0.2, 0.4, 0.6
        api.mishap = lambda _: GOOD

        def again() -> bool:
            api.put("a")
            return reflector._patience == 0.1

        until(again, "as patient as at first")


# ---------------------------------------------------------------------------------------------------------- refusals


def test_a_storm_of_errors_is_waited_out(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("a")
    api.mishap = only(6, Mishap(status=500, body=b'{"message": "etcdserver: leader changed"}'), watches=False)
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        sees(reflector, "a")
        assert reflector._pauses.failures == 6
    broken = next(notice for notice in told if isinstance(notice, Turned))
    assert (broken.state, "500 etcdserver: leader changed" in broken.reason) == (State.BROKEN, True)
    assert states(told) == [State.BROKEN, State.LIVE]
    assert len(api.lists) == 7


@pytest.mark.parametrize(
    "status", [pytest.param(503, id="away"), pytest.param(401, id="a-token-that-has-just-changed")]
)
def test_errors_of_a_watch_do_not_cost_a_list(tmp_path: Path, status: int) -> None:
    api = FakeApi()
    api.mishap = only(4, Mishap(status=status), watches=True)
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        api.put("a")
        sees(reflector, "a")
    assert len(api.lists) == 1
    assert states(told) == [State.BROKEN, State.LIVE]


@pytest.mark.parametrize("watches", [False, True], ids=["list", "watch"])
def test_the_server_says_when_to_come_back(tmp_path: Path, watches: bool) -> None:
    api = FakeApi()
    busy = Mishap(status=429, headers={"Retry-After": "1"}, body=b'{"message": "too many requests"}')
    api.mishap = only(1, busy, watches=watches)
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: State.BROKEN in states(told), "broken")
        live(reflector)
    same = api.watches if watches else api.lists
    assert same[1].at - same[0].at >= 1.0  # our own pause would be 0.02 s


def test_a_kind_that_is_not_there_yet(tmp_path: Path) -> None:
    api = FakeApi("/apis/example.com/v1/things")
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: state(reflector) is State.MISSING, "missing")
        view = reflector.store.view()
        assert (view.reason, view.listed) == ("the server has no pods in v1", True)
        until(lambda: len(api.lists) >= 4, "looked at again and again")
        assert states(told) == [State.MISSING]
        assert not lists(told)
        api.path = "/api/v1/pods"
        api.put("a")
        sees(reflector, "a")
        live(reflector)


def test_a_kind_that_goes_takes_its_objects_along(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("a")
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        api.mishap = lambda asked: Mishap(status=404) if not asked.is_watch else GOOD
        api.forget()
        until(lambda: state(reflector) is State.MISSING, "missing")
        sees(reflector)
    assert [item.metadata.name for item in lists(told)[-1].vanished] == ["a"]


def test_a_server_that_has_just_started_may_not_know_its_kinds(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("a")
    seen = set()
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        api.mishap = only(3, Mishap(status=404), watches=False)
        api.forget()
        while len(lists(told)) < 2:
            seen.add(frozenset(names(reflector)))
    assert seen == {frozenset({"a"})}
    assert State.MISSING not in states(told)


def test_what_may_not_be_listed_is_a_state(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("a")
    denied = Mishap(status=403, body=b'{"message": "User \\"eve\\" cannot list resource \\"pods\\""}')
    api.mishap = lambda _: denied
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: state(reflector) is State.FORBIDDEN, "forbidden")
        view = reflector.store.view()
        assert 'User "eve" cannot list resource "pods"' in view.reason
        assert not view.listed
        until(lambda: len(api.lists) >= 3, "looked at again")
        api.mishap = lambda _: GOOD
        sees(reflector, "a")
        live(reflector)
    assert states(told) == [State.FORBIDDEN, State.LIVE]


def test_what_may_be_listed_and_not_watched_is_listed_now_and_then(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = lambda asked: Mishap(status=403) if asked.is_watch else GOOD
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: state(reflector) is State.FORBIDDEN, "forbidden")
        api.put("a")
        sees(reflector, "a")
    assert states(told) == [State.FORBIDDEN]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(
            b'{"type": "ERROR", "object": {"code": 500, "message": "storage is being initialised"}}\n',
            "500 storage is being initialised",
            id="error-event",
        ),
        pytest.param(b"<html>log in</html>\n", "no Kubernetes API", id="login-page"),
        pytest.param(b'{"type": "SURPRISE", "object": {"metadata": {}}}\n', "SURPRISE", id="unknown-event"),
    ],
)
def test_a_watch_that_talks_nonsense_is_begun_anew(tmp_path: Path, line: bytes, reason: str) -> None:
    api = FakeApi()
    api.mishap = only(1, Mishap(body=line), watches=True)
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: len(lists(told)) == 2, "a second list")
        live(reflector)
    assert any(isinstance(notice, Turned) and reason in notice.reason for notice in told)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html>log in</html>", id="html"),
        pytest.param(b'{"items": []}', id="no-version"),
        pytest.param(b'{"items": [{"metadata": 7}], "metadata": {"resourceVersion": "1"}}', id="no-objects"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, body: bytes) -> None:
    api = FakeApi()
    api.mishap = only(2, Mishap(status=200, body=body), watches=False)
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
    broken = next(notice for notice in told if isinstance(notice, Turned))
    assert (broken.state, "no Kubernetes API" in broken.reason) == (State.BROKEN, True)


def test_a_server_that_does_not_begin_to_answer(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = only(1, Mishap(hang=True), watches=True)
    with watching(api, tmp_path, replace(QUICK, silence=0.2)) as (reflector, told):
        until(lambda: State.BROKEN in states(told), "broken")
        live(reflector)
    broken = next(notice for notice in told if isinstance(notice, Turned) and notice.state is State.BROKEN)
    assert "did not begin to answer within 0.2 s" in broken.reason


# ----------------------------------------------------------------------------------------------------------- odd objects

ODD: dict[str, Any] = {"spec": {"containers": "none"}}


def test_an_odd_object_does_not_spoil_a_list(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("fine")
    api.put("odd", **ODD)
    with watching(api, tmp_path) as (reflector, _):
        sees(reflector, "fine")
        view = reflector.store.view()
        assert view.unreadable.keys() == {("shop", "odd")}
        assert "$.spec.containers" in view.unreadable["shop", "odd"]
        api.put("odd")
        sees(reflector, "fine", "odd")
        assert not reflector.store.view().unreadable


def test_an_odd_object_does_not_spoil_a_watch(tmp_path: Path) -> None:
    api = FakeApi()
    api.put("a")
    with watching(api, tmp_path) as (reflector, told):
        live(reflector)
        api.put("a", **ODD)
        api.put("b")
        sees(reflector, "b")
        assert reflector.store.view().unreadable.keys() == {("shop", "a")}
        api.delete("a")
        until(lambda: not reflector.store.view().unreadable, "forgotten")
    assert states(told) == [State.LIVE]


# --------------------------------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize(
    ("mishap", "requests"),
    [
        pytest.param(lambda _: GOOD, 2, id="in-a-watch"),
        pytest.param(lambda asked: Mishap(hang=not asked.is_watch), 1, id="before-a-list-is-answered"),
        pytest.param(lambda asked: Mishap(hang=asked.is_watch), 2, id="before-a-watch-is-answered"),
        pytest.param(lambda _: Mishap(quiet=True), 2, id="in-silence"),
        pytest.param(lambda _: Mishap(status=429, headers={"Retry-After": "200"}), 1, id="while-waiting"),
    ],
)
def test_stopping_takes_no_time(tmp_path: Path, mishap: Callable[[Asked], Mishap], requests: int) -> None:
    api = FakeApi()
    api.mishap = mishap
    with watching(api, tmp_path) as (reflector, told):
        until(lambda: len(api.asked) == requests, "asked")
        assert reflector.stop(1.0)
        before, said = reflector.store.view(), len(told)
        api.put("late")
        api.forget()
        after = reflector.store.view()
    assert (after.version, after.state, dict(after.objects)) == (before.version, before.state, {})
    assert len(told) == said
    assert len(api.asked) == requests


def test_stopping_what_was_never_started(tmp_path: Path) -> None:
    with serving(FakeApi(), tmp_path) as settings:
        assert Reflector(KubeClient(settings), PODS).stop(0.0)


def test_who_listens_badly_does_not_stop_the_watch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    api = FakeApi()

    def fail(*_: object) -> None:
        raise RuntimeError("of no interest")

    with serving(api, tmp_path) as settings:
        reflector = Reflector(KubeClient(settings), PODS, pace=QUICK, report=fail, beat=fail)
        reflector.start()
        api.put("a")
        sees(reflector, "a")
        live(reflector)
        assert reflector.stop(1.0)
    assert "a listener to a watch failed" in caplog.text


class Fragile(Pod):
    """Cannot be made where it must."""

    def __post_init__(self) -> None:
        if self.metadata.name == "poison":
            raise RuntimeError("what a pod")


def test_a_bug_of_ours_is_a_state_and_not_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    api, told = FakeApi(), Told()
    api.put("poison")
    with serving(api, tmp_path) as settings:
        reflector = Reflector(KubeClient(settings), replace(PODS, item=Fragile), pace=QUICK, report=told.append)
        reflector.start()
        until(lambda: len(api.lists) == 3, "tried again")
        api.delete("poison")
        api.put("a")
        sees(reflector, "a")
        live(reflector)
        assert reflector.stop(1.0)
    assert states(told) == [State.BROKEN, State.LIVE]
    assert any(isinstance(one, Turned) and "a bug of ours: RuntimeError: what a pod" in one.reason for one in told)
    assert "watching pods" in caplog.text
