"""What a pull of eight days costs, beside the same pull by prometheus-api-client and DataFrames, in one run.

Both sides ask the same Prometheus for the same usage. The other side is that client as its documentation shows it: a
range query per container and resource, ``MetricRangeDataFrame`` of each answer, frames kept.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, table
from tests.support.prometheus import Running, make_blocks, serving
from vpa_inplace.demo.fleet import Fleet, big_fleet
from vpa_inplace.demo.openmetrics import openmetrics
from vpa_inplace.history.history import DAY
from vpa_inplace.observe.from_prometheus import PrometheusSource, places
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings, owners_over_window, pull_usage
from vpa_inplace.observe.source import Observation, Scope

SCRAPE = 150  # seconds; a scrape a minute would make promtool the longest part of the bench, and the server read more
SCOPE = Scope(cluster="bench")
OTHERS = 100  # containers the other client is asked for; its cost is per container and scaled up


@dataclass(slots=True)
class Cost:
    wall: float = 0.0  # seconds
    client: float = 0.0  # CPU seconds
    server: float = 0.0  # CPU seconds
    peak: float = 0.0  # bytes of resident memory above what there was before


@contextmanager
def costing(prometheus: Running) -> Iterator[Cost]:
    """What happens inside costs this much."""
    cost, before = Cost(), _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    server, client, wall = prometheus.cpu_seconds(), time.process_time(), time.perf_counter()
    yield cost
    cost.wall, cost.client = time.perf_counter() - wall, time.process_time() - client
    cost.server = prometheus.cpu_seconds() - server
    cost.peak = _resident("VmHWM") - before


def _resident(which: str) -> float:
    """Bytes of resident memory: now (VmRSS), or the peak (VmHWM)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(status[which].split()[0]) * 1024


def run(containers: int = 1000) -> list[Figure]:
    """The figures; nothing where there is no Prometheus."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        return []
    fleet = big_fleet(containers, days=8)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(make_blocks(openmetrics(fleet, scrape=SCRAPE), Path(folder))) as prometheus,
    ):
        whole, observation = _measured(prometheus, lambda: _source(prometheus, fleet).observe(SCOPE))
        pull = _measured(prometheus, lambda: _usage(prometheus, fleet, observation, 8 * DAY))[0]
        gap = _measured(prometheus, lambda: _usage(prometheus, fleet, observation, 600))[0]
        again = _incremental(prometheus, fleet, Path(folder) / "history.npz")
        theirs = _theirs(prometheus, fleet)
    # cost goes with the containers that are scraped, of which several may share a role and so a row
    k, their_k = 1000 / containers, 1000 / min(OTHERS, containers)
    size = "1,000 containers x 8 d"
    with_pods = "pods from kube-state-metrics and latency included"
    return [
        _seconds(f"usage of {size}, wall", pull.wall * k),
        _seconds(f"usage of {size}, client CPU", pull.client * k, 3.0),
        _seconds(f"usage of {size}, server CPU", pull.server * k, 4.0, "throttling series on top"),
        _seconds(f"whole observation of {size}, wall", whole.wall * k, note=with_pods),
        _seconds(f"whole observation of {size}, client CPU", whole.client * k, note=with_pods),
        Figure(
            what=f"whole observation of {size}, peak memory",
            measured=whole.peak / 2**20,
            unit="MiB",
            note="above the start",
        ),
        _seconds("usage of the last 10 min, 1,000 containers, server CPU", gap.server * k, 0.1),
        _seconds("next observation from the cache, 1,000 containers, wall", again.wall * k, note=with_pods),
        _seconds("next observation from the cache, 1,000 containers, server CPU", again.server * k, note=with_pods),
        _seconds(f"the client as documented, {size}, client CPU", theirs.client * their_k),
        _seconds(f"the client as documented, {size}, server CPU", theirs.server * their_k),
        Figure(
            what="client CPU, ours to theirs",
            measured=pull.client * k / (theirs.client * their_k),
            unit="",
            budget=1 / 6,
        ),
        Figure(what="server CPU, ours to theirs", measured=pull.server * k / (theirs.server * their_k), unit=""),
    ]


def _seconds(what: str, measured: float, budget: float | None = None, note: str = "") -> Figure:
    return Figure(what=what, measured=measured, unit="s", budget=budget, note=note)


def _usage(prometheus: Running, fleet: Fleet, known: Observation, seconds: int) -> object:
    """Usage alone, for pods that are known."""
    rows, pods = known.snapshot.rows, known.snapshot.pods
    end = int(fleet.now.timestamp())
    with PromClient(PrometheusSettings(url=prometheus.url, at=fleet.now)) as client:
        where = places(pods, rows, owners_over_window(client, end, seconds))
        return pull_usage(client, rows, where, end=end, since=end - seconds)


def _source(prometheus: Running, fleet: Fleet, cache: Path | None = None) -> PrometheusSource:
    return PrometheusSource(PrometheusSettings(url=prometheus.url, at=fleet.now), cache=cache)


def _measured(prometheus: Running, work: Callable[[], Any]) -> tuple[Cost, Any]:
    with costing(prometheus) as cost:
        result = work()
    return cost, result


def _incremental(prometheus: Running, fleet: Fleet, cache: Path) -> Cost:
    _source(prometheus, fleet, cache).observe(SCOPE)
    return _measured(prometheus, lambda: _source(prometheus, fleet, cache).observe(SCOPE))[0]


def _theirs(prometheus: Running, fleet: Fleet) -> Cost:
    import pandas as pd
    from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect

    client = PrometheusConnect(url=prometheus.url)
    end = pd.Timestamp(fleet.now)
    start = end - pd.Timedelta(days=8)
    pods = [record.pod for record in fleet.present()][:OTHERS]
    # one pod a role is enough: what is compared is the cost of a container's series
    selectors = [f'{{namespace="{p.namespace}",pod="{p.name}",container="{p.containers[0].name}"}}' for p in pods]

    def work() -> list[Any]:
        frames = []
        for where in selectors:
            for query in (
                f"rate(container_cpu_usage_seconds_total{where}[5m])",
                f"max_over_time(container_memory_working_set_bytes{where}[5m])",
            ):
                answer = client.custom_query_range(query, start_time=start, end_time=end, step="300")
                frames.append(MetricRangeDataFrame(answer) if answer else None)
        return frames

    return _measured(prometheus, work)[0]


if __name__ == "__main__":
    print(table(run()))
