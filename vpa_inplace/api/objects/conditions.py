"""Conditions of an autoscaler: what is so now, laid over what was so before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vpa_inplace.api.objects.status import Condition, ConditionType, Truth

LONGEST: Final = 1024  # characters of a message: a condition is read in a terminal, not in a log


@dataclass(frozen=True, slots=True)
class Finding:
    """What is so now. ``holds``: ``None`` where it cannot be known."""

    type: ConditionType
    holds: bool | None
    reason: str  # CamelCase
    message: str = ""  # a sentence


def conditions_after(
    before: Iterable[Condition], findings: Iterable[Finding], *, generation: int, now: datetime
) -> tuple[Condition, ...]:
    """Conditions by type. The time of transition moves only where the status flips.

    Types that nobody speaks of stay as they were, others' too. What is not so and never was is left out, except for
    RecommendationProvided.
    """
    known = {condition.type: condition for condition in before}
    latest = {finding.type: finding for finding in findings}
    for finding in latest.values():
        old = known.get(finding.type)
        if old is None and finding.holds is False and finding.type is not ConditionType.RECOMMENDATION_PROVIDED:
            continue
        known[finding.type.value] = _after(old, finding, generation, now)
    return tuple(known[name] for name in sorted(known))


def _after(old: Condition | None, finding: Finding, generation: int, now: datetime) -> Condition:
    status = Truth.of(finding.holds)
    message = finding.message if len(finding.message) <= LONGEST else f"{finding.message[: LONGEST - 3]}..."
    return Condition(
        type=finding.type.value,
        status=status,
        last_transition_time=old.last_transition_time if old and old.status is status else _second(now),
        reason=finding.reason,
        message=message,
        observed_generation=generation,
    )


def _second(now: datetime) -> datetime:
    """metav1.Time knows whole seconds."""
    return now.replace(microsecond=0)
