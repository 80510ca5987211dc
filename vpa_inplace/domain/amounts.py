"""Requests and limits of one container, and how arrays say 'not set' and 'cannot know'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.resource import Resource

UNSET: Final = -1
"""In integer matrices: the field does not exist in the object (no request, no limit). Not zero, not unknown."""
UNKNOWN: Final = -2
"""In integer matrices: we cannot know (no data). Never acted upon."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """CPU in millicores and memory in bytes; ``None`` means not set."""

    cpu: int | None = None
    memory: int | None = None

    def get(self, resource: Resource) -> int | None:
        return self.cpu if resource is Resource.CPU else self.memory

    def replace(self, resource: Resource, amount: int | None) -> Amounts:
        return Amounts(amount, self.memory) if resource is Resource.CPU else Amounts(self.cpu, amount)

    def overlaid(self, other: Amounts) -> Amounts:
        """These amounts after a change that names only what it touches."""
        return Amounts(
            self.cpu if other.cpu is None else other.cpu,
            self.memory if other.memory is None else other.memory,
        )


def encode(amount: int | None) -> int:
    """``None`` as the matrix sentinel."""
    return UNSET if amount is None else amount
