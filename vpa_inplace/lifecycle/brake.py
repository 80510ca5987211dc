"""When shrinks go wrong here and there at once, none is made anywhere: what counts as that, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from vpa_inplace.domain.attempts import End, Ended
from vpa_inplace.domain.intent import Intent

HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeLimits:
    """Of the shrinks that ended within ``window``, how many may have been taken back."""

    window: float = HOUR  # seconds
    undo_rate: float = 0.25  # fraction
    at_least: int = 10
    """Ended shrinks, before their share says anything. Where one in twenty goes wrong by chance, three or more of ten
    do once in a hundred times: 1 - 0.95^10 - 10 * 0.05 * 0.95^9 - 45 * 0.05^2 * 0.95^8 = 0.012."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """The shrinks that ended lately, and how. Kept in memory only: after a restart an hour counts anew."""

    limits: BrakeLimits = BrakeLimits()
    ends: tuple[tuple[float, bool], ...] = ()  # epoch seconds, and whether it was taken back; oldest first

    def after(self, ended: Iterable[Ended], now: float) -> Brake:
        """The count at ``now``, with these ends in it. Settled or taken back: those overtaken, or gone, say nothing."""
        counted = {End.SETTLED: False, End.REVERTED: True}
        new = [(e.at, counted[e.end]) for e in ended if e.attempt.intent is Intent.SHRINK and e.end in counted]
        kept = [end for end in (*self.ends, *new) if now - end[0] < self.limits.window]
        return self if len(kept) == len(self.ends) and not new else replace(self, ends=tuple(kept))

    @property
    def says(self) -> str:
        """A sentence for ``Surroundings.braked``; empty while all is well."""
        undone = sum(undone for _, undone in self.ends)
        if len(self.ends) < self.limits.at_least or undone <= self.limits.undo_rate * len(self.ends):
            return ""
        minutes = self.limits.window / 60
        return (
            f"{undone} of the {len(self.ends)} shrinks that ended in the last {minutes:.0f} min had to be taken back, "
            f"more than {self.limits.undo_rate:.0%}"
        )
