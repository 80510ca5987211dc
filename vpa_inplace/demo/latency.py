"""Latency of the demo's inference server: histograms whose tail grows when the CPU is short.

Not a model of any server: enough of one that a tail is a tail. Each request is either quick or, with a probability
that rises with throttling, one of those that waited; both are log-logistic, which has a closed cumulative form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from vpa_inplace.demo.shapes import Load
from vpa_inplace.domain.snapshot import LatencySeries

INF: Final = float("inf")
REQUESTS_PER_CORE: Final = 0.8  # requests a second for which the server burns one core


@dataclass(frozen=True, slots=True)
class Histogram:
    """A latency metric of vLLM with its bucket bounds. Source: vllm/v1/metrics/loggers.py, buckets.py."""

    metric: str
    bounds: tuple[float, ...]  # seconds
    median: float  # seconds, of quick samples
    samples: int  # per request


HISTOGRAMS: Final = (
    Histogram(
        "vllm:time_to_first_token_seconds",
        (
            *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80),
            *(160, 640, 2560, INF),
        ),
        0.14,
        1,
    ),
    Histogram(
        "vllm:inter_token_latency_seconds",
        (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, INF),
        0.021,
        180,
    ),
)


def served(
    histogram: Histogram,
    *,
    namespace: str,
    pod: str,
    start: int,
    step: int,
    cpu: Load,
    short: Load,
    rng: np.random.Generator,
) -> LatencySeries:
    """What one pod's histogram counted per window, given its CPU ``[w]`` in millicores.

    ``short`` [w] is the share of CFS periods in which the pod was throttled: at 0 one sample in 250 waits, at 1 every
    second one, and those that wait wait up to five times as long.
    """
    requests = rng.poisson(np.nan_to_num(cpu) / 1000 * REQUESTS_PER_CORE * step)
    waits = 0.004 + 0.496 * short
    bounds = np.array(histogram.bounds)
    quick = _below(bounds[None, :], histogram.median, 4.5)
    slow = _below(bounds[None, :], (4 * histogram.median * (1 + 4 * short))[:, None], 3.0)
    share = (1 - waits)[:, None] * quick + waits[:, None] * slow  # [w, bounds] at or below the bound
    per_bucket = rng.multinomial(requests * histogram.samples, np.diff(share, axis=1, prepend=0.0))
    return LatencySeries(
        metric=histogram.metric,
        namespace=namespace,
        pod=pod,
        bounds=histogram.bounds,
        start=start,
        step=step,
        counts=np.cumsum(per_bucket, axis=1).astype(np.float32),
    )


def _below(bound: Load, median: float | Load, steepness: float) -> Load:
    """Share of samples at or below a bound: log-logistic with this median, 1 at infinity."""
    with np.errstate(divide="ignore"):
        share: Load = 1 / (1 + (median / bound) ** steepness)
    return share
