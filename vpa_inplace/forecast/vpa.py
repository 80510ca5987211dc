"""Upstream VPA's recommender for n rows at once: percentiles of decaying histograms, a margin, bounds, a floor.

Source: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/{model,logic}, read in August 2026. CPU samples
weigh the same whatever the request (older versions weighed them by it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.oom import after_oom
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.decaying import BUCKETS, MAX_EXPONENT, add_columns, add_each, bucket_of, percentiles
from vpa_inplace.forecast.outlook import BLOCKS, Beliefs, Outlook
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY, HOUR, Mask, Matrix

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[Any]]

MILLI: Final = 1000.0  # millicores in a core; buckets are in cores, histories in millicores
CPU_WEIGHT: Final = 0.1  # of one CPU sample
SCRAPE: Final = 60  # seconds between two samples of upstream's; a longer step stands for several
MAX_AMOUNT: Final = 1e14  # upstream caps every amount there
EXPIRES: Final = 8 * DAY  # seconds of silence after which upstream forgets a container: 8 memory windows
CELLS: Final = 2**17  # samples binned at a time: their temporaries stay in the cache
COLUMNS: Final = 64  # columns of memory turned over at a time, so that the walk through time reads in order


@dataclass(frozen=True, slots=True)
class Vpa:
    """The recommender of Kubernetes' Vertical Pod Autoscaler, as a forecast that is the same for every hour.

    One deliberate difference: without samples upstream recommends its floor, here nothing is known (NaN is not zero).
    A row is the maximum over a role's pods, where upstream adds every pod's samples to one histogram. A five-minute
    step is one CPU sample that counts as five of upstream's towards confidence.
    """

    target_percentile: float = 0.90
    lower_percentile: float = 0.50
    upper_percentile: float = 0.95
    margin: float = 0.15  # fraction
    half_life: float = 24.0  # hours
    min_cpu: float = 25.0  # millicores, split over the containers of a workload
    min_memory: float = 250.0 * 2**20  # bytes, split likewise
    confidence_interval: float = 24.0  # hours of history at which upperBound is twice the percentile with its margin
    memory_interval: float = 24.0  # hours, of which the highest memory usage is one sample

    def __post_init__(self) -> None:
        shares = (self.lower_percentile, self.target_percentile, self.upper_percentile)
        if not 0 <= shares[0] <= shares[1] <= shares[2] <= 1:
            raise ValueError(f"percentiles {shares} must ascend from lower to upper within 0..1")
        if not min(self.half_life, self.confidence_interval, self.memory_interval) >= 1 / HOUR:
            raise ValueError("half_life, confidence_interval and memory_interval must be a second or more, in hours")
        if not (self.margin > -1 and min(self.min_cpu, self.min_memory) >= 0):
            raise ValueError("margin must be above -1, floors not negative")

    @property
    def name(self) -> str:
        return "vpa"

    @property
    def uses_risk(self) -> bool:
        return False

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs:
        """Add the samples that ended after ``beliefs.through``; rows that are new bring all the history they have.

        Beliefs of another forecaster, or of other half lives and windows, are worth nothing here: it starts anew.
        """
        rows, width = history.rows, history.usage.shape[2]
        known_as = f"{self.name}, half life {self.half_life:g} h, memory windows of {self.memory_interval:g} h"
        if beliefs is None or beliefs.forecaster != known_as:
            beliefs = Beliefs(forecaster=known_as, rows=Index(()), through=history.start, arrays=_nothing(Index(())))
        done = min(max((beliefs.through - history.start) // history.step, 0), width)
        arrays, strangers = _on(beliefs, rows)
        if done and len(strangers):
            theirs = {name: array[strangers] for name, array in arrays.items()}
            self._absorb(theirs, history, strangers, slice(0, done))
            for name, array in theirs.items():
                arrays[name][strangers] = array
        self._absorb(arrays, history, slice(None), slice(done, width))
        through = max(beliefs.through, history.end)
        return Beliefs(forecaster=known_as, rows=rows, through=through, arrays=arrays)

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:  # noqa: ARG002 - percentiles instead
        """Shapes as in :class:`Outlook`; ``low`` and ``high`` are lowerBound and upperBound."""
        if beliefs is None or beliefs.through < history.end or beliefs.rows != history.rows:
            beliefs = self.learn(history, beliefs)
        arrays = beliefs.arrays
        confidence = self._confidence(arrays)
        with np.errstate(divide="ignore"):  # one sample: no confidence, upperBound without end
            up, down = 1 + 1 / confidence, (1 + 0.001 / confidence) ** -2.0
        shares = (self.target_percentile, self.lower_percentile, self.upper_percentile)
        base = np.empty((3, 2, len(history.rows)))
        base[:, Resource.CPU] = percentiles(arrays["cpu"], shares, Resource.CPU) * MILLI
        base[:, Resource.MEMORY] = percentiles(self._memory(arrays), shares, Resource.MEMORY)
        base = _whole(base)
        base += _whole(base * self.margin)
        bounds = (base[0], _whole(base[1] * down), _whole(base[2] * up))
        least = np.array([[self.min_cpu], [self.min_memory]])
        floor = _whole(least / arrays["containers"])
        silent = history.end - arrays["last"] >= EXPIRES  # NaN: no CPU sample yet, nothing to expire
        target, low, high = (np.where(silent, np.nan, np.maximum(x, floor)).astype(np.float32) for x in bounds)
        return Outlook(
            at=history.end,
            ceiling=np.repeat(target[:, :, None], BLOCKS, axis=2),
            low=low,
            high=high,
            confidence=np.minimum(confidence, 1).astype(np.float32),
            expert=np.zeros(len(history.rows), np.uint8),
            experts=(self.name,),
        )

    def _confidence(self, arrays: Arrays | Any) -> Float:
        """[n] upstream's: intervals between the first and the last sample, or worth of samples at one a minute."""
        interval = self.confidence_interval * HOUR
        span = (arrays["last"] - arrays["first"]) / interval
        return np.where(arrays["count"] > 0, np.minimum(span, arrays["count"] * SCRAPE / interval), 0.0)

    def _memory(self, arrays: Arrays | Any) -> Float:
        """The memory histogram with the windows that are not over yet."""
        weights, reference = arrays["memory"].copy(), arrays["memory_reference"].copy()
        self._close(weights, reference, arrays, np.flatnonzero(np.isfinite(arrays["peak"])))
        return weights

    def _absorb(self, arrays: Arrays, history: History, rows: slice | npt.NDArray[np.intp], columns: slice) -> None:
        usage = history.usage[:, rows, columns]
        if not usage.size:
            return
        times = history.start + np.arange(columns.start + 1, columns.stop + 1) * history.step
        self._absorb_cpu(arrays, usage[Resource.CPU], times, history.step)
        self._absorb_memory(arrays, usage[Resource.MEMORY], history.censored[Resource.MEMORY, rows, columns], times)

    def _absorb_cpu(self, arrays: Arrays, usage: Matrix, times: Int, step: int) -> None:
        half_life = round(self.half_life * HOUR)
        for some in _pieces(usage.shape[1], max(1, MAX_EXPONENT * half_life // step)):
            for batch in _pieces(len(usage), max(1, CELLS // len(times[some]))):
                used = usage[batch, some]
                known = np.isfinite(used)
                cores = np.trunc(np.where(known, used, 0), dtype=np.float64) / MILLI
                add_columns(
                    arrays["cpu"][batch],
                    arrays["cpu_reference"][batch],
                    buckets=bucket_of(cores, Resource.CPU),
                    known=known,
                    times=times[some],
                    weight=CPU_WEIGHT,
                    half_life=half_life,
                )
                _count(arrays, batch, known, times[some], step)

    def _absorb_memory(self, arrays: Arrays, usage: Matrix, killed: Mask, times: Int) -> None:
        """Peaks of windows of a day, anchored at each row's first sample; a window counts at its end."""
        peak, window_end = arrays["peak"], arrays["window_end"]
        interval = round(self.memory_interval * HOUR)
        for some in _pieces(len(times), COLUMNS):
            block = usage[:, some].T.astype(np.float64, order="C")
            hit = killed[:, some].T
            if hit.any():  # upstream's OOM sample: more than what the container died at
                block[hit] = after_oom(block[hit])
            for used, now in zip(block, times[some], strict=True):
                opens = np.flatnonzero((window_end <= now) & np.isfinite(used))
                if len(opens):
                    over = opens[np.isfinite(peak[opens])]
                    self._close(arrays["memory"], arrays["memory_reference"], arrays, over)
                    before = np.where(window_end[opens] == 0, now, window_end[opens])
                    window_end[opens] = before + (now - before) // interval * interval + interval
                    peak[opens] = np.nan
                # a window that opens at 0 bytes stays there, as upstream's does
                np.fmax(peak, used, out=peak, where=~(peak < 1))

    def _close(self, weights: Float, reference: Int, arrays: Arrays | Any, rows: npt.NDArray[np.intp]) -> None:
        """Add the peaks of these rows' windows."""
        places = bucket_of(np.trunc(arrays["peak"][rows]), Resource.MEMORY)
        add_each(weights, reference, rows, places, arrays["window_end"][rows], round(self.half_life * HOUR))


def _whole(amount: Float) -> Float:
    """Upstream's amounts are integers: truncated, between 0 and 1e14."""
    return np.trunc(np.clip(amount, 0, MAX_AMOUNT))


def _pieces(length: int, size: int) -> Iterator[slice]:
    return (slice(first, min(first + size, length)) for first in range(0, length, size))


def _count(arrays: Arrays, batch: slice, known: Mask, times: Int, step: int) -> None:
    """Upstream's three counters of CPU samples, as if a step were its scrapes."""
    some = known.any(axis=1)
    first = times[known.argmax(axis=1)] - step + min(step, SCRAPE)
    last = times[len(times) - 1 - known[:, ::-1].argmax(axis=1)]
    arrays["first"][batch] = np.fmin(arrays["first"][batch], np.where(some, first, np.nan))
    arrays["last"][batch] = np.fmax(arrays["last"][batch], np.where(some, last, np.nan))
    arrays["count"][batch] += np.count_nonzero(known, axis=1) * (step / SCRAPE)


def _nothing(rows: Index) -> Arrays:
    n = len(rows)
    siblings = Counter(key.workload for key in rows)
    return {
        "cpu": np.zeros((n, BUCKETS)),  # weights
        "cpu_reference": np.zeros(n, np.int64),  # half lives since year one
        "memory": np.zeros((n, BUCKETS)),  # weights of the windows that are over
        "memory_reference": np.zeros(n, np.int64),
        "peak": np.full(n, np.nan),  # bytes, of the running window
        "window_end": np.zeros(n, np.int64),  # epoch seconds, of the running window; 0 before the first sample
        "first": np.full(n, np.nan),  # epoch seconds of the first CPU sample
        "last": np.full(n, np.nan),  # epoch seconds of the last CPU sample
        "count": np.zeros(n),  # CPU samples, one a minute
        "containers": np.array([siblings[key.workload] for key in rows], np.int64),
    }


def _on(beliefs: Beliefs, rows: Index) -> tuple[Arrays, npt.NDArray[np.intp]]:
    """Copies of the arrays on these rows, and which of the rows are strangers to them."""
    if rows is beliefs.rows or rows == beliefs.rows:
        return {name: array.copy() for name, array in beliefs.arrays.items()}, np.empty(0, np.intp)
    arrays = _nothing(rows)
    where = np.array([-1 if (row := beliefs.rows.row(key)) is None else row for key in rows], np.intp)
    known = where >= 0
    for name, array in beliefs.arrays.items():
        if name != "containers":
            arrays[name][known] = array[where[known]]
    return arrays, np.flatnonzero(~known)
