"""When the pods of a demo workload come and go: one generation of pods after the other.

A life is called with the first and the last moment of the record (epoch seconds) and says which generations there were.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from vpa_inplace.demo.shapes import DAY, HOUR

OLD: Final = timedelta(days=20)  # how long before the record's end a long-lived pod was made


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Pods that start together and end together. Moments are epoch seconds, multiples of five minutes."""

    born: int
    gone: int | None = None  # its processes ended; None: they still run at the end of the record
    deleted: int | None = None  # its pod objects vanished; None: they are still there
    finished: bool = False  # ended by itself, as a Job's pod does


class Life(Protocol):
    def __call__(self, start: int, end: int) -> tuple[Generation, ...]: ...


@dataclass(frozen=True, slots=True)
class Steady:
    """The same pods all the time, made long before the record begins."""

    def __call__(self, start: int, end: int) -> tuple[Generation, ...]:  # noqa: ARG002 - a life
        return (Generation(born=end - int(OLD.total_seconds())),)


@dataclass(frozen=True, slots=True)
class Since:
    """Made within the record and never replaced."""

    ago: timedelta  # before the end of the record

    def __call__(self, start: int, end: int) -> tuple[Generation, ...]:  # noqa: ARG002 - a life
        return (Generation(born=end - int(self.ago.total_seconds())),)


@dataclass(frozen=True, slots=True)
class Rollout:
    """Replaced once: new pods come up, and ten minutes later the old ones are gone."""

    ago: timedelta  # before the end of the record
    overlap: timedelta = timedelta(minutes=10)

    def __call__(self, start: int, end: int) -> tuple[Generation, ...]:
        moment = end - int(self.ago.total_seconds())
        new = Generation(born=moment)
        if moment <= start:
            return (new,)
        gone = moment + int(self.overlap.total_seconds())
        return Generation(born=end - int(OLD.total_seconds()), gone=gone, deleted=gone), new


@dataclass(frozen=True, slots=True)
class Nightly:
    """A CronJob's pods: one run a day that ends by itself; the objects of the last ``kept`` runs stay to be looked at."""

    hour: int
    lasting: timedelta
    kept: int = 3  # CronJob successfulJobsHistoryLimit's default

    def __call__(self, start: int, end: int) -> tuple[Generation, ...]:
        first = start - start % DAY + self.hour * HOUR
        span = int(self.lasting.total_seconds())
        births = [at for at in range(first, end, DAY) if at >= start and at + span <= end]
        runs = []
        for i, born in enumerate(births):
            follower = births[i + self.kept] + span if i + self.kept < len(births) else None
            runs.append(Generation(born=born, gone=born + span, deleted=follower, finished=True))
        return tuple(runs)
