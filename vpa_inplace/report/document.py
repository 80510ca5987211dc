"""The report as data, versioned: what every format is made of, and what ``-o json`` prints.

Three things that look alike are kept apart in every amount: ``unset`` (the object has no such field), ``unknown``
(we cannot know: no data), and zero. CPU counts millicores, memory counts bytes.
The schema is checked in as ``docs/report-schema.json``; a field may be added within v1, never renamed or removed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, get_args

import msgspec

from vpa_inplace.domain.resource import Resource

Schema = Literal["vpa-inplace.report/v1"]
SCHEMA: Final[Schema] = get_args(Schema)[0]


class Noun(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all parts of a report: immutable, camelCase in JSON as Kubernetes objects are."""


class State(StrEnum):
    SET = "set"
    UNSET = "unset"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How far one pod's request is from its size; KRR's words and thresholds."""

    CRITICAL = "critical"
    WARNING = "warning"
    OK = "ok"
    GOOD = "good"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What happens to a request, the intent of its most urgent move or why there is none."""

    UNDO = "undo"
    RESCUE = "rescue"
    GROW = "grow"
    SHRINK = "shrink"
    KEEP = "keep"
    UNKNOWN = "unknown"
    NOT_CONTROLLED = "notControlled"


class Amount(Noun, frozen=True):
    """A request, a limit or a bound. ``quantity`` is exact Kubernetes text; both are null unless ``state`` is set."""

    state: State
    amount: int | None = None
    quantity: str | None = None


class Why(Noun, frozen=True):
    """What set the target: a CamelCase code, and the numbers that led to it as a sentence."""

    code: str
    message: str


class Refused(Noun, frozen=True):
    """Why a move is not made, and what would lift it."""

    reason: str
    message: str
    lifted_by: str


class Known(Noun, frozen=True):
    """What is known of the usage of one resource; null where there is no sample."""

    newest: int | None
    age_seconds: int | None
    recent_peak: int | None  # of the last hour
    peak: int | None  # of all that is kept, 35 days at most
    span_seconds: int  # how far the history reaches back
    coverage: float  # share of the last day's samples that exist


class Total(Noun, frozen=True):
    """Requests summed over pods; a request that is not set reserves nothing and counts as zero."""

    current: int
    recommended: int
    delta: int


class Figures(Noun, frozen=True):
    """One resource of one container role. ``request`` and ``limit`` are those of the pods that move, else of most."""

    request: Amount
    recommended: Amount
    limit: Amount
    recommended_limit: Amount
    target: Amount
    lower_bound: Amount
    upper_bound: Amount
    uncapped_target: Amount
    delta: int | None  # per pod: recommended minus request; null where unknown
    total: Total
    severity: Severity
    action: Action
    why: Why
    note: str | None  # why the recommended request is not the target, where it is not
    guards: tuple[str, ...]  # reasons that hold a move of this resource back
    usage: Known
    curve: tuple[int | None, ...]  # ceilings of the coming blocks, see Document.curve_start


class Judged(Noun, frozen=True):
    """Moves of a role's pods that met the same verdict. ``refusals`` quotes the first of them."""

    intent: str
    admitted: bool
    pods: int
    resources: tuple[str, ...]
    refusals: tuple[Refused, ...]


class Variant(Noun, frozen=True):
    """Pods of one role that have the same requests and limits; more than one variant is a skew."""

    pods: int
    requests: dict[str, Amount]
    limits: dict[str, Amount]


class Row(Noun, frozen=True):
    """One container role of a workload with its live pods."""

    namespace: str
    kind: str  # of the workload
    workload: str
    container: str
    container_kind: str  # container, or sidecar (an init container that restarts always)
    pods: int
    update_mode: str
    profile: str
    forecaster: str  # the expert that this container's forecast comes from
    confidence: float  # 0..1
    cpu: Figures
    memory: Figures
    verdicts: tuple[Judged, ...]
    variants: tuple[Variant, ...]

    def of(self, resource: Resource) -> Figures:
        return self.cpu if resource is Resource.CPU else self.memory


class Step(Noun, frozen=True):
    """One field of one container that a move changes."""

    container: str
    container_kind: str
    field: Literal["requests", "limits"]
    resource: str
    before: Amount
    after: Amount


class Resize(Noun, frozen=True):
    """One move of one pod; without refusals it is made."""

    namespace: str
    pod: str
    kind: str
    workload: str
    intent: str
    admitted: bool
    steps: tuple[Step, ...]
    refusals: tuple[Refused, ...]


class Skipped(Noun, frozen=True):
    what: str
    reason: str
    message: str


class Fleet(Noun, frozen=True):
    """Requests of all rows: as they are, with every move made, and with the admitted ones only."""

    current: int
    recommended: int
    delta: int
    admitted_delta: int


class Moves(Noun, frozen=True):
    """Pods to be resized, by verdict."""

    admitted: int
    refused: int
    by_intent: dict[str, int]
    by_refusal: dict[str, int]


class Summary(Noun, frozen=True):
    containers: int
    workloads: int
    pods: int
    unknown: int  # containers with a controlled resource that cannot be sized
    skipped: int
    cpu: Fleet
    memory: Fleet
    moves: Moves

    def of(self, resource: Resource) -> Fleet:
        return self.cpu if resource is Resource.CPU else self.memory


class Document(Noun, frozen=True, kw_only=True):
    """One report. ``generated_at`` is the source's time, not this machine's."""

    schema: Schema = SCHEMA
    generated_at: datetime
    cluster: str
    forecaster: str
    profiles: tuple[str, ...]
    curve_start: datetime  # of the first block of every curve
    curve_block_seconds: int
    summary: Summary
    rows: tuple[Row, ...]  # worst first
    moves: tuple[Resize, ...]  # most urgent first
    skips: tuple[Skipped, ...]
    warnings: tuple[str, ...]
    cleaned: dict[str, int]  # samples dropped or mended, by reason
