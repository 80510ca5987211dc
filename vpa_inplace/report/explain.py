"""One container, every stage's value on the way from its usage to its size; as data. ``explain_text`` draws it."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Final, Literal, get_args

import numpy as np

from vpa_inplace.decide import Decision
from vpa_inplace.domain.errors import UnknownName
from vpa_inplace.domain.keys import ContainerKey
from vpa_inplace.domain.resource import Resource
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY
from vpa_inplace.observe.source import Observation
from vpa_inplace.report.document import Noun, Row, Skipped
from vpa_inplace.report.facts import Facts
from vpa_inplace.report.reasons import after_oom, limit_rule
from vpa_inplace.report.rows import row_of
from vpa_inplace.report.structured import json_text
from vpa_inplace.report.text import storable

Schema = Literal["vpa-inplace.explain/v1"]
SCHEMA: Final[Schema] = get_args(Schema)[0]
PAST: Final = 2 * DAY  # seconds of usage that are shown: yesterday's rhythm and the one before
BUCKET: Final = 1800  # seconds of usage behind one value; a chart of 144 columns for 72 hours shows no more


class Past(Noun, frozen=True):
    """Maxima of usage per bucket, oldest first, up to now; null is a gap."""

    start: datetime
    bucket_seconds: int
    maxima: tuple[int | None, ...]


class Derivation(Noun, frozen=True):
    """How one resource's size came about, in the order of the stages; amounts as in Figures."""

    past: Past
    throttled_steps: int  # of the history kept: their usage is only a lower bound of demand
    hold_seconds: int
    demand: int | None  # highest ceiling within hold
    peak_margin: float | None
    peak_floor: int | None  # peak on record plus margin
    oom_floor: int | None
    oom: str | None  # the kill behind it, as a sentence
    quantum: int
    min_allowed: int | None
    max_allowed: int | None
    controlled: bool
    limit_rule: str


class Explanation(Noun, frozen=True, kw_only=True):
    """The row of the report, and what led to it."""

    schema: Schema = SCHEMA
    generated_at: datetime
    key: str
    row: Row
    cpu: Derivation
    memory: Derivation
    risk: float
    dead_band: float
    controlled_values: str
    allow_memory_limit_decrease: bool
    resizes_per_day: float | None
    resizes_left: float | None  # of today, after the moves of this decision
    skips: tuple[Skipped, ...]  # of the same workload
    warnings: tuple[str, ...]
    cleaned: dict[str, int]  # samples of the whole observation, by reason

    def of(self, resource: Resource) -> Derivation:
        return self.cpu if resource is Resource.CPU else self.memory


def explain(decision: Decision, observation: Observation, key: ContainerKey) -> Explanation:
    """Everything that led to the size of one container role.

    Raises:
        UnknownName: the decision knows no such container.
    """
    row = decision.snapshot.rows.row(key)
    if row is None:
        raise UnknownName("container", str(key), map(str, decision.snapshot.rows))
    facts, policy = Facts(decision), decision.policies[row]
    history = observation.history.until(decision.snapshot.epoch)
    cpu, memory = (_derivation(facts, history, resource, row) for resource in Resource)
    left = float(decision.policies.max_resizes[row] - decision.ledger.spent[row])
    return Explanation(
        generated_at=decision.snapshot.now,
        key=storable(str(key)),
        row=row_of(facts, row),
        cpu=cpu,
        memory=memory,
        risk=policy.risk,
        dead_band=policy.dead_band,
        controlled_values=str(policy.controlled_values),
        allow_memory_limit_decrease=policy.allow_memory_limit_decrease,
        resizes_per_day=policy.max_resizes_per_day,
        resizes_left=round(left, 3) if isfinite(left) else None,
        skips=tuple(
            Skipped(what=storable(skip.what), reason=skip.reason, message=storable(skip.message))
            for skip in observation.skips
            if skip.what.startswith(f"{key.workload}/")
        ),
        warnings=tuple(storable(warning) for warning in observation.warnings),
        cleaned={reason: number for reason, number in observation.cleaned.items() if number},
    )


def explain_json(explanation: Explanation) -> str:
    """The explanation as ``-o json`` prints it."""
    return json_text(explanation)


def _derivation(facts: Facts, history: History, resource: Resource, row: int) -> Derivation:
    decision = facts.decision
    rule = decision.policies[row].rule(resource)
    peak = float(decision.snapshot.evidence.peak[resource, row])
    floor = int(decision.ledger.oom_floor[row]) if resource is Resource.MEMORY else -1
    slots = facts.slots_of_row.get(row)
    return Derivation(
        past=_past(history, resource, row),
        throttled_steps=int(history.censored[resource, row].sum()),
        hold_seconds=round(rule.hold.total_seconds()),
        demand=_whole(facts.demand[resource, row]),
        peak_margin=rule.peak_margin,
        peak_floor=None if rule.peak_margin is None else _whole(peak * (1 + rule.peak_margin)),
        oom_floor=floor if floor >= 0 else None,
        oom=after_oom(facts, row) if floor >= 0 else None,
        quantum=rule.quantum,
        min_allowed=rule.min_allowed,
        max_allowed=rule.max_allowed,
        controlled=rule.controlled,
        limit_rule=limit_rule(facts, resource, facts.shown(slots)) if slots else "no live pod",
    )


def _past(history: History, resource: Resource, row: int) -> Past:
    bucket = max(BUCKET, history.step)
    columns = bucket // history.step
    seen = history.usage[resource, row, -(PAST // history.step) :]
    padded = np.full(PAST // history.step, np.nan, np.float32)
    padded[len(padded) - len(seen) :] = seen
    maxima = np.fmax.reduce(padded.reshape(-1, columns), axis=1)
    return Past(
        start=datetime.fromtimestamp(history.end - PAST, UTC),
        bucket_seconds=bucket,
        maxima=tuple(_whole(x) for x in maxima),
    )


def _whole(value: float) -> int | None:
    return round(float(value)) if isfinite(value) else None
