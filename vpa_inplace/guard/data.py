"""No shrink without evidence: fresh samples, few gaps, enough of the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import SHRINKS


def lowered(move: Move) -> Iterator[tuple[str, int, Resource]]:
    """Container, row and resource of everything the move takes away."""
    for change in move.changes:
        for resource in change.lowered:
            yield change.container, change.row, resource


@dataclass(frozen=True, slots=True)
class StaleUsage:
    """Without fresh usage we would shrink into a present we cannot see."""

    reason: str = "StaleUsage"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        for container, row, resource in lowered(move):
            age = snapshot.evidence.age[resource, row]
            allowed = policies[row].stale_after.total_seconds()
            if age > allowed:
                message = f"newest {resource.key} usage of {container} is {span(age)} old, more than {span(allowed)}"
                return Refusal(self.reason, message, "fresh samples in the usage source")
        return None


@dataclass(frozen=True, slots=True)
class LowCoverage:
    """Gaps are not zeros; a fleet that loses its samples at once has lost its monitoring, not its load."""

    reason: str = "LowCoverage"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        evidence = snapshot.evidence
        for container, row, resource in lowered(move):
            needed = policies[row].min_coverage
            have = evidence.coverage[resource, row]
            if have < needed:
                message = f"{have:.0%} of the last day's {resource.key} samples of {container} exist, need {needed:.0%}"
                return Refusal(self.reason, message, "a day with fewer gaps")
            if evidence.fleet[resource] < needed:
                message = f"only {evidence.fleet[resource]:.0%} of all containers still report {resource.key} usage"
                return Refusal(self.reason, message, "the usage source seeing the fleet again")
        return None


@dataclass(frozen=True, slots=True)
class NotEnoughHistory:
    """A container that has not shown one whole day has not shown its peak."""

    reason: str = "NotEnoughHistory"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        for container, row, resource in lowered(move):
            have = snapshot.evidence.peak_age[resource, row]
            needed = policies[row].min_history.total_seconds()
            if have < needed:
                message = f"{container} has {span(have)} of {resource.key} usage, need {span(needed)}"
                return Refusal(self.reason, message, f"{span(needed - have)} more")
        return None


def span(seconds: float) -> str:
    """A length of time for a sentence: ``1 d 4 h``, ``20 min``, ``30 s``."""
    if seconds == float("inf"):
        return "infinitely"
    whole = timedelta(seconds=round(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    parts = ((whole.days, "d"), (hours, "h"), (rest // 60, "min"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or f"{whole.seconds} s"
