"""Many kinds kept up to date at once, each by a thread of its own, and looked at together.

A tick takes ``views()`` once and then works on what cannot change under it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from vpa_inplace.observe.kubernetes.client import KubeClient
from vpa_inplace.observe.kubernetes.kind import Kind, group_of
from vpa_inplace.observe.kubernetes.kinds import KINDS
from vpa_inplace.observe.kubernetes.pace import PACE, Pace
from vpa_inplace.observe.kubernetes.pods import Watched
from vpa_inplace.observe.kubernetes.store import State, View
from vpa_inplace.observe.kubernetes.watch import EVERYWHERE, Reflector, Report, Where, silent

Item = TypeVar("Item", bound=Watched)

NOWHERE: Final[Mapping[type[Watched], Where]] = {}


@dataclass(frozen=True, slots=True)
class Views:
    """All kinds as they stand at one moment."""

    _views: Mapping[Kind[Any], View[Any]]
    _by_type: Mapping[type[Watched], View[Any]] = field(init=False)
    _by_name: Mapping[tuple[str, str], tuple[Kind[Any], View[Any]]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_type", {kind.item: view for kind, view in self._views.items()})
        by_name = {(kind.group, kind.name): (kind, view) for kind, view in self._views.items()}
        object.__setattr__(self, "_by_name", by_name)

    def of(self, item: type[Item]) -> View[Item]:
        """One kind, by its struct; a kind that is not watched has nothing and says so."""
        return cast("View[Item]", self._by_type.get(item) or _not_watched(item.__name__))

    def named(self, group_version: str, kind: str) -> tuple[Kind[Any], View[Any]] | None:
        """One kind by its name, whatever the version it is asked for in."""
        return self._by_name.get((group_of(group_version), kind))

    def __iter__(self) -> Iterator[tuple[Kind[Any], View[Any]]]:
        return iter(self._views.items())


class Cache:
    """Reflectors of all ``kinds``; of those that are watched by name only, the ones that ``where`` names."""

    def __init__(
        self,
        client: KubeClient,
        *,
        kinds: Iterable[Kind[Any]] = KINDS,
        where: Mapping[type[Watched], Where] = NOWHERE,
        pace: Pace = PACE,
        report: Report = silent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pulse = threading.Condition()
        self._beats = 0
        self._clock = clock
        self._reflectors: tuple[Reflector[Any], ...] = tuple(
            Reflector(client, kind, where=place, pace=pace, report=report, beat=self._beat, clock=clock)
            for kind in kinds
            if (place := where.get(kind.item, EVERYWHERE)).name or not kind.by_name_only
        )

    def start(self) -> None:
        for reflector in self._reflectors:
            reflector.start()

    def stop(self, seconds: float = 1.0) -> bool:
        """End all threads; whether they have ended in this time. Nothing changes in any view from now on."""
        for reflector in self._reflectors:
            reflector.ask_to_stop()
        until = time.monotonic() + seconds
        ended = [reflector.stop(max(0.0, until - time.monotonic())) for reflector in self._reflectors]
        return all(ended)

    def views(self) -> Views:
        return Views({reflector.kind: reflector.store.view() for reflector in self._reflectors})

    @property
    def beats(self) -> int:
        """How often anything has changed so far."""
        return self._beats

    def wait(self, beats: int, seconds: float) -> int:
        """Return once more than ``beats`` changes have happened, or after these seconds; how many there were."""
        with self._pulse:
            self._pulse.wait_for(lambda: self._beats > beats, seconds)
            return self._beats

    def settle(self, seconds: float) -> bool:
        """Wait until every kind is listed, or known not to be listable now; whether that came in this time."""

        def settled() -> bool:
            return all(reflector.store.state is not State.WAITING for reflector in self._reflectors)

        with self._pulse:
            return self._pulse.wait_for(settled, seconds)

    def _beat(self) -> None:
        with self._pulse:
            self._beats += 1
            self._pulse.notify_all()


def _not_watched(kind: str) -> View[Any]:
    return View(state=State.MISSING, reason=f"{kind} is not watched")
