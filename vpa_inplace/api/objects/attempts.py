"""Resizes on their way, and sizes that were refused, between the ledger and the object that keeps it."""

from __future__ import annotations

from datetime import UTC, datetime

from vpa_inplace.api.objects.resize_state import AttemptRecord, Change, RefusedSize, Resources
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Attempt, Step, TooBig
from vpa_inplace.domain.keys import WorkloadKey


def recorded(attempt: Attempt) -> AttemptRecord:
    """An attempt as it is written down. Times are kept to the microsecond."""
    return AttemptRecord(
        pod=attempt.pod,
        uid=attempt.uid,
        intent=attempt.intent,
        phase=attempt.phase,
        generation=attempt.generation,
        restarts=attempt.restarts,
        began=_time(attempt.began),
        since=_time(attempt.since),
        message=attempt.message,
        changes=tuple(
            Change(
                container=step.container,
                old=Resources(requests=step.old_requests, limits=step.old_limits),
                new=Resources(requests=step.requests, limits=step.limits),
            )
            for step in attempt.steps
        ),
    )


def attempt_of(record: AttemptRecord, workload: WorkloadKey) -> Attempt:
    """The inverse."""
    return Attempt(
        workload=workload,
        pod=record.pod,
        uid=record.uid,
        intent=record.intent,
        steps=tuple(
            Step(
                container=change.container,
                old_requests=change.old.requests or Amounts(),
                old_limits=change.old.limits or Amounts(),
                requests=change.new.requests or Amounts(),
                limits=change.new.limits or Amounts(),
            )
            for change in record.changes
        ),
        began=record.began.timestamp(),
        since=record.since.timestamp(),
        phase=record.phase,
        generation=record.generation,
        restarts=record.restarts,
        message=record.message,
    )


def refused(size: TooBig) -> RefusedSize:
    """A size that a node refused, as it is written down."""
    return RefusedSize(
        container=size.container, node=size.node, size=size.requests, reason=size.message, at=_time(size.at)
    )


def too_big(size: RefusedSize, workload: WorkloadKey) -> TooBig | None:
    """The inverse; ``None`` for a size that was refused otherwise than by a node."""
    if size.container is None or size.node is None:
        return None
    return TooBig(
        workload=workload,
        container=size.container,
        node=size.node,
        requests=size.size,
        at=size.at.timestamp(),
        message=size.reason,
    )


def _time(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
