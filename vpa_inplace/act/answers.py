"""What an API server's answer to a resize means for us: done, try again, try less, or leave it.

The texts are pinned per Kubernetes version by tests/cluster/conformance. One that is not known here counts as a plain
rejection with the server's own words, so that a new version makes us dumb, not dangerous.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from vpa_inplace.domain.resource import Resource
from vpa_inplace.lifecycle.room import Shortage, shortages


class Outcome(StrEnum):
    """What became of a request; each but the first is also the reason shown to users."""

    TAKEN = "Taken"
    CONFLICT = "Conflict"  # somebody wrote to the pod since it was read, a kubelet mostly: read it again
    OVERTAKEN = "Overtaken"  # its size is not what it was when this was decided: decide again
    FIELD_CONFLICT = "FieldConflict"  # another manager owns the field by server-side apply: a person has to decide
    POD_GONE = "PodGone"
    CAPABILITY_MISSING = "CapabilityMissing"  # the server has no such subresource, or we may not use it
    NODE_CAPACITY = "NodeCapacity"  # larger than the node will ever have room for
    RESOURCE_QUOTA = "ResourceQuota"
    LIMIT_RANGE = "LimitRange"
    DENIED = "Denied"  # a policy or a webhook of the cluster's owner
    REJECTED = "Rejected"  # validation
    SIDE_EFFECTS = "SideEffects"  # the server would change more than was asked for
    REFUSED = "Refused"  # by our own guards, at the second look
    FENCED = "Fenced"  # we may not write any more: another replica may be at it
    BUSY = "Busy"  # the server asks to slow down; nothing was done
    UNKNOWN = "Unknown"  # no answer, or a server error: it may have been done


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An API server's answer, read."""

    outcome: Outcome
    message: str = ""
    shortages: Sequence[Shortage] = ()
    limits: Sequence[Bound] = ()
    retry_after: float | None = None  # seconds, where the server asks for them

    @property
    def taken(self) -> bool:
        return self.outcome is Outcome.TAKEN


@dataclass(frozen=True, slots=True)
class Bound:
    """What a LimitRange says of one resource: ``kind`` is maximum, minimum or ratio."""

    kind: str
    resource: Resource
    bound: str  # a quantity, or the ratio


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct):
    kind: str = ""
    name: str = ""
    causes: list[_Cause] = []


class _Status(msgspec.Struct):
    message: str = ""
    reason: str = ""
    details: _Details | None = None


# plugin/pkg/admission/limitranger of kubernetes/kubernetes
_LIMIT: Final = re.compile(
    r"(?P<kind>maximum|minimum) (?P<resource>cpu|memory) usage per (?:Container|Pod) is (?P<bound>[^,\]]+)"
    r"|(?P<ratio>cpu|memory) max limit to request ratio per (?:Container|Pod) is (?P<times>[^,\]]+)"
)
_RBAC: Final = re.compile(r'cannot (?:patch|get|update) resource "pods(?:/resize)?"')
_WEBHOOK: Final = re.compile(r"admission webhook|ValidatingAdmissionPolicy|MutatingAdmissionPolicy")
_RESOURCES: Final = {resource.key: resource for resource in Resource}


def read(status: int, body: bytes, retry_after: str | None = None) -> Answer:
    """The meaning of an answer; ``retry_after`` is the header of that name."""
    if status < 300:
        return Answer(outcome=Outcome.TAKEN)
    told = _decoded(body)
    causes = [] if told.details is None else told.details.causes
    kind = "" if told.details is None else told.details.kind
    outcome = _outcome(status, told.message, {cause.reason for cause in causes}, kind)
    return Answer(
        outcome=outcome,
        message=told.message,
        shortages=shortages(told.message) if outcome is Outcome.NODE_CAPACITY else (),
        limits=_bounds(told.message) if outcome is Outcome.LIMIT_RANGE else (),
        retry_after=_seconds(retry_after),
    )


def _outcome(status: int, message: str, causes: set[str], kind: str) -> Outcome:
    match status:
        case 404:
            # "pods "x" not found" names a kind; "the server could not find the requested resource" does not
            return Outcome.POD_GONE if kind else Outcome.CAPABILITY_MISSING
        case 405:
            return Outcome.CAPABILITY_MISSING
        case 409:
            return Outcome.FIELD_CONFLICT if "FieldManagerConflict" in causes else Outcome.CONFLICT
        case 401 | 403:
            return _forbidden(message, causes)
        case 400 | 422:
            return _invalid(message)
        case 429:
            return Outcome.BUSY
        case _:
            return Outcome.UNKNOWN


def _forbidden(message: str, causes: set[str]) -> Outcome:
    if "NodeCapacity" in causes:
        return Outcome.NODE_CAPACITY
    if "exceeded quota" in message:
        return Outcome.RESOURCE_QUOTA
    if _LIMIT.search(message):
        return Outcome.LIMIT_RANGE
    if _RBAC.search(message) or message == "Unauthorized":
        return Outcome.CAPABILITY_MISSING
    return Outcome.DENIED


def _invalid(message: str) -> Outcome:
    if "metadata.uid" in message and "field is immutable" in message:
        return Outcome.POD_GONE  # the name belongs to another pod by now
    return Outcome.DENIED if _WEBHOOK.search(message) else Outcome.REJECTED


def _bounds(message: str) -> tuple[Bound, ...]:
    return tuple(
        Bound("ratio", _RESOURCES[found["ratio"]], found["times"])
        if found["ratio"]
        else Bound(found["kind"], _RESOURCES[found["resource"]], found["bound"])
        for found in _LIMIT.finditer(message)
    )


def _decoded(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:  # a proxy's page
        return _Status(message=body[:200].decode(errors="replace").strip())


def _seconds(header: str | None) -> float | None:
    try:
        return None if header is None else max(float(header), 0.0)
    except ValueError:  # an HTTP date, which API servers do not send
        return None
