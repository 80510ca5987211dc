"""ResizeState: what must be remembered of a workload, in the cluster itself.

Whoever takes over after a crash reads here what may be under way; `restore` and the admission policy need nothing else.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from vpa_inplace.api.fields import one_of
from vpa_inplace.api.objects.amounts import Bytes, CpuCurve, MemoryCurve, Written
from vpa_inplace.api.objects.fields import ObjectName, Sentence, Word, words
from vpa_inplace.api.objects.metadata import Root
from vpa_inplace.api.objects.part import Kept
from vpa_inplace.api.objects.times import Moment
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Phase
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Intent

LONGEST_NAME: Final = 253  # of any object
CONTAINERS: Final = 64
MOST: Final = 1000  # attempts, refused sizes: well below the 1.5 MiB that etcd takes

_INTENTS: Final = {intent.name.capitalize(): intent for intent in Intent}


def state_name(workload: WorkloadKey) -> str:
    """Name of a workload's ResizeState: ``deployment-web``; a name too long for that ends in its hash."""
    name = f"{workload.kind.lower()}-{workload.name}"
    if len(name) <= LONGEST_NAME:
        return name
    tail = sha256(name.encode()).hexdigest()[:16]
    return f"{name[: LONGEST_NAME - len(tail) - 1].rstrip('-.')}-{tail}"


def _intent(value: object) -> Intent:
    if isinstance(value, Intent):
        return value
    if not isinstance(value, str) or value not in _INTENTS:
        raise ValueError(f"must be one of {', '.join(_INTENTS)}, not {value!r}")
    return _INTENTS[value]


IntentWord = Annotated[
    Intent,
    BeforeValidator(_intent),
    PlainSerializer(lambda intent: intent.name.capitalize(), return_type=str),
    words(_INTENTS),
]
Reason = Annotated[str, Field(max_length=1024)]


class WorkloadRef(Kept):
    """The workload that is remembered."""

    api_version: ObjectName | None = None
    """Its group and version, where they are known."""
    kind: Word
    """Its kind."""
    name: ObjectName
    """Its name."""


class Resources(Kept):
    """Requests and limits of one container."""

    requests: Written | None = None
    """Requests; what is not named is not set."""
    limits: Written | None = None
    """Limits; what is not named is not set."""


class Ceilings(Kept):
    """What one container may need in each of the coming 24 hours."""

    start: Moment = Field(alias="from")
    """When the first hour begins."""
    cpu: CpuCurve | None = None
    """Bound of CPU in each hour; none where nothing is known."""
    memory: MemoryCurve | None = None
    """Bound of memory in each hour; none where nothing is known."""


class Budget(Kept):
    """What one container has spent of its resizes."""

    spent: Annotated[float, Field(ge=0, le=1e9)]
    """Resizes spent and not yet refilled."""
    as_of: Moment
    """When that was so."""


class Oom(Kept):
    """The newest OOM kill of one container."""

    floor: Bytes
    """Memory that is not undercut for a while."""
    at: Moment
    """When it was killed."""


class Change(Kept):
    """One container's part of a resize."""

    container: Word
    """Name of the container."""
    old: Resources
    """What it had; what is not named was not set."""
    new: Resources
    """What was asked for; what is not named was not touched."""


class AttemptRecord(Kept):
    """A resize on its way, written before it is sent."""

    pod: ObjectName
    """Name of the pod."""
    uid: Word
    """UID of the pod."""
    intent: IntentWord
    """Why it is resized."""
    phase: Annotated[Phase, BeforeValidator(one_of(Phase)), words(Phase)]
    """How far it has come."""
    generation: int | None = None
    """Of the pod's spec, once the API server has taken the resize."""
    restarts: int = 0
    """Of the pod's containers together, when it began."""
    began: Moment
    """When it was written down."""
    since: Moment
    """When it came to this phase."""
    deadline: Moment | None = None
    """When it is undone, unless it goes on."""
    reason: Reason = ""
    """Why it is made, in one CamelCase word."""
    message: Sentence = ""
    """What the kubelet says of it."""
    changes: Annotated[tuple[Change, ...], Field(strict=False, max_length=CONTAINERS)] = Field(
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["container"]}
    )
    """What changes, container by container."""


class RefusedSize(Kept):
    """A size that was refused for good, by a node or for one pod."""

    container: Word | None = None
    """Name of the container."""
    uid: Word | None = None
    """UID of the pod, where it is about one pod."""
    node: ObjectName | None = None
    """Name of the node, where it is about all of its pods."""
    size: Written = Amounts()
    """Requests that were refused; nothing as large is tried before something changes."""
    reason: Sentence = ""
    """What was said to it."""
    at: Moment
    """When it was refused."""


def _by_container(most: int = CONTAINERS) -> Any:
    return Field(default_factory=dict, max_length=most)


class StateSpec(Kept):
    """What must be remembered."""

    workload: WorkloadRef
    """The workload that is remembered."""
    birth: dict[str, Resources] = _by_container()
    """The size that new pods are born with, by container."""
    ceilings: dict[str, Ceilings] = _by_container()
    """What may be needed in the coming day, by container; pods return to it where nothing newer is known."""
    budgets: dict[str, Budget] = _by_container()
    """Resizes spent, by container."""
    ooms: dict[str, Oom] = _by_container()
    """The newest OOM kill, by container."""
    attempts: Annotated[tuple[AttemptRecord, ...], Field(strict=False, max_length=MOST)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Resizes on their way."""
    refused: Annotated[tuple[RefusedSize, ...], Field(strict=False, max_length=MOST)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """Sizes that were refused for good."""
    as_of: Moment | None = None
    """When all this was so."""


class ResizeState(Root):
    """The ledger of one workload: sizes at birth, ceilings, resizes on their way. Written by vpa-inplace alone; the
    admission policy takes the sizes of new pods from it.
    """

    kind: Literal["ResizeState"] = "ResizeState"
    spec: StateSpec
