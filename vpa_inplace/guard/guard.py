"""What a guard is."""

from __future__ import annotations

from typing import Final, Protocol

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot

EVERY: Final = frozenset(Intent)
SHRINKS: Final = frozenset({Intent.SHRINK})


class Guard(Protocol):
    """One reason not to move. ``judges`` says which intents it looks at at all."""

    @property
    def reason(self) -> str: ...

    @property
    def judges(self) -> frozenset[Intent]: ...

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None: ...
