from itertools import pairwise

import numpy as np
import pytest

from vpa_inplace.demo.latency import HISTOGRAMS, REQUESTS_PER_CORE, Histogram, served

FIRST_TOKEN = HISTOGRAMS[0]


def counts(short: float, *, histogram: Histogram = FIRST_TOKEN, cpu: float = 4000.0, windows: int = 500) -> np.ndarray:
    series = served(
        histogram,
        namespace="ml",
        pod="llm-0",
        start=0,
        step=300,
        cpu=np.full(windows, cpu),
        short=np.full(windows, short),
        rng=np.random.default_rng(1),
    )
    return series.counts


@pytest.mark.parametrize("histogram", HISTOGRAMS, ids=lambda histogram: histogram.metric)
def test_buckets_are_cumulative_and_end_at_infinity(histogram: Histogram) -> None:
    assert all(low < high for low, high in pairwise(histogram.bounds))
    assert histogram.bounds[-1] == float("inf")
    assert (np.diff(counts(0.2, histogram=histogram), axis=1) >= 0).all()


def test_requests_follow_the_load() -> None:
    # 4 cores at REQUESTS_PER_CORE a second for 300 s; a Poisson mean of 500 windows is within 1 % or so
    assert counts(0.0)[:, -1].mean() == pytest.approx(4 * REQUESTS_PER_CORE * 300, rel=0.01)
    assert counts(0.0, cpu=0.0).sum() == 0
    assert counts(0.0, cpu=np.nan).sum() == 0


def test_the_median_is_the_one_asked_for() -> None:
    series = counts(0.0)
    below = np.interp(FIRST_TOKEN.median, FIRST_TOKEN.bounds[:-1], series[:, :-1].mean(axis=0))
    # the bucket from 0.1 to 0.25 s is wide and its density falls: a straight line puts less than half below 0.14 s
    assert 0.3 < below / series[:, -1].mean() < 0.5


def test_the_tail_grows_when_the_cpu_is_short() -> None:
    half_second = FIRST_TOKEN.bounds.index(0.5)
    slow = [1 - counts(short)[:, half_second].sum() / counts(short)[:, -1].sum() for short in (0.0, 0.1, 0.5, 1.0)]
    assert all(2 * few < many for few, many in pairwise(slow[:3]))
    assert slow[0] < 0.01
    assert slow[3] > 0.4  # every second request waits, most of them for more than half a second
