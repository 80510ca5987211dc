"""A decision looked at from the report's side: per slot and per row, computed once for the whole fleet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vpa_inplace.decide import Decision
from vpa_inplace.domain.moves import Change, Verdict
from vpa_inplace.domain.resource import Resource
from vpa_inplace.plan.desired import desired

Variant = tuple[int, ...]
"""Requests, then limits of one container: cpu, memory, cpu, memory; UNSET where none."""


@dataclass(frozen=True)
class Facts:
    """What several parts of a report ask of the same decision."""

    decision: Decision

    @cached_property
    def demand(self) -> npt.NDArray[np.float32]:
        """[2, n] the highest ceiling until the next chance to resize, NaN where nothing is known."""
        return self.decision.outlook.over(self.decision.policies.hold)

    @cached_property
    def wanted(self) -> npt.NDArray[np.int64]:
        """[2, m] requests that the plan would ask for, were there no dead band."""
        return desired(self.decision.sizes, self.decision.snapshot.slots, self.decision.policies)[0]

    @cached_property
    def variants(self) -> list[Variant]:
        """[m] requests and limits of each slot."""
        slots = self.decision.snapshot.slots
        return [tuple(column) for column in np.concatenate([slots.request, slots.limit]).T.tolist()]

    @cached_property
    def changes(self) -> dict[int, list[tuple[Verdict, Change]]]:
        """By slot: what the moves do to it. At most one of them touches a given resource."""
        snapshot = self.decision.snapshot
        where = {
            (id(snapshot.pods[p]), snapshot.pods[p].containers[c].name): slot
            for slot, (p, c) in enumerate(zip(snapshot.slots.pod.tolist(), snapshot.slots.place.tolist(), strict=True))
        }
        found: dict[int, list[tuple[Verdict, Change]]] = {}
        for verdict in self.decision.verdicts:
            for change in verdict.move.changes:
                slot = where[id(verdict.move.pod), change.container]
                found.setdefault(slot, []).append((verdict, change))
        return found

    @cached_property
    def slots_of_row(self) -> dict[int, list[int]]:
        """Rows that have live pods, and their slots in the order of the pods."""
        found: dict[int, list[int]] = {}
        for slot, row in enumerate(self.decision.snapshot.slots.row.tolist()):
            found.setdefault(row, []).append(slot)
        return found

    def touching(self, slots: Sequence[int], resource: Resource) -> list[tuple[Verdict, Change]]:
        """Moves of these slots that change the request or the limit of the resource."""
        return [pair for slot in slots for pair in self.changes.get(slot, ()) if touches(pair[1], resource)]

    def shown(self, slots: Sequence[int]) -> int:
        """The slot whose figures stand for its role: of the kind that moves, the most common, then the largest."""
        moving = [slot for slot in slots if slot in self.changes] or slots
        number = Counter(self.variants[slot] for slot in moving)
        best = max(number, key=lambda variant: (number[variant], variant))
        return next(slot for slot in moving if self.variants[slot] == best)

    def time_of_oom(self, row: int) -> datetime:
        return datetime.fromtimestamp(float(self.decision.ledger.oom_at[row]), UTC)


def touches(change: Change, resource: Resource) -> bool:
    return change.requests.get(resource) is not None or change.limits.get(resource) is not None
