"""Eight days of usage into the matrix: a query per namespace, chunk and kind, folded in as it arrives."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.history import History
from vpa_inplace.history.history import HOUR
from vpa_inplace.observe.prometheus.cleaning import cleaned
from vpa_inplace.observe.prometheus.client import PromClient, Series, TooMuch
from vpa_inplace.observe.prometheus.queries import CPU, MEMORY, WANTED, Kind, hourly_query, query
from vpa_inplace.observe.source import Progress, Report, silent

MAX_POINTS: Final = 2_000_000  # of one answer: 60 MB of JSON; 50 M samples is the server's own default bound
MAX_POINTS_A_SERIES: Final = 11_000  # Prometheus refuses more
SHORTEST: Final = HOUR  # seconds; a range is not halved below it

Where = Mapping[tuple[str, str, str], int]
"""(namespace, pod, container): row. Pods that are gone are in it as well, on the row of their role."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The usage, and what was wrong with some of it."""

    history: History
    cleaned: Mapping[str, int]
    oldest: float | None  # epoch seconds of the first window with any sample


@dataclass(frozen=True, slots=True)
class _Task:
    kind: Kind
    namespace: str
    start: int  # epoch seconds of the first evaluation
    end: int  # of the last
    step: int
    hourly: bool = False

    def query(self, window: int) -> str:
        return (
            hourly_query(self.kind, self.namespace, window) if self.hourly else query(self.kind, self.namespace, window)
        )

    def halves(self) -> tuple[_Task, _Task]:
        half = (self.end - self.start) // self.step // 2 * self.step
        middle = self.start + half
        return replace(self, end=middle), replace(self, start=middle + self.step)


def pull_usage(
    client: PromClient, rows: Index, where: Where, *, end: int, since: int, report: Report = silent
) -> Pulled:
    """Usage of these rows in the windows that end in (since, end].

    Args:
        client: the connection.
        rows: the sizing index.
        where: which row a container of a pod counts for; a container that is not named is left out.
        end: epoch seconds, a multiple of the step.
        since: epoch seconds, a multiple of the step.
        report: told after every query.

    A sample evaluated at time e covers (e - step, e]: it becomes the column that starts at e - step. Two series of one
    container (two scrape jobs, an old and a new one around a restart) and several pods of a role are merged by their
    maximum.

    Raises:
        SourceUnavailable: the server fails even for an hour of one namespace.
    """
    settings = client.settings
    step = settings.step
    detail = max(since, end - int(settings.detail.total_seconds()))
    sink = _Sink(rows, where, start=detail, step=step, columns=(end - detail) // step)
    hour_start = since - since % HOUR
    hours = _Sink(
        rows, where, start=hour_start, step=HOUR, columns=-(-(detail - hour_start) // HOUR) if since < detail else 0
    )
    tasks = list(_tasks(client, sorted({key[0] for key in where}), detail=detail, end=end, hours=hours))
    with _without_gc():
        for done, (task, series) in enumerate(_answers(client, tasks), start=1):
            target = hours if task.hourly else sink
            for one in series:
                target.take(task.kind, one)
            report(Progress("query", done, max(len(tasks), done), f"{task.namespace} {task.kind}"))
    history = History.of(rows, start=detail, step=step, usage=sink.usage, censored=sink.censored)
    if hours.usage.shape[2]:
        history = history.with_past(hours.usage, start=hour_start)
    born = history.born[history.born < end]
    counts = sink.counts + hours.counts
    return Pulled(history, dict(sorted(counts.items())), float(born.min()) if born.size else None)


@contextmanager
def _without_gc() -> Iterator[None]:
    """Decoding makes hundreds of thousands of tuples and no cycle: walking them again and again would double its cost."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Sink:
    """A matrix that answers are folded into."""

    def __init__(self, rows: Index, where: Where, *, start: int, step: int, columns: int) -> None:
        self.where, self.start, self.step = where, start, step
        self.usage = np.full((2, len(rows), columns), np.nan, np.float32)
        self.censored = np.zeros(self.usage.shape, np.bool_)
        self.counts: Counter[str] = Counter()

    def take(self, kind: Kind, series: Series) -> None:
        labels = series.labels
        pod = labels.get("pod") or labels.get("pod_name")  # the second name was used before Kubernetes 1.16
        container = labels.get("container") or labels.get("container_name")
        if not pod or not container:
            self.counts["seriesWithoutContainer"] += 1
            return
        row = self.where.get((labels.get("namespace", ""), pod, container))
        if row is None:
            self.counts["seriesOfUnknownContainer"] += 1
            return
        columns = ((series.times - self.start) / self.step).round().astype(np.intp) - 1
        inside = (columns >= 0) & (columns < self.usage.shape[2])
        columns, values = columns[inside], series.values[inside]
        if kind in {Kind.THROTTLED, Kind.PRESSED}:
            self.censored[Resource.CPU, row, columns] = True
            return
        if kind is Kind.KILLED:
            self.censored[Resource.MEMORY, row, columns] = True
            return
        resource, unit = (Resource.CPU, 1000.0) if kind is Kind.CPU else (Resource.MEMORY, 1.0)
        line = self.usage[resource, row]
        line[columns] = np.fmax(line[columns], cleaned(values * unit, resource, self.counts))


def _tasks(client: PromClient, namespaces: list[str], *, detail: int, end: int, hours: _Sink) -> Iterator[_Task]:
    step = client.settings.step
    metrics = {metric for needed in WANTED.values() for metric in needed}
    there = client.existing(metrics, end)
    # the two that nothing works without are asked for even if their latest sample has just gone
    kinds = [kind for kind, needed in WANTED.items() if there.issuperset(needed) or kind in {Kind.CPU, Kind.MEMORY}]
    sizes = _sizes(client, end)
    for namespace in namespaces:
        series = max(sizes.get(namespace, 0), 1)
        points = max(min(MAX_POINTS // series, MAX_POINTS_A_SERIES), SHORTEST // step)
        for start in range(detail + step, end + 1, points * step):
            stop = min(start + (points - 1) * step, end)
            yield from (_Task(kind, namespace, start, stop, step) for kind in kinds)
        first, columns = hours.start + HOUR, hours.usage.shape[2]
        if columns:
            for kind in (Kind.CPU, Kind.MEMORY):
                yield _Task(kind, namespace, first, first + (columns - 1) * HOUR, HOUR, hourly=True)


def _sizes(client: PromClient, end: int) -> dict[str, int]:
    """Series per namespace, for the size of an answer; a restart or a rollout adds some, the bound leaves room."""
    for metric in (MEMORY, CPU):
        found = client.instant(f'count by (namespace) ({metric}{{container!="",container!="POD"}})', end)
        if found:
            return {sample.labels.get("namespace", ""): int(sample.value) for sample in found}
    return {}


def _answers(client: PromClient, tasks: list[_Task]) -> Iterator[tuple[_Task, list[Series]]]:
    """Each task with its series, as they come; a range that is too much is asked for in halves."""
    waiting = list(reversed(tasks))
    window = client.settings.step
    with ThreadPoolExecutor(client.settings.max_in_flight) as pool:
        running: dict[Future[list[Series]], _Task] = {}
        while waiting or running:
            while waiting and len(running) < client.settings.max_in_flight:
                task = waiting.pop()
                running[pool.submit(client.range, task.query(window), task.start, task.end, task.step)] = task
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                task = running.pop(future)
                try:
                    yield task, future.result()
                except TooMuch:
                    if task.end - task.start < SHORTEST:
                        raise
                    waiting.extend(reversed(task.halves()))
