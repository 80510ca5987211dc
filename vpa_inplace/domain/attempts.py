"""A resize on its way: what was asked of one pod, when, and how far it has come.

Written down before the request is sent, so that whoever takes over after a crash knows what may be out there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.intent import Intent
from vpa_inplace.domain.keys import WorkloadKey


class Phase(StrEnum):
    """Where an attempt stands. The kubelet's own words where it has one."""

    SUBMITTED = "Submitted"  # written down; sent, or about to be
    DEFERRED = "Deferred"  # the node has no room now
    INFEASIBLE = "Infeasible"  # the node will never do it
    IN_PROGRESS = "InProgress"
    ERROR = "Error"  # the kubelet tries and fails, and goes on trying
    SOAKING = "Soaking"  # in force, and watched for harm


class End(StrEnum):
    """How an attempt ended."""

    APPLIED = "Applied"  # in force; growth needs no watching
    SETTLED = "Settled"  # in force, and did no harm while it was watched
    REVERTED = "Reverted"  # its undo was ordered; the undo is an attempt of its own
    NEVER_SENT = "NeverSent"  # no trace of it in the pod: whoever wrote it down died before sending
    OVERTAKEN = "Overtaken"  # the pod was given another size since, by us or by somebody else
    POD_GONE = "PodGone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One container's part. ``None`` means not touched; an old amount is ``None`` also where there was none."""

    container: str
    old_requests: Amounts
    old_limits: Amounts
    requests: Amounts
    limits: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One resize of one pod, from the moment it is written down to its end."""

    workload: WorkloadKey
    pod: str  # its name; with the workload's namespace and the uid it is one pod for all time
    uid: str
    intent: Intent
    steps: tuple[Step, ...]
    began: float  # epoch seconds
    since: float  # epoch seconds of the phase
    phase: Phase = Phase.SUBMITTED
    generation: int | None = None  # of the pod's spec once the API server has taken it
    restarts: int = 0  # of the pod's containers together when it began
    message: str = ""  # the kubelet's, where it gave one


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An attempt that is over: for the journal, the metrics, the events."""

    attempt: Attempt
    end: End
    at: float  # epoch seconds
    reason: str  # a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class TooBig:
    """A size that a node has refused for good; nothing as large is tried there before the node changes."""

    workload: WorkloadKey
    container: str
    node: str
    requests: Amounts
    at: float  # epoch seconds
    message: str
