"""The state of the prices by which sizes are weighed, a few numbers a row: what ``recommend.dials`` turns at every tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import Index

Float = npt.NDArray[np.float64]

RESIZE_START: Final = 0.2  # hours of a whole size left unused that a resize is worth at the start


@dataclass(frozen=True, slots=True, kw_only=True)
class Dials:
    """State of n rows; leading axes, if any, are settings that run side by side in a sweep."""

    rows: Index
    shortage: Float  # [..., 1] log, the fleet's
    own: Float  # [..., n] log, added to it
    resize: Float  # [..., 1] log of hours
    owed: Float  # [..., n] hours of a whole size left unused since the last change

    @classmethod
    def new(cls, rows: Index, *settings: int) -> Dials:
        n = len(rows)
        return cls(
            rows=rows,
            shortage=np.zeros((*settings, 1)),
            own=np.zeros((*settings, n)),
            resize=np.full((*settings, 1), np.log(RESIZE_START)),
            owed=np.zeros((*settings, n)),
        )

    def on(self, rows: Index) -> Dials:
        """The same for other rows: those that went are forgotten, new ones start where the fleet stands."""
        if rows is self.rows or rows == self.rows:
            return self if rows is self.rows else replace(self, rows=rows)
        where = np.array([-1 if (row := self.rows.row(key)) is None else row for key in rows], np.intp)
        known = where >= 0

        def gather(values: Float) -> Float:
            out = np.zeros((*values.shape[:-1], len(rows)))
            out[..., known] = values[..., where[known]]
            return out

        return replace(self, rows=rows, own=gather(self.own), owed=gather(self.owed))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything but the rows, as plain arrays for a file."""
        return {name: getattr(self, name) for name in ("shortage", "own", "resize", "owed")}

    @classmethod
    def restored(cls, rows: Index, arrays: Mapping[str, npt.NDArray[Any]]) -> Dials:
        """The inverse of :meth:`arrays`.

        Raises:
            ValueError: an array is missing, of another shape, or holds no number; start anew then.
        """
        fresh = cls.new(rows).arrays()
        for name, values in fresh.items():
            got = arrays.get(name)
            if got is None or got.shape != values.shape or not np.isfinite(got).all():
                raise ValueError(f"dials of {len(rows)} rows: {name} is missing, torn or of other rows")
        return cls(rows=rows, **{name: np.asarray(arrays[name], np.float64) for name in fresh})
