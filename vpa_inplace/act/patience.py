"""Not asking again at once what was refused: each further refusal of the same thing doubles the wait.

In memory only: after a restart each is tried once more, which is what a person who has mended something wants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vpa_inplace.act.answers import Outcome
from vpa_inplace.act.resizer import Sent
from vpa_inplace.domain.moves import Intent, Move

FIRST: Final = 120.0
"""Seconds after the first refusal: two ticks."""
LONGEST: Final = 3600.0
"""Seconds between tries of what is refused for good: an owner who mends a quota or a policy waits at most an hour."""
LASTING: Final = frozenset(
    {
        Outcome.DENIED,
        Outcome.FIELD_CONFLICT,
        Outcome.LIMIT_RANGE,
        Outcome.REJECTED,
        Outcome.RESOURCE_QUOTA,
        Outcome.SIDE_EFFECTS,
    }
)
"""Refusals that a minute does not change."""

_Key = tuple[str, Intent]


@dataclass(slots=True)
class _Wait:
    until: float
    length: float
    why: str


@dataclass(slots=True)
class Patience:
    """One thread's. ``now`` is in seconds, of any clock that does not go back."""

    _waits: dict[_Key, _Wait] = field(default_factory=dict)

    def holds(self, move: Move, now: float) -> str:
        """Why this is not to be tried yet; empty if it may be."""
        wait = self._waits.get(_key(move))
        return wait.why if wait is not None and now < wait.until else ""

    def hear(self, sent: Sent, now: float) -> None:
        key = _key(sent.move)
        answer = sent.answer
        if answer.outcome is Outcome.BUSY:
            self._waits[key] = _Wait(now + (answer.retry_after or FIRST), 0.0, answer.message)
        elif answer.outcome in LASTING:
            before = self._waits.get(key)
            length = min(max(2 * before.length, FIRST), LONGEST) if before is not None else FIRST
            self._waits[key] = _Wait(now + length, length, answer.message)
        else:
            self._waits.pop(key, None)

    def forget(self, alive: set[str]) -> None:
        """Pods that are gone need no memory; ``alive``: uids."""
        self._waits = {key: wait for key, wait in self._waits.items() if key[0] in alive}


def _key(move: Move) -> _Key:
    return move.pod.uid, move.intent
