"""When ticks began, ended and ended well: one thread writes, any thread may ask."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pulse:
    """``clock`` is monotonic, in seconds: ages are right whatever is done to the machine's time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._born = clock()
        self._began: float | None = None
        self._ended: float | None = None
        self._well: float | None = None

    def begin(self) -> None:
        self._began = self.clock()

    def end(self, *, well: bool) -> None:
        """``well``: the tick did all that it was to do."""
        now = self.clock()
        self._ended = now
        if well:
            self._well = now

    @property
    def silence(self) -> float:
        """Seconds since a tick last began or ended; since the start where none has."""
        last = [moment for moment in (self._born, self._began, self._ended) if moment is not None]
        return self.clock() - max(last)

    @property
    def well_age(self) -> float:
        """Seconds since a tick last ended well; since the start where none has."""
        return self.clock() - (self._born if self._well is None else self._well)

    @property
    def was_well(self) -> bool:
        """Whether any tick has ended well."""
        return self._well is not None
