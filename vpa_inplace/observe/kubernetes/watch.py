"""One kind of objects kept up to date: listed once, then watched; listed anew only where the watch cannot go on.

Bookmarks come once a minute or so and prove that nothing was missed; silence proves nothing. Each trouble has an answer:

* the version watched from is gone (410): list anew
* the watch breaks off, or falls silent: go on from the last version heard of
* errors: again after 0.5, 1, 2, ... 30 s with jitter, or when the server says (Retry-After)
* no such kind (404), or not allowed (403): a state with a reason, looked at once a minute
* nothing vouched for in 10 minutes, whatever was tried: list anew
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from vpa_inplace.domain.errors import SourceConfused, SourceUnavailable
from vpa_inplace.observe.kubernetes.client import PAGE, BadRequest, Forbidden, Gone, KubeClient, NotFound
from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.news import Complaint, Nothing, NotThere, Odd, Reader, There
from vpa_inplace.observe.kubernetes.pace import PACE, Pace, Pauses
from vpa_inplace.observe.kubernetes.pods import Watched
from vpa_inplace.observe.kubernetes.store import Key, State, Store, key_of
from vpa_inplace.observe.kubernetes.stream import Cut, Silent, Stream, TryLater
from vpa_inplace.observe.kubernetes.wire import Wire

SURE: Final = 3
"""Times that a kind with objects must not be found before it counts as missing, since a server that has just started may
not know all its kinds yet; and that its version must be gone, list after list, before it counts as broken."""
ANEW: Final = (Gone, NotFound, BadRequest, Complaint, Forbidden, SourceConfused)
"""After these the watch does not go on from where it was."""

_log = logging.getLogger(__name__)

Item = TypeVar("Item", bound=Watched)


@dataclass(frozen=True, slots=True)
class Where:
    """Which objects of a kind: of one namespace, or the one with a name; by default all."""

    namespace: str | None = None
    name: str | None = None


EVERYWHERE: Final = Where()


@dataclass(frozen=True, slots=True)
class Turned:
    """We stand differently with the server about a kind."""

    kind: str
    state: State
    reason: str  # empty when live


@dataclass(frozen=True, slots=True)
class Listed:
    """A kind was listed, for the first time or anew."""

    kind: str
    objects: int
    vanished: tuple[Watched, ...]  # gone without our having seen them go
    why: str


Notice = Turned | Listed
Report = Callable[[Notice], None]


def silent(_: Notice) -> None:
    """For callers who do not care."""


class Reflector(Generic[Item]):
    """One kind's thread, and the store that it fills. ``report`` and ``beat`` are called by that thread."""

    def __init__(
        self,
        client: KubeClient,
        kind: Kind[Item],
        *,
        where: Where = EVERYWHERE,
        pace: Pace = PACE,
        report: Report = silent,
        beat: Callable[[], None] = lambda: None,
        dice: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind = kind
        self.store: Store[Item] = Store(clock=clock, beat=lambda: _unharmed(beat))
        self._pace, self._pauses, self._report, self._clock = pace, Pauses(pace, dice), report, clock
        self._wire = Wire()
        self._stream = Stream(client, self._wire)
        self._reader = Reader(kind, client.server)
        self._path = kind.path(where.namespace)
        self._asked = {} if where.name is None else {"fieldSelector": f"metadata.name={where.name}"}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{kind.plural}", daemon=True)
        self._version = ""  # of the last news; empty: list first
        self._why = "the first time"  # we list
        self._patience = pace.silence
        self._not_found = 0  # times in a row
        self._told = False  # something, by the present watch
        self._doubtful = False  # the last watch ended at once without a word

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """End all waiting and reading. Nothing changes in the store from now on."""
        self._stopping.set()
        self._wire.cut()

    def stop(self, seconds: float = 1.0) -> bool:
        """Ask, and wait until the thread has ended: at once, but for a connection that is just being made (5 s)."""
        self.ask_to_stop()
        if self._thread.ident is not None:  # it was started
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self._step()
            except SourceUnavailable as error:
                pause = self._trouble(error)
            except Exception as error:  # noqa: BLE001 - a thread that dies is noticed by nobody, a state is
                _log.exception("watching %s", self.kind.plural)
                self._version, self._why = "", "a bug of ours"
                pause = self._broken(f"a bug of ours: {type(error).__name__}: {error}")
            self._stopping.wait(pause)

    def _step(self) -> float:
        """A list where one is due, then a watch to its end. Returns the seconds to wait before the next step."""
        if self._version and self.store.age > self._pace.stale:
            self._why = f"nothing was heard for {self._pace.stale:g} s"
            self._list()
        if not self._version:
            self._list()
        return self._watch()

    def _list(self) -> None:
        objects: dict[Key, Item] = {}
        unreadable: dict[Key, str] = {}
        query: dict[str, str | int] = {"limit": PAGE, **self._asked}
        while True:
            page = self._reader.page(self._stream.body(self._path, query))
            for item in page.items:
                objects[key_of(item.metadata)] = self.store.known(item)
            unreadable |= page.unreadable
            if not page.token:
                break
            query["continue"] = page.token
        if self._stopping.is_set():
            return
        self._not_found = 0
        vanished = self.store.replace(objects, unreadable)
        self._version = page.version
        self._tell(Listed(self.kind.name, len(objects), vanished, self._why))

    def _watch(self) -> float:
        began, self._told = self._clock(), False
        ended = "the server ends the watch at once"
        try:
            self._follow()
        except Silent:
            self._patience = min(2 * self._patience, 1.5 * self._pace.watch)
            ended = ""
        except Cut as error:
            ended = str(error)
        else:
            if self._clock() - began >= self._pace.shortest:
                self._heard_out()
        lasted = self._clock() - began
        self._doubtful = not self._told and lasted < self._pace.shortest
        return self._broken(ended) if self._doubtful else self._pauses.after_success(lasted)

    def _follow(self) -> None:
        query: dict[str, str | int] = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": self._pauses.watch(),
            **self._asked,
        }
        with closing(self._stream.lines(self._path, query, self._patience)) as lines:
            for line in lines:
                if self._stopping.is_set():
                    return
                if line:
                    self._hear(line)
                if line or not self._doubtful:
                    self._turn(State.LIVE)

    def _hear(self, line: bytes) -> None:
        news, self._version = self._reader.event(line)
        match news:
            case There(item):
                self.store.put(item)
            case Odd(key, why):
                self.store.cannot_read(key, why)
            case NotThere(key):
                self.store.drop(key)
            case Nothing():
                self.store.hear()
        self._told, self._patience = True, self._pace.silence

    def _heard_out(self) -> None:
        """The server itself ended a watch, after all that there was to tell."""
        if not self._stopping.is_set():
            self.store.hear()

    def _trouble(self, error: SourceUnavailable) -> float:
        """What an error means for the next step, and the seconds to wait before it."""
        if isinstance(error, ANEW):
            self._version, self._why = "", str(error)
        match error:
            case Gone():
                if self._pauses.expired >= SURE:
                    self._turn(State.BROKEN, str(error))
                return self._pauses.after_expiry()
            case NotFound():
                return self._unknown_kind(str(error))
            case Forbidden():
                self._turn(State.FORBIDDEN, str(error))
                return self._pauses.slow()
            case TryLater():
                return self._broken(str(error), error.after)
            case _:
                return self._broken(str(error))

    def _unknown_kind(self, said: str) -> float:
        self._not_found += 1
        if len(self.store) and self._not_found <= SURE:
            return self._broken(said)
        reason = f"the server has no {self.kind.plural} in {self.kind.group_version}"
        if not self._stopping.is_set() and (vanished := self.store.replace({}, {})):
            self._tell(Listed(self.kind.name, 0, vanished, reason))
        self._turn(State.MISSING, reason)
        return self._pauses.slow()

    def _broken(self, reason: str, told_to_wait: float = 0.0) -> float:
        self._turn(State.BROKEN, reason)
        return self._pauses.after_failure(told_to_wait)

    def _turn(self, state: State, reason: str = "") -> None:
        if not self._stopping.is_set() and self.store.turn(state, reason):
            self._tell(Turned(self.kind.name, state, reason))

    def _tell(self, notice: Notice) -> None:
        _unharmed(lambda: self._report(notice))


def _unharmed(call: Callable[[], None]) -> None:
    """Whoever listens does not stop the watch."""
    try:
        call()
    except Exception:  # noqa: BLE001 - theirs, whatever it is
        _log.exception("a listener to a watch failed")
