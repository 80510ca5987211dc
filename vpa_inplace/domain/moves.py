"""What may be done to a pod, why, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, TooBig
from vpa_inplace.domain.intent import Intent
from vpa_inplace.domain.keys import ContainerKey
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.resource import Resource

__all__ = ["NO_ROW", "Change", "Crowding", "Intent", "Move", "Refusal", "Skip", "Verdict"]

NO_ROW: Final = -1


@dataclass(frozen=True, slots=True)
class Change:
    """New requests and limits of one container. In ``requests`` and ``limits`` ``None`` means left as it is."""

    container: str
    row: int  # of the sizing index; NO_ROW where an undo meets a container that is not sized any more
    old_requests: Amounts
    old_limits: Amounts
    requests: Amounts
    limits: Amounts
    lowered: tuple[Resource, ...] = field(init=False, repr=False, compare=False)
    """Whose request or limit falls; said once here because most guards ask."""

    def __post_init__(self) -> None:
        cpu = _falls(self.old_requests.cpu, self.requests.cpu) or _falls(self.old_limits.cpu, self.limits.cpu)
        memory = _falls(self.old_requests.memory, self.requests.memory) or _falls(
            self.old_limits.memory, self.limits.memory
        )
        object.__setattr__(self, "lowered", (Resource.CPU,) * cpu + (Resource.MEMORY,) * memory)

    def after(self) -> tuple[Amounts, Amounts]:
        """Requests and limits once the change is made."""
        return self.old_requests.overlaid(self.requests), self.old_limits.overlaid(self.limits)


@dataclass(frozen=True, slots=True)
class Crowding:
    """An hour in which the pods of a node may together need more than it should give away."""

    resource: Resource
    ahead: int  # whole hours from now
    needed: int
    room: int


@dataclass(frozen=True, slots=True)
class Move:
    """One resize of one pod, with what the accounts say of it."""

    pod: Pod
    intent: Intent
    changes: tuple[Change, ...]
    budget_left: float  # resizes its poorest container may still make today; inf: no budget
    open_attempts: tuple[Attempt, ...] = ()  # resizes of this pod that are on their way or being watched
    lacks: Amounts = Amounts()  # what its node has too little of for it, after the moves before it
    reason: str = ""  # a sentence, where an earlier resize calls for this one
    too_big: tuple[TooBig, ...] = ()  # sizes that this node has refused to pods of this workload
    crowding: tuple[Crowding, ...] = ()  # of its node when this pod would have to grow back; at most one a resource
    revision_since: datetime | None = None  # when the oldest pod of its revision was made; None: not known

    def keys(self) -> tuple[ContainerKey, ...]:
        return tuple(ContainerKey(self.pod.workload, change.container) for change in self.changes)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a move is not made: a CamelCase reason like a Kubernetes condition's, a sentence, and what would lift it."""

    reason: str
    message: str
    lifted_by: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.message} (lifted by: {self.lifted_by})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A move and everything that speaks against it; no refusals means it is made."""

    move: Move
    refusals: tuple[Refusal, ...]

    @property
    def admitted(self) -> bool:
        return not self.refusals


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was seen and left out, and why; reports list them so that nothing vanishes in silence."""

    what: str  # the object: a container key, a pod, a namespace, a series
    reason: str  # CamelCase
    message: str


def _falls(old: int | None, new: int | None) -> bool:
    """An amount that is not set counts as zero; one that is not changed does not fall."""
    return new is not None and new < (old or 0)
