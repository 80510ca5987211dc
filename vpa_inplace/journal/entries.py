"""What a tick has to say that the tick before had not: moves, ends of resizes, and changes of mind.

A container that has been held back for the same reasons since yesterday is one line, not 1,440.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from vpa_inplace.decide import Decision
from vpa_inplace.domain.attempts import Ended
from vpa_inplace.domain.moves import Change, Move, Verdict
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource


class Entry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line. No labels, no annotations, no environment: names of objects and amounts, nothing that is secret."""

    at: datetime
    event: str  # moved, held, ended, answered
    workload: str  # cluster/namespace/Kind/name
    pod: str = ""
    intent: str = ""  # undo, rescue, grow, shrink
    reason: str = ""  # CamelCase: of the refusals, the end or the answer; several are joined by a comma
    message: str = ""
    changes: tuple[str, ...] = ()  # as "app cpu request 500m -> 200m"


OFF: Final = "UpdateModeOff"
"""Nothing speaks against it but that nobody has allowed it."""

Held = tuple[str, str, tuple[str, ...]]  # pod uid, intent, and what would change: a move may be split in two
Reasons = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """Entries of one tick, and what to compare the next one with."""

    entries: tuple[Entry, ...] = ()
    held: Mapping[Held, Reasons] = field(default_factory=dict)


def news(decision: Decision, before: Mapping[Held, Reasons]) -> News:
    """What to write down of a decision; ``before`` is ``held`` of the tick before, empty after a start."""
    now = decision.snapshot.now
    due = {_who(move) for move in decision.due}
    held = {_who(v.move): _reasons(v) for v in decision.verdicts if not v.admitted or _who(v.move) not in due}
    told = [v for v in decision.verdicts if _who(v.move) not in held or held[_who(v.move)] != before.get(_who(v.move))]
    entries = [
        *(_ended(ended, now) for ended in decision.ended),
        *(_verdict(verdict, held.get(_who(verdict.move)), now) for verdict in told),
    ]
    return News(tuple(entries), held)


def _reasons(verdict: Verdict) -> Reasons:
    return tuple(refusal.reason for refusal in verdict.refusals) or (OFF,)


def _who(move: Move) -> Held:
    touched = (
        f"{change.container}/{resource.key}"
        for change in move.changes
        for resource in Resource
        if change.requests.get(resource) is not None or change.limits.get(resource) is not None
    )
    return move.pod.uid, move.intent.name, tuple(touched)


def _verdict(verdict: Verdict, held: Reasons | None, now: datetime) -> Entry:
    move = verdict.move
    return Entry(
        at=now,
        event="moved" if held is None else "held",
        workload=str(move.pod.workload),
        pod=move.pod.name,
        intent=move.intent.name.lower(),
        reason=",".join(held or ()),
        message="; ".join(refusal.message for refusal in verdict.refusals) or move.reason,
        changes=tuple(text for change in move.changes for text in told(change)),
    )


def _ended(ended: Ended, now: datetime) -> Entry:
    attempt = ended.attempt
    return Entry(
        at=now,
        event="ended",
        workload=str(attempt.workload),
        pod=attempt.pod,
        intent=attempt.intent.name.lower(),
        reason=str(ended.end),
        message=ended.reason,
    )


def told(change: Change) -> Iterator[str]:
    """Each amount that a change touches, in words."""
    for field_name, old, new in (
        ("request", change.old_requests, change.requests),
        ("limit", change.old_limits, change.limits),
    ):
        for resource in Resource:
            if (amount := new.get(resource)) is not None:
                was = old.get(resource)
                before = "unset" if was is None else format_amount(was, resource)
                yield f"{change.container} {resource.key} {field_name} {before} -> {format_amount(amount, resource)}"
