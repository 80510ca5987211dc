"""What readers of a store see while one thread writes it."""

from __future__ import annotations

import threading

import pytest

from vpa_inplace.observe.kubernetes.kinds import ConfigMap
from vpa_inplace.observe.kubernetes.pods import ObjectMeta
from vpa_inplace.observe.kubernetes.store import NEVER, State, Store


def a_map(name: str, version: str = "1", uid: str = "", **data: str) -> ConfigMap:
    metadata = ObjectMeta(name=name, namespace="shop", uid=uid or f"uid-{name}", resource_version=version)
    return ConfigMap(metadata=metadata, data=data)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def filled(*items: ConfigMap, clock: Clock | None = None) -> Store[ConfigMap]:
    store: Store[ConfigMap] = Store(clock=clock or Clock())
    store.replace({("shop", item.metadata.name): item for item in items}, {})
    return store


def test_before_anything_was_heard() -> None:
    view = Store[ConfigMap]().view()
    assert (view.state, view.reason, view.age, view.listed) == (State.WAITING, "nothing was heard yet", NEVER, False)
    assert not view.objects


def test_a_view_does_not_change() -> None:
    store = filled(a_map("a"))
    before = store.view()
    store.put(a_map("b"))
    store.drop(("shop", "a"))
    assert set(before.objects) == {("shop", "a")}
    assert set(store.view().objects) == {("shop", "b")}


def test_a_view_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        filled(a_map("a")).view().objects["shop", "b"] = a_map("b")  # type: ignore[index]


def test_the_same_objects_while_nothing_changes() -> None:
    """A reader may remember what it made of an object by the object itself."""
    store = filled(a_map("a"), a_map("b"))
    before = store.view()
    store.hear()
    assert store.view().objects is before.objects
    store.put(a_map("b", version="2"))
    after = store.view()
    assert after.objects["shop", "a"] is before.objects["shop", "a"]
    assert after.version > before.version


def test_age_counts_from_what_was_last_heard() -> None:
    clock = Clock()
    store = filled(a_map("a"), clock=clock)
    clock.now += 40
    assert store.view().age == 40
    store.hear()
    clock.now += 2
    assert store.view().age == 2
    store.put(a_map("a", version="2"))
    assert store.view().age == 0


def test_replacing_tells_what_is_gone() -> None:
    kept, changed, gone, reborn = a_map("kept"), a_map("changed"), a_map("gone"), a_map("reborn", uid="first")
    store = filled(kept, changed, gone, reborn)
    fresh = (kept, a_map("changed", version="2"), a_map("reborn", uid="second"), a_map("new"))
    vanished = store.replace({("shop", item.metadata.name): item for item in fresh}, {})
    assert {(item.metadata.name, item.metadata.uid) for item in vanished} == {("gone", "uid-gone"), ("reborn", "first")}


def test_replacing_with_the_same_is_no_change() -> None:
    store = filled(a_map("a"))
    before = store.view()
    assert store.replace({("shop", "a"): store.known(a_map("a"))}, {}) == ()
    assert store.view().version == before.version


@pytest.mark.parametrize(
    ("item", "same"),
    [
        pytest.param(a_map("a"), True, id="unchanged"),
        pytest.param(a_map("a", version="2"), False, id="newer"),
        pytest.param(a_map("a", uid="another"), False, id="a-namesake"),
        pytest.param(a_map("b"), False, id="unknown"),
    ],
)
def test_known_objects_are_kept_once(item: ConfigMap, same: bool) -> None:
    store = filled(a_map("a"))
    assert (store.known(item) is store.view().objects["shop", "a"]) is same
    assert same or store.known(item) is item


def test_an_unreadable_object_is_not_taken_for_gone() -> None:
    store = filled(a_map("a"))
    store.cannot_read(("shop", "a"), "Expected `str`")
    view = store.view()
    assert (dict(view.objects), dict(view.unreadable)) == ({}, {("shop", "a"): "Expected `str`"})
    store.put(a_map("a", version="3"))
    assert not store.view().unreadable
    assert store.replace({}, {("shop", "a"): "Expected `str`"}) == ()
    store.drop(("shop", "a"))
    assert not store.view().unreadable


def test_turning_is_told_once() -> None:
    beats = []
    store: Store[ConfigMap] = Store(beat=lambda: beats.append(1))
    assert store.turn(State.BROKEN, "one")
    assert not store.turn(State.BROKEN, "two")
    assert (store.view().reason, len(beats)) == ("two", 1)


def test_readers_see_whole_lists_only() -> None:
    """One thread swaps between all of ``a`` and all of ``b``; nobody ever sees some of each."""
    store: Store[ConfigMap] = Store()
    lists = [{("shop", f"{letter}{i}"): a_map(f"{letter}{i}") for i in range(200)} for letter in "ab"]
    store.replace(lists[0], {})
    ended = threading.Event()

    def write() -> None:
        for i in range(300):
            store.replace(dict(lists[i % 2]), {})
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    over = False
    while not over:
        over = ended.is_set()  # once more after the end
        assert len({name[0] for _, name in store.view().objects}) == 1
    writer.join()
