"""What every source of facts gives, and how it tells of its progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Facts and usage of one moment: what goes into the brain, and what was left out on the way."""

    snapshot: Snapshot
    history: History  # on the rows of the snapshot
    skips: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()  # sentences for the user: a clock that is off, a series that does not exist
    cleaned: Mapping[str, int] = field(default_factory=dict)  # reason: samples dropped or mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which part of the cluster is looked at."""

    cluster: str = "default"  # the cluster's name, the first part of every key
    namespaces: tuple[str, ...] = ()  # none: all but ``excluded_namespaces``
    excluded_namespaces: tuple[str, ...] = ("kube-system",)
    selector: str = ""  # label selector on pods, as kubectl -l

    def __post_init__(self) -> None:
        if not self.cluster or "/" in self.cluster:
            raise UsageError(
                f"cluster name {self.cluster!r}: it is a part of every key, so it may not be empty or have a /"
            )

    def covers(self, namespace: str) -> bool:
        """A namespace asked for by name is covered even where it is excluded by default."""
        return namespace in self.namespaces if self.namespaces else namespace not in self.excluded_namespaces


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a longer work: ``done`` of ``total`` (None: unknown) in a phase such as "discover" or "query"."""

    phase: str
    done: int
    total: int | None = None
    detail: str = ""


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """For callers who do not care."""


class Source(Protocol):
    """Where facts come from. Raises SourceUnavailable, SourceRefused, SourceConfused or FileRefused."""

    def observe(self, scope: Scope, report: Report = silent) -> Observation: ...
