"""Our own metrics: counters that are counted up as things happen, and gauges that are read from the last tick's status.

A scrape sees one ``Status`` whole, or the one after it; it waits for no tick and no tick waits for it.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily

from vpa_inplace.decide import Decision
from vpa_inplace.domain.intent import Intent
from vpa_inplace.domain.resource import Resource
from vpa_inplace.drive.metric import PREFIX, Kind, Look, base_unit, seconds_counter
from vpa_inplace.drive.metrics_table import BUCKETS, METRICS
from vpa_inplace.drive.pulse import Pulse
from vpa_inplace.drive.status import Status
from vpa_inplace.drive.status.savings import reserved_by
from vpa_inplace.journal import News
from vpa_inplace.journal.entries import Held, Reasons

LONGEST: Final = 300.0
"""Seconds between two ticks for which sizes are taken to have been as they are; a longer gap is not made up."""


class Metrics:
    """Fed by the thread that ticks; read by any. ``leads`` says whether this replica may act, now."""

    def __init__(
        self, *, leads: Callable[[], bool] = lambda: True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.pulse = Pulse(clock)
        self.registry = CollectorRegistry()
        self.status: Status | None = None
        self.leads = leads
        self._clock = clock
        self._held: Mapping[Held, Reasons] = {}
        self._decided_at: float | None = None
        # else each counter has a second series that says when it was made, which nobody asks
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._counters = {
            metric.name: Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)
            for metric in METRICS
            if metric.kind is Kind.COUNTER
        }
        for metric in METRICS:
            for labels in metric.known:
                self._counters[metric.name].labels(*labels)
        (duration,) = (metric for metric in METRICS if metric.kind is Kind.HISTOGRAM)
        self._duration = Histogram(duration.name, duration.meaning, buckets=BUCKETS, registry=self.registry)
        self.registry.register(_Gauges(self.look))
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    @contextmanager
    def tick(self) -> Iterator[None]:
        """Around each tick: it is good unless an error leaves it."""
        began, well = self._clock(), False
        self.pulse.begin()
        try:
            yield
            well = True
        finally:
            self.pulse.end(well=well)
            self._duration.observe(self._clock() - began)
            self._count("ticks_total", "good" if well else "failed")

    def decided(self, decision: Decision, status: Status, news: News) -> None:
        """Once a tick, after ``decide``; ``status`` is what ``status_of`` makes of the decision, at our clock."""
        begun = begun_to_hold(self._held, news.held)
        seconds = 0.0 if self._decided_at is None else min(status.at - self._decided_at, LONGEST)
        self.status, self._held, self._decided_at = status, news.held, status.at
        if not self.leads():
            return
        for reason, times in begun.items():
            self._count("refusal_changes_total", reason, by=times)
        for ended in decision.ended:
            self._count("attempts_ended_total", ended.attempt.intent.name.lower(), str(ended.end))
        reserved = reserved_by(decision)
        for resource in Resource:
            for name, amounts in (("reserved", reserved.now), ("static", reserved.static)):
                by = float(amounts[resource]) / base_unit(resource) * seconds
                self._counters[seconds_counter(name, resource)].inc(by)

    def sent(self, intent: Intent, outcome: str) -> None:
        """Once for each resize that was sent; ``outcome`` is an ``act.answers.Outcome``, or another CamelCase word."""
        self._count("moves_total", intent.name.lower(), str(outcome))

    def look(self) -> Look:
        """What a scrape sees."""
        status = self.status
        return Look(
            status=status,
            since=0.0 if status is None else max(0.0, self._clock() - status.at),
            leads=self.leads(),
            well_age=self.pulse.well_age,
        )

    def _count(self, name: str, *labels: str, by: float = 1) -> None:
        self._counters[PREFIX + name].labels(*labels).inc(by)


class _Gauges:
    """What a registry asks for gauges."""

    def __init__(self, look: Callable[[], Look]) -> None:
        self._look = look

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """So that names are known, and none is there twice, before the first scrape."""
        return [_family(name, meaning, labels) for name, meaning, labels, _ in _GAUGES]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        look = self._look()
        for name, meaning, labels, read in _GAUGES:
            family = _family(name, meaning, labels)
            for values, amount in read(look):
                family.add_metric(values, amount)
            yield family


_GAUGES: Final = tuple((m.name, m.meaning, m.labels, m.read) for m in METRICS if m.kind is Kind.GAUGE)


def _family(name: str, meaning: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=labels)


def begun_to_hold(before: Mapping[Held, Reasons], now: Mapping[Held, Reasons]) -> Tally[str]:
    """How many moves each reason holds back that it did not hold back before."""
    return Tally(reason for who, reasons in now.items() for reason in set(reasons) - set(before.get(who, ())))
