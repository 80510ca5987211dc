"""The usage matrix: two resources, n container roles, t steps of recent detail and T hours of maxima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import Index

HOUR: Final = 3600
DAY: Final = 86400
STEP: Final = 300  # seconds; the default step, five minutes
DETAIL: Final = 8 * DAY  # seconds of full detail kept: a week and a day
HOURLY: Final = 35 * DAY  # seconds of hourly maxima kept: five weekly cycles
NEVER: Final = np.iinfo(np.int64).max  # ``born`` of a row without a sample

Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Usage of n rows. CPU in millicores (mean of the step), memory in bytes (maximum of the step); NaN is a gap.

    Column j of ``usage`` is the window that starts at ``start + j * step``; column k of ``hourly`` is the whole hour
    that starts at ``hour_start + 3600 * k``. ``censored`` marks steps whose usage is only a lower bound of demand
    (the container was throttled, or killed for memory). Arrays are shared between histories: never write into them.
    """

    rows: Index
    start: int  # epoch seconds, a multiple of ``step``
    step: int  # seconds; divides an hour
    usage: Matrix  # [2, n, t]
    censored: Mask  # [2, n, t]
    hour_start: int  # epoch seconds, a multiple of 3600
    hourly: Matrix  # [2, n, T]
    born: npt.NDArray[np.int64]  # [2, n] epoch seconds of the first sample ever seen, NEVER where none

    @classmethod
    def empty(cls, rows: Index, *, at: int, step: int = STEP) -> History:
        """No samples yet; the first ones will start at ``at`` (epoch seconds)."""
        n = len(rows)
        return cls(
            rows=rows,
            start=at - at % step,
            step=step,
            usage=np.empty((2, n, 0), np.float32),
            censored=np.empty((2, n, 0), np.bool_),
            hour_start=at - at % HOUR,
            hourly=np.empty((2, n, 0), np.float32),
            born=np.full((2, n), NEVER, np.int64),
        )

    @classmethod
    def of(cls, rows: Index, *, start: int, step: int, usage: Matrix, censored: Mask | None = None) -> History:
        """A history from a whole matrix of any length (nothing is cut off); hourly maxima are computed from it."""
        if start % step or HOUR % step:
            raise ValueError(f"start {start} must be a multiple of step {step}, and an hour one of the step")
        usage = np.ascontiguousarray(usage, np.float32)
        hour_start = start - start % HOUR
        return cls(
            rows=rows,
            start=start,
            step=step,
            usage=usage,
            censored=np.zeros(usage.shape, np.bool_) if censored is None else censored,
            hour_start=hour_start,
            hourly=hourly_maxima(usage, start=start, step=step, hour_start=hour_start),
            born=first_seen(usage, start=start, step=step),
        )

    @property
    def end(self) -> int:
        """Epoch seconds at which the last window ended."""
        return self.start + int(self.usage.shape[2]) * self.step

    @property
    def per_hour(self) -> int:
        """Columns in an hour."""
        return HOUR // self.step

    def last(self, seconds: int) -> Matrix:
        """The newest columns, at most ``seconds`` of them: a view ``[2, n, <= seconds / step]``."""
        columns = seconds // self.step
        return self.usage[:, :, max(0, self.usage.shape[2] - columns) :]

    def until(self, now: float | datetime) -> History:
        """What could be known at ``now``: only windows and whole hours that had ended by then. Views, no copies."""
        epoch = now.timestamp() if isinstance(now, datetime) else now
        # before the detail begins there may still be hours, of which those count that were over by then
        end = min(int(epoch // self.step) * self.step, self.end)
        stop = max(0, (end - self.start) // self.step)
        first = max(0, stop - DETAIL // self.step)
        hours = min(max((end - self.hour_start) // HOUR, 0), self.hourly.shape[2])
        first_hour = max(0, hours - HOURLY // HOUR)
        return replace(
            self,
            start=min(self.start + first * self.step, end),
            usage=self.usage[:, :, first:stop],
            censored=self.censored[:, :, first:stop],
            hour_start=self.hour_start + first_hour * HOUR,
            hourly=self.hourly[:, :, first_hour:hours],
            born=np.where(self.born < end, self.born, NEVER),
        )

    def append(self, usage: Matrix, *, start: int, censored: Mask | None = None) -> History:
        """Newer samples joined on: columns that exist are overwritten where the new value is no gap, holes become NaN.

        Args:
            usage: [2, n, k] on the same rows and step.
            start: epoch seconds of its first column; a multiple of the step.
            censored: [2, n, k]; none of them when left out.

        The result keeps 8 days of detail and 35 days of hours. Late data can raise an hour's maximum, not lower it:
        what was seen once may be needed again.
        """
        if usage.shape[:2] != self.usage.shape[:2] or start % self.step:
            raise ValueError(f"block {usage.shape} at {start} does not fit {self.usage.shape} at step {self.step}")
        new_end = start + usage.shape[2] * self.step
        end = max(self.end, new_end)
        first = max(min(self.start, start), end - DETAIL)
        columns = (end - first) // self.step
        joined = np.full((*self.usage.shape[:2], columns), np.nan, np.float32)
        marks = np.zeros(joined.shape, np.bool_)
        _paste(joined, marks, self.usage, self.censored, (self.start - first) // self.step)
        fresh = np.zeros(usage.shape, np.bool_) if censored is None else censored
        _paste(joined, marks, usage, fresh, (start - first) // self.step)
        touched = max(first, start - start % HOUR)  # the hours before it are known
        touched_hour = touched - touched % HOUR
        tail = joined[:, :, (touched - first) // self.step :]
        hours = hourly_maxima(tail, start=touched, step=self.step, hour_start=touched_hour)
        parts = [(self.hourly, self.hour_start), (hours, touched_hour)]
        if start < first:  # more than the detail holds: its hours would be lost
            early = start - start % HOUR
            parts.append((hourly_maxima(usage, start=start, step=self.step, hour_start=early), early))
        hour_start, hourly = _joined_hours(parts, end)
        return replace(
            self,
            start=first,
            usage=joined,
            censored=marks,
            hour_start=hour_start,
            hourly=hourly,
            born=np.minimum(self.born, first_seen(usage, start=start, step=self.step)),
        )

    def with_past(self, hourly: Matrix, *, start: int) -> History:
        """Hourly maxima joined on that reach back further than the detail: [2, n, k] from ``start`` (a whole hour) on."""
        if hourly.shape[:2] != self.usage.shape[:2] or start % HOUR:
            raise ValueError(f"hours {hourly.shape} from {start} do not fit {self.usage.shape}")
        hour_start, joined = _joined_hours([(hourly, start), (self.hourly, self.hour_start)], self.end)
        # hours that the detail covers say nothing new about a row's first sample
        before = hourly[:, :, : max(0, (self.start - start) // HOUR)]
        seen = first_seen(before, start=start, step=HOUR)
        return replace(self, hour_start=hour_start, hourly=joined, born=np.minimum(self.born, seen))

    def on(self, rows: Index) -> History:
        """The same usage for other rows: rows that went are dropped, new ones are gaps."""
        if rows == self.rows:
            return self if rows is self.rows else replace(self, rows=rows)
        where = np.array([-1 if (row := self.rows.row(key)) is None else row for key in rows], np.intp)
        known = where >= 0

        def gather(source: npt.NDArray[_Kind], missing: object) -> npt.NDArray[_Kind]:
            out = np.full((2, len(rows), *source.shape[2:]), missing, source.dtype)
            out[:, known] = source[:, where[known]]
            return out

        return replace(
            self,
            rows=rows,
            usage=gather(self.usage, np.nan),
            censored=gather(self.censored, False),
            hourly=gather(self.hourly, np.nan),
            born=gather(self.born, NEVER),
        )


def hourly_maxima(usage: Matrix, *, start: int, step: int, hour_start: int) -> Matrix:
    """Maximum of each hour from ``hour_start`` on, the last one possibly not over yet; NaN for an hour of gaps."""
    lead = (start - hour_start) // step
    per_hour = HOUR // step
    width = usage.shape[2]
    hours = -(-(lead + width) // per_hour) if width else 0
    maxima: Matrix = np.full((*usage.shape[:2], hours), np.nan, np.float32)
    # whole hours straight from a view; a padded copy of the matrix would double the memory of a large fleet
    head = min(-lead % per_hour, width)
    whole = (width - head) // per_hour
    body = usage[:, :, head : head + whole * per_hour].reshape(*usage.shape[:2], whole, per_hour)
    first = 1 if head else 0
    np.fmax.reduce(body, axis=3, out=maxima[:, :, first : first + whole])
    for edge, hour in ((usage[:, :, :head], 0), (usage[:, :, head + whole * per_hour :], hours - 1)):
        if edge.shape[2]:
            maxima[:, :, hour] = np.fmax.reduce(edge, axis=2)
    return maxima


def first_seen(usage: Matrix, *, start: int, step: int) -> npt.NDArray[np.int64]:
    """Epoch seconds of each row's first sample, NEVER where it has none."""
    if not usage.shape[2]:
        return np.full(usage.shape[:2], NEVER, np.int64)
    finite = np.isfinite(usage)
    first = start + finite.argmax(axis=2).astype(np.int64) * step
    return np.where(finite.any(axis=2), first, NEVER)


def _joined_hours(parts: Sequence[tuple[Matrix, int]], end: int) -> tuple[int, Matrix]:
    """Start and maxima of the hours up to ``end`` from several matrices (and the epoch second each starts at)."""
    hour_start = max(min(start for _, start in parts), end - HOURLY)
    hour_start -= hour_start % HOUR
    hours = -(-(end - hour_start) // HOUR)
    joined = np.full((*parts[0][0].shape[:2], hours), np.nan, np.float32)
    for source, start in parts:
        offset = (start - hour_start) // HOUR
        skip = max(0, -offset)
        part = source[:, :, skip : skip + hours - max(0, offset)]
        place = joined[:, :, offset + skip : offset + skip + part.shape[2]]
        np.fmax(place, part, out=place)
    return hour_start, joined


def _paste(into: Matrix, marks: Mask, usage: Matrix, censored: Mask, offset: int) -> None:
    skip = max(0, -offset)
    part, part_marks = usage[:, :, skip:], censored[:, :, skip:]
    window = slice(offset + skip, offset + skip + part.shape[2])
    known = np.isfinite(part)
    np.copyto(into[:, :, window], part, where=known)
    np.copyto(marks[:, :, window], part_marks, where=known)
