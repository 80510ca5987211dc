"""The text itself, and what a real Prometheus makes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pytest

from tests.support.prometheus import prometheus_with
from vpa_inplace.demo.fleet import CLUSTER, Fleet, big_fleet, make_fleet
from vpa_inplace.demo.observation import observation_of
from vpa_inplace.demo.openmetrics import openmetrics, write_openmetrics
from vpa_inplace.demo.state import state
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.observe.from_prometheus import PrometheusSource
from vpa_inplace.observe.prometheus import PrometheusSettings
from vpa_inplace.observe.source import Scope

SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*\}) (\S+) (\S+)')
STEP = 300


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return make_fleet(days=2)


@pytest.fixture(scope="module")
def text() -> list[str]:
    return "".join(openmetrics(make_fleet(days=0.125))).splitlines()


# -------------------------------------------------------------------------------------------------------- the text


def test_every_line_is_a_head_or_a_sample_and_the_last_ends_it(text: list[str]) -> None:
    assert text[-1] == "# EOF"
    assert sum(line.startswith("#") for line in text) == len({line for line in text if line.startswith("#")})
    for line in text[:-1]:
        assert line.startswith("# TYPE ") or SAMPLE.fullmatch(line), line


def test_samples_of_a_family_stand_together_and_those_of_a_series_in_order(text: list[str]) -> None:
    family, closed, newest = "", set(), {}
    for line in text[:-1]:
        if line.startswith("# TYPE "):
            closed.add(family)
            family = line.split()[2]
            assert family not in closed
            continue
        match = SAMPLE.fullmatch(line)
        assert match is not None
        name, labels, _, at = match.groups()
        assert name.startswith(family)
        assert float(at) > newest.get((name, labels), -1.0)
        newest[name, labels] = float(at)


def test_the_same_fleet_gives_the_same_text(tmp_path: Path) -> None:
    fleet = big_fleet(5, days=0.125)
    write_openmetrics(fleet, tmp_path / "a")
    assert (tmp_path / "a").read_text() == "".join(openmetrics(big_fleet(5, days=0.125)))


def test_the_text_comes_in_pieces(fleet: Fleet) -> None:
    """The largest piece is one series: the whole is never in memory."""
    sizes = [len(piece) for piece in openmetrics(fleet)]
    assert len(sizes) > 500
    assert max(sizes) < sum(sizes) / 100


@pytest.mark.parametrize("scrape", [pytest.param(300, id="once-a-window"), pytest.param(70, id="not-a-divisor")])
def test_scrapes_that_cannot_give_a_rate_are_refused(scrape: int) -> None:
    with pytest.raises(UsageError, match="does not fit twice or more into windows of 300 s"):
        "".join(openmetrics(big_fleet(1, days=0.125), scrape=scrape))


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written to"):
        write_openmetrics(big_fleet(1, days=0.125), tmp_path / "nowhere" / "a")


# ----------------------------------------------------------------------------------------------- a real Prometheus


@dataclass(frozen=True)
class Api:
    """Prometheus's HTTP API, asked without any of our own code."""

    url: str
    fleet: Fleet

    def instant(self, query: str) -> dict[tuple[str, ...], float]:
        """Values at the fleet's now by the values of their labels, sorted by name."""
        found = self._get("query", query=query, time=int(self.fleet.now.timestamp()))
        return {tuple(v for _, v in sorted(series["metric"].items())): float(series["value"][1]) for series in found}

    def windows(self, query: str) -> dict[tuple[str, str, str], dict[int, float]]:
        """By namespace, pod and container: values by the start of the window that ended at their time."""
        end = int(self.fleet.now.timestamp())
        found = self._get("query_range", query=query, start=self.fleet.start + STEP, end=end, step=STEP)
        return {
            (s["metric"]["namespace"], s["metric"]["pod"], s["metric"]["container"]): {
                int(t) - STEP: float(v) for t, v in s["values"]
            }
            for s in found
        }

    def _get(self, path: str, **parameters: object) -> list[dict]:
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=60) as answer:
            return json.load(answer)["data"]["result"]


@pytest.fixture(scope="module")
def api(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with prometheus_with(openmetrics(fleet), tmp_path_factory.mktemp("prometheus")) as running:
        yield Api(running.url, fleet)


@pytest.mark.parametrize(
    ("query", "what", "unit"),
    [
        pytest.param("rate(container_cpu_usage_seconds_total[5m])", "cpu", 1000.0, id="cpu-as-a-rate"),
        pytest.param("max_over_time(container_memory_working_set_bytes[5m])", "memory", 1.0, id="memory-as-a-maximum"),
        pytest.param(
            "rate(container_cpu_cfs_throttled_periods_total[5m]) / rate(container_cpu_cfs_periods_total[5m])",
            "throttled",
            1.0,
            id="throttling-as-a-share",
        ),
    ],
)
def test_prometheus_gives_back_the_generated_usage(api: Api, fleet: Fleet, query: str, what: str, unit: float) -> None:
    """In every window, also beside a gap, after a restart of the counter and in a pod's first minutes."""
    served = api.windows(query)
    seen = 0
    for record in fleet.records:
        for container, track in record.tracks.items():
            values = getattr(track, what)
            mine = served.pop((record.pod.namespace, record.pod.name, container), {})
            if values is None:
                assert mine == {}
                continue
            known = np.isfinite(values)
            starts = fleet.start + STEP * (record.first + np.flatnonzero(known))
            assert sorted(mine) == starts.tolist(), record.pod.name
            got = np.array([mine[start] for start in starts.tolist()]) * unit
            # counters of up to 10^6 s in float64 lose about 10^-10 s, over 300 s: far below a thousandth of a millicore
            np.testing.assert_allclose(got, values[known], rtol=1e-9, atol=1e-6)
            seen += len(starts)
    assert served == {}
    assert seen > 1000


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        pytest.param(
            "count by (phase) (kube_pod_status_phase == 1)", {("Running",): 39, ("Succeeded",): 2}, id="phases"
        ),
        pytest.param(
            "count by (owner_kind) (kube_pod_owner)",
            {("DaemonSet",): 3, ("Job",): 6, ("ReplicaSet",): 26, ("StatefulSet",): 6},
            id="owners-of-pods",
        ),
        pytest.param(
            "count by (owner_kind) (kube_replicaset_owner)", {("Deployment",): 15}, id="owners-of-replicasets"
        ),
        pytest.param("count by (owner_kind) (kube_job_owner)", {("CronJob",): 2, ("JobSet",): 1}, id="owners-of-jobs"),
        pytest.param(
            "count by (container, restart_policy) (kube_pod_init_container_info)",
            {("fetch-index",): 3, ("proxy", "Always"): 3},
            id="sidecars-are-init-containers",
        ),
        pytest.param(
            'sum by (resource, unit) (kube_pod_container_resource_requests{namespace="ml",container="vllm"})',
            {("cpu", "core"): 16.0, ("memory", "byte"): 48.0 * 2**30},
            id="requests-in-cores-and-bytes",
        ),
        pytest.param("sum(kube_pod_container_status_restarts_total)", {(): 1.0}, id="one-restart"),
        pytest.param(
            "increase(kube_pod_container_status_restarts_total[1d]) > 0 and on (pod) "
            '(kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} == 1)',
            None,
            id="that-was-an-oom-kill",
        ),
        pytest.param(
            'count by (node) (kube_node_status_allocatable{resource="cpu"})',
            {("gpu-1",): 1, ("gpu-2",): 1, ("pool-1",): 1, ("pool-2",): 1, ("pool-3",): 1},
            id="nodes",
        ),
    ],
)
def test_state_as_kube_state_metrics_shows_it(
    api: Api, query: str, answer: dict[tuple[str, ...], float] | None
) -> None:
    """``None``: exactly one series."""
    found = api.instant(query)
    if answer is None:
        assert len(found) == 1
    else:
        assert found == answer


def test_series_end_with_their_objects(fleet: Fleet) -> None:
    """A CronJob keeps its last three finished pods; the nights before are past."""
    (family,) = (family for family in state(make_fleet(), 240, 60) if family.name == "kube_pod_owner")
    last = [float(text.split()[-1]) for text in family.series if "nightly-etl" in text]
    assert len(last) == 9
    end = fleet.now.timestamp()
    assert [end - at < STEP for at in last] == [False] * 6 + [True] * 3


def test_latency_histograms(api: Api, fleet: Fleet) -> None:
    for series in fleet.latency[:2]:
        counted = api.instant(
            f'increase({{__name__="{series.metric}_count",pod="{series.pod}"}}[5m]) * 1',
        )
        assert list(counted.values()) == pytest.approx([series.counts[-1, -1]])
        below = api.instant(f'increase({{__name__="{series.metric}_bucket",pod="{series.pod}",le="0.1"}}[5m]) * 1')
        assert list(below.values()) == pytest.approx([series.counts[-1, series.bounds.index(0.1)]])
        (total,) = api.instant(f'increase({{__name__="{series.metric}_sum",pod="{series.pod}"}}[5m]) * 1').values()
        mean = total / series.counts[-1, -1]
        assert 0.02 < mean < 1.0  # seconds, by the upper bounds of the buckets


def test_a_source_sees_what_the_demo_says_it_sees(api: Api, fleet: Fleet) -> None:
    """Also what is only a lower bound, and latency: the demo's observation is one that a cluster could have given."""
    settings = PrometheusSettings(url=api.url, at=fleet.now, history=timedelta(days=2))
    seen = PrometheusSource(settings).observe(Scope(cluster=CLUSTER))
    said = observation_of(fleet)
    np.testing.assert_allclose(seen.history.usage, said.history.usage, rtol=1e-6)
    np.testing.assert_array_equal(seen.history.censored, said.history.censored)
    assert said.history.censored.any(axis=(1, 2)).all()
    np.testing.assert_array_equal(seen.history.born, said.history.born)
    assert len(seen.snapshot.latency) == len(said.snapshot.latency) == 4
    for mine, theirs in zip(seen.snapshot.latency, said.snapshot.latency, strict=True):
        assert (mine.metric, mine.pod, mine.bounds, mine.start) == (
            theirs.metric,
            theirs.pod,
            theirs.bounds,
            theirs.start,
        )
        np.testing.assert_allclose(mine.counts, theirs.counts, rtol=1e-6, atol=1e-3)
