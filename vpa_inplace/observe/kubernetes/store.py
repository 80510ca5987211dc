"""Objects of one kind as an API server last told them: written by one thread, read by others as a whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from vpa_inplace.observe.kubernetes.objects import Metadata
from vpa_inplace.observe.kubernetes.pods import Watched

Item = TypeVar("Item", bound=Watched)

Key = tuple[str, str]
"""(namespace, name); the namespace of what has none is empty."""

NEVER: Final = float("inf")
NOTHING_YET: Final = "nothing was heard yet"


class State(StrEnum):
    """How we stand with the server about one kind."""

    WAITING = "Waiting"  # nothing was heard yet
    LIVE = "Live"  # listed, and watched
    BROKEN = "Broken"  # tried again and again; what is known gets old
    MISSING = "Missing"  # the server has no such kind, hence no such objects
    FORBIDDEN = "Forbidden"  # we may not list, or may not watch


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Generic[Item]):
    """One moment of a kind. Objects in it never change; where one is the same as in an earlier view, it is identical."""

    objects: Mapping[Key, Item] = field(default_factory=dict)
    unreadable: Mapping[Key, str] = field(default_factory=dict)  # objects that do not fit their kind, and why
    state: State = State.WAITING
    reason: str = NOTHING_YET  # a sentence; empty while live
    age: float = (
        NEVER  # seconds since the server last vouched for it: a list, an event, a bookmark; NEVER before a list
    )
    version: int = 0  # grows when objects do not stay the same

    @property
    def listed(self) -> bool:
        """Whether an absent object is known not to be there."""
        return self.age < NEVER


class Store(Generic[Item]):
    """Filled by the thread that watches. ``beat`` is called after each change, by that thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, beat: Callable[[], None] = lambda: None) -> None:
        self._clock, self._beat = clock, beat
        self._lock = threading.Lock()
        self._objects: dict[Key, Item] = {}
        self._unreadable: dict[Key, str] = {}
        self._state, self._reason = State.WAITING, NOTHING_YET
        self._heard = -NEVER
        self._version = 0
        self._shown: View[Item] = View()

    def view(self) -> View[Item]:
        """Everything, as of now."""
        with self._lock:
            same = self._shown.version == self._version
            self._shown = View(
                objects=self._shown.objects if same else MappingProxyType(self._objects.copy()),
                unreadable=self._shown.unreadable if same else MappingProxyType(self._unreadable.copy()),
                state=self._state,
                reason=self._reason,
                age=self._clock() - self._heard,
                version=self._version,
            )
            return self._shown

    @property
    def age(self) -> float:
        """Of a view made now."""
        return self._clock() - self._heard

    @property
    def state(self) -> State:
        return self._state

    def __len__(self) -> int:
        return len(self._objects)

    def known(self, item: Item) -> Item:
        """The same object as it is kept, if it has not changed: one of the two need not stay in memory."""
        kept = self._objects.get(key_of(item.metadata))
        same = kept is not None and _identity(kept) == _identity(item)
        return kept if same and kept is not None else item

    def replace(self, objects: dict[Key, Item], unreadable: dict[Key, str]) -> tuple[Item, ...]:
        """Everything anew, at once. Returns objects that are no longer there, also where a namesake is."""
        with self._lock:
            before = self._objects
            changed = objects != before or unreadable != self._unreadable
            self._objects, self._unreadable = objects, unreadable
            self._heard = self._clock()
            self._version += changed
        self._beat()
        stay = {item.metadata.uid for item in objects.values()}
        return tuple(item for key, item in before.items() if item.metadata.uid not in stay and key not in unreadable)

    def put(self, item: Item) -> None:
        key = key_of(item.metadata)
        with self._changing():
            self._objects[key] = item
            self._unreadable.pop(key, None)

    def drop(self, key: Key) -> None:
        with self._changing():
            self._objects.pop(key, None)
            self._unreadable.pop(key, None)

    def cannot_read(self, key: Key, why: str) -> None:
        """What was known of the object no longer holds; that it exists does."""
        with self._changing():
            self._objects.pop(key, None)
            self._unreadable[key] = why

    def hear(self) -> None:
        """The server says that there is nothing else to say."""
        self._heard = self._clock()

    def turn(self, state: State, reason: str = "") -> bool:
        """Whether that is a turn."""
        with self._lock:
            turned = self._state is not state
            self._state, self._reason = state, reason
        if turned:
            self._beat()
        return turned

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            yield
            self._heard = self._clock()
            self._version += 1
        self._beat()


def key_of(metadata: Metadata) -> Key:
    return metadata.namespace, metadata.name


def _identity(item: Watched) -> tuple[str, str]:
    return item.metadata.uid, item.metadata.resource_version
