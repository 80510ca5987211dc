"""Upstream VPA's recommender, vectorised: percentiles of decaying histograms, a margin, confidence bounds, a floor.

Source: kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender/{model,logic}, read in August 2026. CPU samples
weigh the same whatever the request (older versions weighed them by it).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.oom import after_oom
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.decaying import BUCKETS, bucket_of, percentiles, reference_of
from vpa_inplace.forecast.outlook import BLOCKS, Beliefs, Outlook
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY

Float = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

MILLI: Final = 1000.0  # millicores in a core; buckets are in cores, histories in millicores
CPU_WEIGHT: Final = 0.1  # of one CPU sample
SCRAPE: Final = 60.0  # seconds between two samples of upstream's; longer steps stand for several
SAMPLES_A_DAY: Final = 1440.0
MAX_AMOUNT: Final = 1e14  # upstream caps every amount there
BATCH: Final = 256  # rows binned at a time: their temporaries stay in the cache


@dataclass(frozen=True, slots=True)
class Vpa:
    """The recommender of Kubernetes' Vertical Pod Autoscaler, as a forecast that is the same for every hour.

    One deliberate difference: without samples upstream recommends its floor, here nothing is known (NaN is not zero).
    A row is the maximum over a role's pods, where upstream adds every pod's samples to one histogram.
    """

    target_percentile: float = 0.90
    lower_percentile: float = 0.50
    upper_percentile: float = 0.95
    margin: float = 0.15  # fraction
    half_life: float = 24.0  # hours
    min_cpu: float = 25.0  # millicores, split over the containers of a workload
    min_memory: float = 250.0 * 2**20  # bytes, split likewise

    def __post_init__(self) -> None:
        shares = (self.lower_percentile, self.target_percentile, self.upper_percentile)
        if not 0 <= shares[0] <= shares[1] <= shares[2] <= 1:
            raise ValueError(f"percentiles {shares} must ascend from lower to upper within 0..1")
        if self.half_life <= 0 or self.margin <= -1 or min(self.min_cpu, self.min_memory) < 0:
            raise ValueError("half_life must be positive, margin above -1, floors not negative")

    @property
    def name(self) -> str:
        return "vpa"

    @property
    def uses_risk(self) -> bool:
        return False

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs:
        """Add the samples that ended after ``beliefs.through``; rows that are new bring all the history they have."""
        rows, end = history.rows, history.end
        if beliefs is None:
            arrays = _nothing(rows)
            self._absorb(arrays, history, np.arange(len(rows)), since=0)
        else:
            arrays, strangers = _on(beliefs, rows)
            self._shift(arrays, beliefs.through, end)
            # in place: the arrays are copies that nobody else holds
            known = np.setdiff1d(np.arange(len(rows)), strangers, assume_unique=True)
            self._absorb(arrays, history, known, since=beliefs.through)
            self._absorb(arrays, history, strangers, since=0)
        return Beliefs(forecaster=self.name, rows=rows, through=end, arrays=arrays)

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:  # noqa: ARG002 - percentiles instead
        """Shapes as in :class:`Outlook`; ``low`` and ``high`` are lowerBound and upperBound."""
        if beliefs is None or beliefs.through != history.end or beliefs.rows != history.rows:
            beliefs = self.learn(history, beliefs)
        arrays = beliefs.arrays
        confidence = np.minimum(arrays["last"] - arrays["first"], DAY / SAMPLES_A_DAY * arrays["count"]) / DAY
        confidence = np.where(arrays["count"] > 0, confidence, 0.0)
        target, low, high = (np.empty((2, len(history.rows))) for _ in range(3))
        floors = (self.min_cpu, self.min_memory)
        for resource in Resource:
            histogram = self._running(arrays, history.end) if resource is Resource.MEMORY else arrays["cpu"]
            unit = MILLI if resource is Resource.CPU else 1.0
            shares = (self.target_percentile, self.lower_percentile, self.upper_percentile)
            base = _whole(percentiles(histogram, shares, resource) * unit)
            base += _whole(base * self.margin)
            with np.errstate(divide="ignore"):
                base[1] = _whole(base[1] * (1 + 0.001 / confidence) ** -2.0)
                base[2] = _whole(base[2] * (1 + 1 / confidence))
            floor = np.floor(floors[resource] / np.maximum(arrays["containers"], 1))
            target[resource], low[resource], high[resource] = np.maximum(base, floor)
        return Outlook(
            at=history.end,
            ceiling=np.repeat(target.astype(np.float32)[:, :, None], BLOCKS, axis=2),
            low=low.astype(np.float32),
            high=high.astype(np.float32),
            confidence=np.clip(confidence, 0, 1).astype(np.float32),
            expert=np.zeros(len(history.rows), np.uint8),
            experts=(self.name,),
        )

    def _seconds(self) -> float:
        return self.half_life * 3600

    def _shift(self, arrays: Arrays, before: float, now: float) -> None:
        """Move the weights to the reference in force at ``now``."""
        moved = reference_of(before, self._seconds()) - reference_of(now, self._seconds())
        if moved:
            factor = 2.0 ** (moved / self._seconds())
            arrays["cpu"] *= factor
            arrays["memory"] *= factor

    def _weights(self, times: Float, now: float) -> Float:
        return 2.0 ** ((times - reference_of(now, self._seconds())) / self._seconds())

    def _absorb(self, arrays: Arrays, history: History, rows: npt.NDArray[np.intp], *, since: float) -> None:
        skip = int(max(0, min((since - history.start) // history.step, history.usage.shape[2])))
        if not len(rows) or skip == history.usage.shape[2]:
            return
        times = history.start + np.arange(skip + 1, history.usage.shape[2] + 1, dtype=np.float64) * history.step
        whole = len(rows) == len(history.rows)
        for first in range(0, len(rows), BATCH):
            batch = slice(first, first + BATCH) if whole else rows[first : first + BATCH]
            usage = history.usage[:, batch, skip:].astype(np.float64)
            killed = history.censored[Resource.MEMORY, batch, skip:]
            self._absorb_cpu(arrays, usage[Resource.CPU], times, batch, history)
            memory = usage[Resource.MEMORY]
            # upstream's OOM sample: more than what the container died at
            memory[killed] = after_oom(memory[killed])
            self._absorb_memory(arrays, memory, times, batch, history.end)

    def _absorb_cpu(self, arrays: Arrays, usage: Float, times: Float, batch: Any, history: History) -> None:
        known = np.isfinite(usage)
        weights = CPU_WEIGHT * self._weights(times, history.end)
        n = len(usage)
        place = bucket_of(np.where(known, usage, 0.0) / MILLI, Resource.CPU) + np.arange(n)[:, None] * BUCKETS
        added = np.bincount(place.ravel(), (known * weights).ravel(), minlength=n * BUCKETS)
        arrays["cpu"][batch] += added.reshape(n, BUCKETS)
        some = known.any(axis=1)
        earliest, latest = times[known.argmax(axis=1)], times[len(times) - 1 - known[:, ::-1].argmax(axis=1)]
        arrays["first"][batch] = np.fmin(arrays["first"][batch], np.where(some, earliest, np.nan))
        arrays["last"][batch] = np.fmax(arrays["last"][batch], np.where(some, latest, np.nan))
        arrays["count"][batch] += known.sum(axis=1) * (history.step / SCRAPE)

    def _absorb_memory(self, arrays: Arrays, usage: Float, times: Float, batch: Any, now: float) -> None:
        """Peaks of windows of a day, anchored at each row's first sample; a window counts at its end."""
        known = np.isfinite(usage)
        window_end = arrays["window_end"][batch]
        starts = known.any(axis=1) & np.isnan(window_end)
        window_end = np.where(starts, times[known.argmax(axis=1)] + DAY, window_end)
        peak, histogram = arrays["peak"][batch], arrays["memory"][batch]
        # rows with the same windows are taken together: in a fleet that is most of them
        for anchor in np.unique(window_end[np.isfinite(window_end)]):
            members = np.flatnonzero(window_end == anchor)
            edges = anchor + np.arange(max(0, int((times[-1] - anchor) // DAY) + 1)) * DAY  # windows that are over
            cuts = np.concatenate([[0], np.searchsorted(times, edges)])
            for i, (begin, stop) in enumerate(zip(cuts, [*cuts[1:], len(times)], strict=True)):
                if stop > begin:
                    peak[members] = np.fmax(peak[members], np.fmax.reduce(usage[members, begin:stop], axis=1))
                if i < len(edges):
                    self._close(histogram, peak, members, edges[i], now)
            window_end[members] = anchor + len(edges) * DAY
        arrays["peak"][batch], arrays["memory"][batch], arrays["window_end"][batch] = peak, histogram, window_end

    def _close(self, histogram: Float, peak: Float, members: npt.NDArray[np.intp], when: float, now: float) -> None:
        some = members[np.isfinite(peak[members])]
        weight = self._weights(np.array([when]), now)[0]
        histogram[some, bucket_of(peak[some], Resource.MEMORY)] += weight
        peak[members] = np.nan

    def _running(self, arrays: Any, now: float) -> Float:
        """The memory histogram with the window that is not over yet."""
        histogram: Float = arrays["memory"].copy()
        some = np.flatnonzero(np.isfinite(arrays["peak"]))
        weights = self._weights(arrays["window_end"][some], now)
        histogram[some, bucket_of(arrays["peak"][some], Resource.MEMORY)] += weights
        return histogram


def _whole(amount: Float) -> Float:
    """Upstream's amounts are integers: truncated, between 0 and 1e14."""
    return np.trunc(np.clip(amount, 0, MAX_AMOUNT))


def _nothing(rows: Index) -> Arrays:
    n = len(rows)
    siblings = Counter(key.workload for key in rows)
    return {
        "cpu": np.zeros((n, BUCKETS)),
        "memory": np.zeros((n, BUCKETS)),
        "peak": np.full(n, np.nan),  # bytes, of the running window
        "window_end": np.full(n, np.nan),  # epoch seconds, of the running window
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
