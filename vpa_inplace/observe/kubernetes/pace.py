"""How patient a watch is, and how long it waits after a failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """In seconds."""

    watch: float = 300.0
    """How long one watch is asked to last, give or take a fifth: client-go asks for 5 to 10 minutes."""
    silence: float = 150.0
    """Bookmarks were seen after 60 to 121 s and then each minute (1.36); doubled each time that a server has none."""
    first: float = 0.5
    """Before the second try; doubled for each further one up to ``most``."""
    most: float = 30.0
    slow: float = 60.0
    """Between looks at a kind that is missing or forbidden: who installs or grants something waits a minute for us."""
    stale: float = 600.0
    """Nothing heard for so long: list. Shrinks stop after 15 minutes, so a list has time to fail and be repeated."""
    shortest: float = 1.0
    """A watch that ends sooner and told nothing has failed; others begin no closer together than about this."""


PACE: Final = Pace()
_SURELY: Final = 20  # doublings after which a pause is at its longest


class Pauses:
    """Waiting between tries. ``dice`` gives numbers in [0, 1): many watches of many clients must not act in step."""

    def __init__(self, pace: Pace, dice: Callable[[], float]) -> None:
        self._pace, self._dice = pace, dice
        self.failures = 0  # in a row
        self.expired = 0  # times in a row that the version to watch from was gone

    def after_success(self, lasted: float) -> float:
        """A watch that ended by itself: hardly any, unless it was short."""
        self.failures = self.expired = 0
        return max(0.0, self._about(self._pace.shortest) - lasted)

    def after_failure(self, told: float = 0.0) -> float:
        """From half to all of a time that doubles with each failure; no less than the server told us to wait."""
        self.failures += 1
        return max(self._doubled(self.failures), told * (1 + 0.1 * self._dice()))

    def after_expiry(self) -> float:
        """The same, counted apart: a server that is back, and has forgotten our version, is listed from at once."""
        self.expired += 1
        return self._doubled(self.expired)

    def slow(self) -> float:
        """Where trying again soon would not help."""
        self.failures = self.expired = 0
        return self._about(self._pace.slow)

    def watch(self) -> int:
        """Whole seconds that the next watch is to last."""
        return max(1, round(self._pace.watch * (0.8 + 0.4 * self._dice())))

    def _doubled(self, times: int) -> float:
        longest = min(self._pace.most, self._pace.first * 2.0 ** min(times - 1, _SURELY))
        return longest * (0.5 + 0.5 * self._dice())

    def _about(self, seconds: float) -> float:
        return seconds * (0.75 + 0.5 * self._dice())
