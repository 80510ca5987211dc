"""Upstream VPA's recommender for one container, one sample at a time: slow, plain Python, written as its Go code reads.

Only what the port claims to follow: histogram.go, decaying_histogram.go, container.go, estimator.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, inf, isnan, ldexp, log

from vpa_inplace.domain.resource import Resource

RATIO = 1.05
EPSILON = 0.001 * 0.1
ZERO_TIME = -62_135_596_800  # 0001-01-01T00:00:00Z in epoch seconds
MIB = 2**20


def buckets_for(largest: float, first: float) -> int:
    return ceil(log(largest * (RATIO - 1) / first + 1) / log(RATIO)) + 1


@dataclass
class Histogram:
    """``first``: width of the first bucket; ``largest``: what must fit; ``half_life`` in seconds."""

    first: float
    largest: float
    half_life: int
    total: float = 0.0
    reference: int = ZERO_TIME
    weights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = [0.0] * buckets_for(self.largest, self.first)
        self.low, self.high = len(self.weights) - 1, 0

    def start(self, bucket: int) -> float:
        return self.first * (RATIO**bucket - 1) / (RATIO - 1)

    def find(self, value: float) -> int:
        if value < self.first:
            return 0
        return min(int(log(value * (RATIO - 1) / self.first + 1) / log(RATIO)), len(self.weights) - 1)

    def factor(self, when: int) -> float:
        if when > self.reference + 100 * self.half_life:
            whole, rest = divmod(when - ZERO_TIME, self.half_life)
            new = (whole + (2 * rest >= self.half_life)) * self.half_life + ZERO_TIME
            scale = ldexp(1.0, (self.reference - new) // self.half_life)
            self.weights = [w * scale for w in self.weights]
            self.total *= scale
            self.reference = new
            self.narrow()
        return 2.0 ** ((when - self.reference) / self.half_life)

    def add(self, value: float, weight: float, when: int) -> None:
        weight *= self.factor(when)
        bucket = self.find(value)
        self.weights[bucket] += weight
        self.total += weight
        if self.weights[bucket] >= EPSILON:
            self.low, self.high = min(self.low, bucket), max(self.high, bucket)

    def subtract(self, value: float, weight: float, when: int) -> None:
        weight *= self.factor(when)
        bucket = self.find(value)
        if weight > self.weights[bucket] - EPSILON:
            weight = self.weights[bucket]
        self.total -= weight
        self.weights[bucket] -= weight
        self.narrow()

    def narrow(self) -> None:
        while self.weights[self.low] < EPSILON and self.low < len(self.weights) - 1:
            self.low += 1
        while self.weights[self.high] < EPSILON and self.high > 0:
            self.high -= 1

    def percentile(self, fraction: float) -> float:
        if self.weights[self.low] < EPSILON:
            return 0.0
        so_far, bucket = 0.0, self.low
        while bucket < self.high:
            so_far += self.weights[bucket]
            if so_far >= fraction * self.total:
                break
            bucket += 1
        return self.start(min(bucket + 1, len(self.weights) - 1))


def amount(x: float) -> int:
    """resourceAmountFromFloat; NaN ends at the floor of the recommendation, so 0 does."""
    return 0 if isnan(x) or x < 0 else int(min(x, 1e14))


@dataclass
class Container:
    """One container's state; times are epoch seconds, intervals seconds."""

    half_life: int = 86400
    interval: int = 86400
    window_end: int | None = None
    peak: int = 0
    first: int | None = None
    last: int = 0
    count: float = 0

    def __post_init__(self) -> None:
        self.cpu = Histogram(0.01, 1000.0, self.half_life)
        self.memory = Histogram(1e7, 1e12, self.half_life)

    def cpu_step(self, millicores: float, ends: int, step: int) -> None:
        """A step of usage: one sample at its end, counted as a scrape a minute."""
        self.cpu.add(amount(millicores) / 1000, 0.1, ends)
        self.first = ends - step + min(60, step) if self.first is None else self.first
        self.last = ends
        self.count += step / 60

    def memory_step(self, size: float, ends: int, *, oom: bool) -> None:
        used = amount(max(size + 100 * MIB, size * 1.2) if oom else size)
        self.window_end = ends if self.window_end is None else self.window_end
        if ends < self.window_end:
            if self.peak == 0 or used <= self.peak:
                return
            self.memory.subtract(self.peak, 1.0, self.window_end)
        else:
            self.window_end += (ends - self.window_end) // self.interval * self.interval + self.interval
        self.memory.add(used, 1.0, self.window_end)
        self.peak = used

    def recommend(self, resource: Resource, fractions: Iterable[float], minimum: float) -> tuple[int, int, int]:
        """Target, lowerBound, upperBound in millicores or bytes; ``fractions`` in that order."""
        histogram, unit = (self.cpu, 1000.0) if resource is Resource.CPU else (self.memory, 1.0)
        base = [amount(histogram.percentile(fraction) * unit) for fraction in fractions]
        target, low, high = (x + amount(x * 0.15) for x in base)
        confidence = 0.0 if self.first is None else min((self.last - self.first) / 86400, self.count / 1440)
        low = amount(low * (1 + (0.001 / confidence if confidence else inf)) ** -2)
        high = amount(high * (1 + (1 / confidence if confidence else inf)))
        floor = amount(minimum)
        return max(target, floor), max(low, floor), max(high, floor)
