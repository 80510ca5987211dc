"""The little that must be remembered between ticks: budgets spent, sizes at which containers died, resizes on their way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.attempts import Attempt, TooBig
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.keys import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """State of n rows; a new ledger has a full budget and no OOM."""

    rows: Index
    at: float  # epoch seconds of the last refill; -inf before the first
    spent: npt.NDArray[np.float64]  # [n] resizes spent and not yet refilled
    oom_floor: npt.NDArray[np.int64]  # [n] bytes that memory must not undercut, UNSET where none
    oom_at: npt.NDArray[np.float64]  # [n] epoch seconds of the newest OOM, -inf where none
    dials: Dials | None = None  # of rows sized by price; None before the first of them
    in_force: npt.NDArray[np.float64] | None = None  # [n] millicores at the last tick, NaN where unknown; beside dials
    attempts: tuple[Attempt, ...] = ()
    too_big: tuple[TooBig, ...] = ()

    @classmethod
    def empty(cls, rows: Index) -> Ledger:
        n = len(rows)
        return cls(
            rows=rows,
            at=-np.inf,
            spent=np.zeros(n),
            oom_floor=np.full(n, UNSET, np.int64),
            oom_at=np.full(n, -np.inf),
        )

    def on(self, rows: Index) -> Ledger:
        """The same memory for other rows: containers that went are forgotten, new ones start empty. Attempts are kept."""
        if rows is self.rows or rows == self.rows:
            return self if rows is self.rows else replace(self, rows=rows, dials=self.dials and self.dials.on(rows))
        fresh = Ledger.empty(rows)
        pairs = [(i, row) for i, key in enumerate(rows) if (row := self.rows.row(key)) is not None]
        new, old = np.array(pairs, np.intp).reshape(-1, 2).T
        for name in ("spent", "oom_floor", "oom_at"):
            getattr(fresh, name)[new] = getattr(self, name)[old]
        fresh = replace(fresh, at=self.at, attempts=self.attempts, too_big=self.too_big)
        if self.dials is None or self.in_force is None:
            return fresh
        in_force = np.full(len(rows), np.nan)
        in_force[new] = self.in_force[old]
        return replace(fresh, dials=self.dials.on(rows), in_force=in_force)
