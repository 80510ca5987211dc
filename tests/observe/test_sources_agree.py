"""The same facts, whichever way they come: generated, from a real Prometheus, from a recording of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.support.prometheus import Running, prometheus_with
from vpa_inplace.decide import Decision
from vpa_inplace.demo.fleet import Fleet, make_fleet
from vpa_inplace.demo.observation import observation_of
from vpa_inplace.demo.openmetrics import openmetrics
from vpa_inplace.domain.errors import SourceUnavailable, UsageError
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.snapshot import Slots
from vpa_inplace.drive.once import decide_once
from vpa_inplace.forecast import FORECASTERS, make_forecaster
from vpa_inplace.history import History
from vpa_inplace.observe.from_prometheus import PrometheusSource
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings, pull_usage
from vpa_inplace.observe.prometheus import usage as usage_module
from vpa_inplace.observe.prometheus.queries import RESTARTS, TERMINATED, Kind, query
from vpa_inplace.observe.recording import RecordingSource, write_recording
from vpa_inplace.observe.source import Observation, Progress, Scope

DEMO = Scope(cluster="demo")
FLEET = make_fleet()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with prometheus_with(openmetrics(FLEET, scrape=150), tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.fixture(scope="module")
def observed(prometheus: Running) -> Observation:
    return PrometheusSource(settings(prometheus, FLEET)).observe(DEMO)


def settings(prometheus: Running, fleet: Fleet) -> PrometheusSettings:
    return PrometheusSettings(url=prometheus.url, at=fleet.now)


def same_history(one: History, other: History) -> None:
    assert (one.rows, one.start, one.step, one.hour_start) == (other.rows, other.start, other.step, other.hour_start)
    for name in ("usage", "censored", "hourly", "born"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def same_facts(one: Observation, other: Observation) -> None:
    same_history(one.history, other.history)
    a, b = one.snapshot, other.snapshot
    assert (a.now, a.rows, a.pods, dict(a.nodes)) == (b.now, b.rows, b.pods, dict(b.nodes))
    for name in ("row", "pod", "place", "request", "limit", "guaranteed"):
        np.testing.assert_array_equal(getattr(a.slots, name), getattr(b.slots, name), err_msg=name)
    for name in ("newest", "age", "recent_peak", "peak", "peak_age", "coverage", "fleet"):
        np.testing.assert_array_equal(getattr(a.evidence, name), getattr(b.evidence, name), err_msg=name)
    assert len(a.latency) == len(b.latency)
    for mine, theirs in zip(a.latency, b.latency, strict=True):
        np.testing.assert_array_equal(mine.counts, theirs.counts)
        for name in ("metric", "namespace", "pod", "bounds", "start", "step"):
            assert getattr(mine, name) == getattr(theirs, name), name
    assert (one.skips, one.warnings, dict(one.cleaned)) == (other.skips, other.warnings, dict(other.cleaned))


def decided(observation: Observation, forecaster: str) -> Decision:
    policies = Policies.uniform(Policy(), len(observation.snapshot.rows))
    return decide_once(observation, make_forecaster(forecaster), policies)


def test_a_recording_holds_what_prometheus_said(observed: Observation, tmp_path: Path) -> None:
    write_recording(observed, tmp_path / "a.recording")
    again = RecordingSource(tmp_path / "a.recording").observe(DEMO)
    same_facts(observed, again)
    assert observed.snapshot.latency, "the demo's inference server has latency"
    for name in FORECASTERS:
        one, other = decided(observed, name), decided(again, name)
        np.testing.assert_array_equal(one.sizes.target, other.sizes.target)
        assert one.verdicts == other.verdicts


def test_prometheus_gives_back_what_was_generated(observed: Observation) -> None:
    """Usage within float rounding; pods field by field."""
    truth = observation_of(FLEET, DEMO)
    assert observed.snapshot.rows == truth.snapshot.rows
    assert [by_name(pod) for pod in observed.snapshot.pods] == [by_name(pod) for pod in truth.snapshot.pods]
    assert dict(observed.snapshot.nodes) == dict(truth.snapshot.nodes)
    expected = truth.history.until(FLEET.now)
    assert (observed.history.start, observed.history.end) == (expected.start, expected.end)
    np.testing.assert_allclose(observed.history.usage, expected.usage, rtol=2e-5, atol=0.01)


def by_name(pod: Pod) -> Pod:
    """kube-state-metrics does not tell the order of containers."""
    return replace(pod, containers=tuple(sorted(pod.containers, key=lambda c: c.name)))


def test_the_same_sizes_from_the_generator_and_through_prometheus(prometheus: Running) -> None:
    # the generated record is nine days long: a day more than the detail, and its peaks count
    nine_days = replace(settings(prometheus, FLEET), history=timedelta(days=9))
    through = decided(PrometheusSource(nine_days).observe(DEMO), "recent").sizes
    truth = decided(observation_of(FLEET, DEMO), "recent").sizes
    np.testing.assert_allclose(through.target[0], truth.target[0], atol=1)  # a millicore of rounding
    np.testing.assert_allclose(through.target[1], truth.target[1], atol=2**20)


def test_history_follows_a_rollout(observed: Observation) -> None:
    """A Deployment that got a new ReplicaSet in the middle of the record."""
    row = observed.snapshot.rows.row(ContainerKey.of("demo", "shop", "Deployment", "cart", "cart"))
    assert row is not None
    youngest = min(pod.created for pod in observed.snapshot.pods if pod.workload.name == "cart" and pod.created)
    assert observed.history.born[0, row] < youngest.timestamp() - 86400


def test_a_range_that_is_too_much_is_halved(
    prometheus: Running, observed: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes no more than a day at a time gives the same history, a day at a time."""
    asked: list[float] = []
    honest = PromClient.range

    def limited(self: PromClient, query: str, start: float, end: float, step: int) -> object:
        if end - start > 86400:
            raise usage_module.TooMuch("422: too many samples")
        asked.append(end - start)
        return honest(self, query, start, end, step)

    monkeypatch.setattr(PromClient, "range", limited)
    again = PrometheusSource(settings(prometheus, FLEET)).observe(DEMO)
    same_history(observed.history, again.history)
    assert len(asked) > 8 * 3


def test_it_gives_up_on_a_server_that_cannot_answer_for_an_hour(
    prometheus: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> object:
        raise usage_module.TooMuch("504: gateway timeout")

    monkeypatch.setattr(PromClient, "range", never)
    with pytest.raises(SourceUnavailable, match="504"):
        PrometheusSource(settings(prometheus, FLEET)).observe(DEMO)


def test_latency_that_is_too_much_is_halved(
    prometheus: Running, observed: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes no more than two hours of a histogram at a time tells the same of it."""
    refuse_latency(monkeypatch, longer_than=7200)
    again = PrometheusSource(settings(prometheus, FLEET)).observe(DEMO)
    same_facts(observed, again)


def test_latency_that_cannot_be_had_costs_a_warning(
    prometheus: Running, observed: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_latency(monkeypatch, longer_than=-1)
    again = PrometheusSource(settings(prometheus, FLEET)).observe(DEMO)
    same_history(observed.history, again.history)
    assert again.snapshot.latency == ()
    metrics = {(series.metric, series.namespace) for series in observed.snapshot.latency}
    said = [warning for warning in again.warnings if "is left out: 504" in warning]
    assert len(said) == len(metrics) > 0


def refuse_latency(monkeypatch: pytest.MonkeyPatch, *, longer_than: float) -> None:
    honest = PromClient.range

    def limited(self: PromClient, query: str, start: float, end: float, step: int) -> object:
        if "_bucket" in query and end - start > longer_than:
            raise usage_module.TooMuch("504: gateway timeout")
        return honest(self, query, start, end, step)

    monkeypatch.setattr(PromClient, "range", limited)


def test_only_the_namespaces_asked_for(prometheus: Running) -> None:
    shop = PrometheusSource(settings(prometheus, FLEET)).observe(replace(DEMO, namespaces=("shop",)))
    assert {key.namespace for key in shop.snapshot.rows} == {"shop"}
    assert {pod.namespace for pod in shop.snapshot.pods} == {"shop"}


@pytest.mark.parametrize(
    ("namespace", "words"),
    [pytest.param("shopp", "did you mean 'shop'", id="near"), pytest.param("zzz", "there are: ", id="far")],
)
def test_a_namespace_that_does_not_exist(prometheus: Running, namespace: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        PrometheusSource(settings(prometheus, FLEET)).observe(replace(DEMO, namespaces=(namespace,)))


def test_a_misspelt_namespace_beside_a_right_one(prometheus: Running) -> None:
    with pytest.raises(UsageError, match=r"namespace 'shopp' .* did you mean 'shop'"):
        PrometheusSource(settings(prometheus, FLEET)).observe(replace(DEMO, namespaces=("ml", "shopp")))


def test_an_empty_prometheus_says_what_to_look_at(prometheus: Running) -> None:
    before = replace(settings(prometheus, FLEET), at=FLEET.now.replace(year=2020))
    with pytest.raises(SourceUnavailable, match="knows no containers at that time"):
        PrometheusSource(before).observe(DEMO)


def test_history_that_is_shorter_than_asked_is_said(prometheus: Running) -> None:
    early = replace(settings(prometheus, FLEET), at=FLEET.now.replace(day=FLEET.now.day - 6))
    warnings = PrometheusSource(early).observe(DEMO).warnings
    assert any("reaches back" in warning and "8 d asked for" in warning for warning in warnings)


def test_progress_is_reported_to_its_end(prometheus: Running) -> None:
    seen: list[Progress] = []
    PrometheusSource(settings(prometheus, FLEET)).observe(DEMO, seen.append)
    queries = [p for p in seen if p.phase == "query"]
    assert [p.done for p in queries] == list(range(1, len(queries) + 1))
    assert queries[-1].done == queries[-1].total


def test_a_selector_without_labels_to_look_at(prometheus: Running) -> None:
    with pytest.raises(UsageError, match="kube_pod_labels"):
        PrometheusSource(settings(prometheus, FLEET)).observe(replace(DEMO, selector="app=web"))


def test_hours_before_the_detail_are_maxima(prometheus: Running, observed: Observation) -> None:
    """Two days of detail and six of hours know the same peaks as eight days of detail."""
    short = replace(settings(prometheus, FLEET), detail=timedelta(days=2))
    coarse = PrometheusSource(short).observe(DEMO)
    assert coarse.history.usage.shape[2] == 2 * 288
    whole, part = observed.history.hourly, coarse.history.hourly
    assert part.shape == whole.shape
    np.testing.assert_allclose(part, whole, rtol=1e-4, atol=0.05)
    np.testing.assert_array_equal(np.isnan(part), np.isnan(whole))


@pytest.mark.parametrize("hours", [pytest.param(3, id="a-gap-of-hours"), pytest.param(0, id="nothing-new")])
def test_the_cache_and_the_gap_are_the_whole(
    prometheus: Running, observed: Observation, tmp_path: Path, hours: int
) -> None:
    """A run hours later asks for those hours only, and knows what a cold run knows."""
    cache = tmp_path / "history.npz"
    now = settings(prometheus, FLEET)
    earlier = replace(now, at=FLEET.now - timedelta(hours=hours))
    PrometheusSource(earlier, cache=cache).observe(replace(DEMO, namespaces=("shop",)))  # others are strangers then
    seen: list[Progress] = []
    again = PrometheusSource(now, cache=cache).observe(DEMO, seen.append)
    np.testing.assert_array_equal(again.history.usage, observed.history.usage)
    np.testing.assert_array_equal(again.history.censored, observed.history.censored)
    # what the cache saw before the eight days is not forgotten
    longer = observed.history.born - again.history.born
    assert set(np.unique(longer).tolist()) <= {0, hours * 3600}
    # an hour that has left the eight days stays known as its maximum
    np.testing.assert_array_equal(again.history.hourly[:, :, -190:], observed.history.hourly[:, :, -190:])
    np.testing.assert_array_equal(decided(again, "recent").sizes.target[0], decided(observed, "recent").sizes.target[0])


def test_a_cache_that_is_torn_is_a_cold_start(prometheus: Running, observed: Observation, tmp_path: Path) -> None:
    cache = tmp_path / "history.npz"
    cache.write_bytes(b"PK torn")
    again = PrometheusSource(settings(prometheus, FLEET), cache=cache).observe(DEMO)
    same_history(again.history, observed.history)
    assert any("cold start" in warning for warning in again.warnings)
    assert PrometheusSource(settings(prometheus, FLEET), cache=cache).observe(DEMO).warnings == observed.warnings


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    """Label values with quotes, newlines, regex characters and four kilobytes reach the matrix and nothing else."""
    end = 1_772_000_400
    names = ['a"b', "a\\b", "a\nb", ".*", "x" * 4096, '"} or vector(1)#']
    lines = ["# TYPE container_memory_working_set_bytes gauge\n"]
    for i, name in enumerate(names):
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        labels = f'namespace="{escaped}",pod="p",container="c"'
        lines += [
            f"container_memory_working_set_bytes{{{labels}}} {1000 + i} {end - 3600 + 60 * k}\n" for k in range(61)
        ]
    rows = Index.of(ContainerKey.of("t", name, "Pod", "p", "c") for name in names)
    where = {
        (name, "p", "c"): row
        for name in names
        if (row := rows.row(ContainerKey.of("t", name, "Pod", "p", "c"))) is not None
    }
    with (
        prometheus_with([*lines, "# EOF\n"], tmp_path) as running,
        PromClient(PrometheusSettings(url=running.url)) as client,
    ):
        pulled = pull_usage(client, rows, where, end=end - end % 300, since=end - end % 300 - 3000)
    newest = pulled.history.usage[1, :, -1]
    for i, name in enumerate(names):
        row = rows.row(ContainerKey.of("t", name, "Pod", "p", "c"))
        assert newest[row] == 1000 + i
    assert pulled.cleaned == {}


def test_two_scrapes_of_one_container_count_once(tmp_path: Path) -> None:
    """Two jobs see the same pod: the maximum, never the sum; negative and absurd values are gaps that are counted."""
    end = 1_772_000_400
    lines = ["# TYPE container_memory_working_set_bytes gauge\n"]
    for job, value in (("kubelet", 700), ("cadvisor", 500), ("broken", -3)):
        lines += [
            f'container_memory_working_set_bytes{{job="{job}",namespace="n",pod="p",container="c"}} {value} {end - 3600 + 60 * k}\n'
            for k in range(61)
        ]
    lines += [f'container_memory_working_set_bytes{{namespace="n",pod="p",container=""}} 9e9 {end - 60}\n']
    rows = Index.of([ContainerKey.of("t", "n", "Pod", "p", "c")])
    with (
        prometheus_with([*lines, "# EOF\n"], tmp_path) as running,
        PromClient(PrometheusSettings(url=running.url)) as client,
    ):
        pulled = pull_usage(client, rows, {("n", "p", "c"): 0}, end=end - end % 300, since=end - end % 300 - 1500)
    assert pulled.history.usage[1, 0].tolist() == [700.0] * 5
    assert pulled.cleaned == {"memoryNegative": 5}
    assert np.isnan(pulled.history.usage[0]).all()


def test_a_kill_is_seen_wherever_in_the_step_it_falls(tmp_path: Path) -> None:
    """Scrapes stand 17 s past the step, so that no sample lies on its border; a kill every 30 s of one step."""
    end, kills = 1_772_000_400, range(10)
    restarts, reasons = [f"# TYPE {RESTARTS.removesuffix('_total')} counter\n"], [f"# TYPE {TERMINATED} gauge\n"]
    for i in kills:
        labels = f'namespace="n",pod="p{i}",container="c"'
        for ts in range(end - 3600 + 17, end, 60):
            killed = ts > end - 1800 + 30 * i
            restarts.append(f"{RESTARTS}{{{labels}}} {int(killed)} {ts}\n")
            if killed:
                reasons.append(f'{TERMINATED}{{{labels},reason="OOMKilled"}} 1 {ts}\n')
    text = [*restarts, *reasons, "# EOF\n"]
    with prometheus_with(text, tmp_path) as running, PromClient(PrometheusSettings(url=running.url)) as client:
        seen = client.range(query(Kind.KILLED, "n", 300), end - 3300, end, 300)
    assert {one.labels["pod"]: len(one.times) for one in seen} == {f"p{i}": 1 for i in kills}


def test_slots_follow_from_pods_and_rows(observed: Observation) -> None:
    rebuilt = Slots.of(observed.snapshot.pods, observed.snapshot.rows)
    np.testing.assert_array_equal(rebuilt.request, observed.snapshot.slots.request)
