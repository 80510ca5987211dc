"""The fleet as OpenMetrics text: what a Prometheus that scraped cAdvisor, kube-state-metrics and vLLM would hold.

``promtool tsdb create-blocks-from openmetrics`` makes blocks of it that a real Prometheus serves. Scrapes stand in the
middle of their intervals, so that ``rate(x[5m])`` and ``max_over_time(x[5m])`` at the end of a window see that window's
samples and no others: counters grow evenly within a window, and both queries give back the generated usage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.demo.fleet import Fleet, PodRecord, Track
from vpa_inplace.demo.shapes import Load, Times
from vpa_inplace.demo.state import state
from vpa_inplace.demo.text import Family, labels
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.snapshot import LatencySeries

SCRAPE: Final = 60  # seconds between two scrapes of usage
STATE_EVERY: Final = 240  # seconds between two samples of state: shorter than Prometheus's look-back of 5 minutes
PERIODS: Final = 10.0  # CFS periods a second, of 100 ms each


def openmetrics(fleet: Fleet, *, scrape: int = SCRAPE, state_every: int = STATE_EVERY) -> Iterator[str]:
    """The text in pieces of whole lines, one series or more each; never the whole of it in memory.

    Families stand together, and each series' samples in the order of time.

    Raises:
        UsageError: fewer than two whole scrapes fit into a window: no rate could be computed.
    """
    if fleet.step % scrape or fleet.step // scrape < 2:
        raise UsageError(f"a scrape every {scrape} s does not fit twice or more into windows of {fleet.step} s")
    for family in (*_usage(fleet, scrape), *_histograms(fleet, scrape), *state(fleet, state_every, scrape)):
        yield from family.text()
    yield "# EOF\n"


def write_openmetrics(fleet: Fleet, path: Path | str, *, scrape: int = SCRAPE, state_every: int = STATE_EVERY) -> None:
    """Write the text to a file.

    Raises:
        UsageError: as :func:`openmetrics`, or the file cannot be written.
    """
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(openmetrics(fleet, scrape=scrape, state_every=state_every))
    except OSError as error:
        raise UsageError(f"metrics cannot be written to {path}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class _Scrapes:
    """When a series was read: at the same offsets into each of its windows, in those that were measured."""

    starts: Times  # [w] epoch seconds
    offsets: Load  # [per] seconds
    step: int
    known: npt.NDArray[np.bool_]  # [w]

    def counter(self, per_second: Load, *, killed: int | None = None) -> tuple[Load, Load]:
        """Times and values of a counter that grows by ``per_second`` [w] in each window and begins anew after a kill.

        It counts on from the last scrape before the kill, as if that had come right after: ``rate`` loses nothing.
        """
        rate = np.nan_to_num(per_second)
        before = np.concatenate([[0.0], np.cumsum(rate * self.step)])[:-1]
        times, values = self._measured(before[:, None] + rate[:, None] * self.offsets)
        if killed is not None:
            anew = np.searchsorted(times, killed)
            values[anew:] -= values[anew - 1] if anew else 0.0
        return times, values

    def gauge(self, level: Load) -> tuple[Load, Load]:
        """Times and values of a level [w] that each scrape of a window reads."""
        return self._measured(np.repeat(level[:, None], len(self.offsets), axis=1))

    def _measured(self, values: Load) -> tuple[Load, Load]:
        times = self.starts[:, None] + self.offsets
        return times[self.known].ravel(), values[self.known].ravel()


def _usage(fleet: Fleet, scrape: int) -> Iterable[Family]:
    yield Family("container_cpu_usage_seconds", "counter", _cpu(fleet, scrape))
    yield Family("container_memory_working_set_bytes", "gauge", _memory(fleet, scrape))
    yield Family("container_cpu_cfs_periods", "counter", _cfs(fleet, scrape, "periods_total"))
    yield Family("container_cpu_cfs_throttled_periods", "counter", _cfs(fleet, scrape, "throttled_periods_total"))


def _tracks(fleet: Fleet, scrape: int) -> Iterator[tuple[str, Track, _Scrapes]]:
    """Labels, usage and scrape times of every container."""
    for record in fleet.records:
        for name, track in record.tracks.items():
            start = fleet.start + record.first * fleet.step
            yield _cadvisor(record, name), track, _scrapes(start, fleet.step, scrape, np.isfinite(track.cpu))


def _scrapes(start: int, step: int, scrape: int, known: npt.NDArray[np.bool_]) -> _Scrapes:
    return _Scrapes(start + step * np.arange(len(known)), np.arange(scrape / 2, step, scrape), step, known)


def _cadvisor(record: PodRecord, container: str) -> str:
    return labels(
        job="kubelet",
        metrics_path="/metrics/cadvisor",
        node=record.pod.node,
        namespace=record.pod.namespace,
        pod=record.pod.name,
        container=container,
        image=f"registry.example/{container}:1",
    )


def _cpu(fleet: Fleet, scrape: int) -> Iterator[str]:
    for who, track, scrapes in _tracks(fleet, scrape):
        yield lines(
            f'container_cpu_usage_seconds_total{{cpu="total",{who}}}',
            *scrapes.counter(track.cpu / 1000, killed=track.killed),
        )


def _memory(fleet: Fleet, scrape: int) -> Iterator[str]:
    for who, track, scrapes in _tracks(fleet, scrape):
        yield lines(f"container_memory_working_set_bytes{{{who}}}", *scrapes.gauge(track.memory))


def _cfs(fleet: Fleet, scrape: int, what: str) -> Iterator[str]:
    """Only containers with a quota have these series."""
    for who, track, scrapes in _tracks(fleet, scrape):
        if track.throttled is not None:
            share = track.throttled if what.startswith("throttled") else np.ones(len(track.cpu))
            times, values = scrapes.counter(PERIODS * share, killed=track.killed)
            yield lines(f"container_cpu_cfs_{what}{{{who}}}", times, values)


def _histograms(fleet: Fleet, scrape: int) -> Iterable[Family]:
    for metric in dict.fromkeys(series.metric for series in fleet.latency):
        of_metric = (series for series in fleet.latency if series.metric == metric)
        yield Family(metric, "histogram", chain.from_iterable(map(_buckets, tuple(of_metric), repeat(scrape))))


def _buckets(series: LatencySeries, scrape: int) -> Iterator[str]:
    scrapes = _scrapes(series.start, series.step, scrape, np.ones(len(series.counts), np.bool_))
    who = labels(job="vllm", namespace=series.namespace, pod=series.pod, model_name="chat", engine="0")
    counts = series.counts.astype(np.float64) / series.step
    for i, bound in enumerate(series.bounds):
        yield lines(f'{series.metric}_bucket{{{who},le="{_bound(bound)}"}}', *scrapes.counter(counts[:, i]))
    # no sum is kept: each sample counts as its bucket's upper bound, those beyond the last one as that one
    uppers = np.array([*series.bounds[:-1], series.bounds[-2]])
    total = (np.diff(counts, axis=1, prepend=0.0) * uppers).sum(axis=1)
    yield lines(f"{series.metric}_sum{{{who}}}", *scrapes.counter(total))
    yield lines(f"{series.metric}_count{{{who}}}", *scrapes.counter(counts[:, -1]))


def _bound(bound: float) -> str:
    return "+Inf" if np.isinf(bound) else repr(float(bound))


def lines(series: str, times: Load, values: Load) -> str:
    """One line a sample; numbers in full, so that they are read back as they were."""
    return "".join(f"{series} {v!r} {t!r}\n" for v, t in zip(values.tolist(), times.tolist(), strict=True))
