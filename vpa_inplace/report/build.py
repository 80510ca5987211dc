"""Decision in, Document out. Pure: what a report says about a moment never depends on when it is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from vpa_inplace.decide import Decision
from vpa_inplace.domain.amounts import encode
from vpa_inplace.domain.moves import Change, Move, Verdict
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.outlook import BLOCK
from vpa_inplace.observe.source import Observation
from vpa_inplace.report.document import (
    Action,
    Document,
    Fleet,
    Moves,
    Resize,
    Row,
    Skipped,
    Step,
    Summary,
)
from vpa_inplace.report.facts import Facts
from vpa_inplace.report.rows import amount, refused, row_of
from vpa_inplace.report.text import GIBI, storable

GIB_PER_CORE: Final = 8
"""What a core is worth in memory, for the order of rows only. List prices of clouds that bill the two apart lie
between 7.5 GiB (Google E2: $0.0218 a core-hour, $0.0029 a GiB-hour) and 9.1 (AWS Fargate: $0.0405 and $0.0044)."""


def build(decision: Decision, observation: Observation, *, cluster: str, forecaster_name: str) -> Document:
    """The report on a decision: a row for each container role that has a live pod, worst first.

    Containers whose live usage stands above their request come first (rescue), then by how much their requests
    would change over all pods, a core weighing as much as 8 GiB; equals in the order of their names.
    """
    facts = Facts(decision)
    rows = sorted((row_of(facts, row) for row in sorted(facts.slots_of_row)), key=_worst_first)
    outlook = decision.outlook
    return Document(
        generated_at=decision.snapshot.now,
        cluster=storable(cluster),
        forecaster=forecaster_name,
        profiles=tuple(sorted({row.profile for row in rows})),
        curve_start=datetime.fromtimestamp(outlook.at, UTC),
        curve_block_seconds=BLOCK,
        summary=_summary(facts, rows, len(observation.skips)),
        rows=tuple(rows),
        moves=tuple(_resize(verdict) for verdict in decision.verdicts),
        skips=tuple(
            Skipped(what=storable(skip.what), reason=skip.reason, message=storable(skip.message))
            for skip in observation.skips
        ),
        warnings=tuple(storable(warning) for warning in observation.warnings),
        cleaned={reason: number for reason, number in observation.cleaned.items() if number},
    )


def _worst_first(row: Row) -> tuple[bool, float, str, str, str, str]:
    urgent = Action.RESCUE in (row.cpu.action, row.memory.action)
    weight = abs(row.cpu.total.delta) / 1000 + abs(row.memory.total.delta) / GIBI / GIB_PER_CORE
    return not urgent, -weight, row.namespace, row.workload, row.kind, row.container


def _summary(facts: Facts, rows: Sequence[Row], skipped: int) -> Summary:
    verdicts = facts.decision.verdicts
    pods = {int(facts.decision.snapshot.slots.pod[slot]) for slots in facts.slots_of_row.values() for slot in slots}
    return Summary(
        containers=len(rows),
        workloads=len({(row.namespace, row.kind, row.workload) for row in rows}),
        pods=len(pods),
        unknown=sum(Action.UNKNOWN in (row.cpu.action, row.memory.action) for row in rows),
        skipped=skipped,
        cpu=_fleet(rows, facts.decision.admitted, Resource.CPU),
        memory=_fleet(rows, facts.decision.admitted, Resource.MEMORY),
        moves=Moves(
            admitted=sum(verdict.admitted for verdict in verdicts),
            refused=sum(not verdict.admitted for verdict in verdicts),
            by_intent=_counted(verdict.move.intent.name.lower() for verdict in verdicts),
            by_refusal=_counted(refusal.reason for verdict in verdicts for refusal in verdict.refusals),
        ),
    )


def _counted(words: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _fleet(rows: Sequence[Row], admitted: Sequence[Move], resource: Resource) -> Fleet:
    totals = [row.of(resource).total for row in rows]
    current = sum(total.current for total in totals)
    delta = sum(total.delta for total in totals)
    return Fleet(
        current=current,
        recommended=current + delta,
        delta=delta,
        admitted_delta=sum(_delta(change, resource) for move in admitted for change in move.changes),
    )


def _delta(change: Change, resource: Resource) -> int:
    return (change.after()[0].get(resource) or 0) - (change.old_requests.get(resource) or 0)


def _resize(verdict: Verdict) -> Resize:
    pod = verdict.move.pod
    kinds = {container.name: str(container.kind) for container in pod.containers}
    return Resize(
        namespace=storable(pod.namespace),
        pod=storable(pod.name),
        kind=storable(pod.workload.kind),
        workload=storable(pod.workload.name),
        intent=verdict.move.intent.name.lower(),
        admitted=verdict.admitted,
        steps=tuple(step for change in verdict.move.changes for step in _steps(change, kinds[change.container])),
        refusals=tuple(refused(refusal) for refusal in verdict.refusals),
    )


def _steps(change: Change, kind: str) -> Iterator[Step]:
    for resource in Resource:
        for field, before, after in (
            ("requests", change.old_requests, change.requests),
            ("limits", change.old_limits, change.limits),
        ):
            new = after.get(resource)
            if new is not None:
                yield Step(
                    container=storable(change.container),
                    container_kind=kind,
                    field="requests" if field == "requests" else "limits",
                    resource=resource.key,
                    before=amount(encode(before.get(resource)), resource),
                    after=amount(new, resource),
                )
