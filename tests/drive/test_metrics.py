"""Our own metrics, as a scrape sees them: read back by the library's parser, promtool and a real Prometheus."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterable
from dataclasses import replace

import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.drive.status.scenes import Clock, a_decision, in_force
from tests.drive.status.test_status import LOW, STALE, a_verdict, an_attempt
from tests.support.builders import MIB, a_history, a_pod, rows_of
from tests.support.components import require_prometheus
from vpa_inplace.act.answers import Outcome
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.attempts import Phase
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Capability, Surroundings
from vpa_inplace.drive.metric import PREFIX, Kind
from vpa_inplace.drive.metrics import Metrics
from vpa_inplace.drive.metrics_table import METRICS
from vpa_inplace.drive.status import Share, Watch, status_of
from vpa_inplace.guard import GUARDS
from vpa_inplace.journal import news
from vpa_inplace.observe.kubernetes.store import State

WATCHES = {
    "Pod": Watch(State.LIVE, 2.0),
    "Node": Watch(State.WAITING, math.inf),
    "ScaledObject": Watch(State.MISSING, 9.0),
}
SHARE = Share(profile="web", forecaster="recent", resource=Resource.CPU, steps=200, covered=197, over_ask=0.25)
ROLE = {"namespace": "shop", "workload_kind": "Deployment", "workload": "web", "container": "app"}


@pytest.fixture
def clock():
    return Clock()


def told(metrics: Metrics, clock: Clock, decision=None, **more):
    """One tick of the metrics, as the controller tells it."""
    decision = a_decision() if decision is None else decision
    before = metrics._held
    metrics.decided(decision, status_of(decision, at=clock.now, watches=WATCHES, **more), news(decision, before))


class Scraped:
    """Samples by name and labels."""

    def __init__(self, metrics: Metrics) -> None:
        self.text = generate_latest(metrics.registry).decode()
        self.families = list(text_string_to_metric_families(self.text))
        self.samples = {
            (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
            for family in self.families
            for sample in family.samples
        }

    def __call__(self, name: str, /, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def of(self, name: str) -> list[dict[str, str]]:
        return [dict(labels) for found, labels in self.samples if found == name]


# ----------------------------------------------------------------------------------------------------- what there is


def ours(families: Iterable) -> dict[str, str]:
    return {family.name: family.type for family in families if family.name.startswith(PREFIX)}


def test_the_registry_has_what_the_table_says_and_nothing_else(clock):
    metrics = Metrics(clock=clock)
    told(metrics, clock, coverage=[SHARE])
    families = Scraped(metrics).families
    # the parser gives a counter its name without the suffix
    table = {metric.name.removesuffix("_total"): metric.kind.value for metric in METRICS}
    assert ours(families) == table
    meanings = {metric.name.removesuffix("_total"): metric.meaning for metric in METRICS}
    assert {f.name: f.documentation for f in families if f.name in meanings} == meanings


def test_every_series_has_the_labels_that_the_table_says(clock):
    metrics = Metrics(clock=clock)
    odd = in_force(500, allocated=Amounts(400, MIB), actual_requests=Amounts(300, MIB))
    told(metrics, clock, a_decision(a_pod(odd)), coverage=[SHARE])
    labels = {metric.name: set(metric.labels) for metric in METRICS}
    seen = {name: [] for name in labels}
    for family in Scraped(metrics).families:
        for sample in family.samples:
            name = next((n for n in (sample.name, family.name, f"{family.name}_total") if n in labels), None)
            if name is not None:
                seen[name].append(set(sample.labels) - {"le"})
    assert all(seen.values()), "this scene shows each metric at least once"
    assert {name: found for name, found in seen.items() if any(of != labels[name] for of in found)} == {}


def test_names_are_ours_and_carry_their_unit():
    for metric in METRICS:
        assert metric.name.startswith(PREFIX)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER), metric.name


def test_a_scrape_before_the_first_tick_says_what_is_known(clock):
    metrics = Metrics(clock=clock, leads=lambda: False)
    clock.now += 30
    seen = Scraped(metrics)
    assert seen("leader") == 0
    assert seen("last_good_tick_age_seconds") == 30
    assert seen("paused") is None


@pytest.mark.parametrize("tick", [False, True], ids=["before-the-first-tick", "after-it"])
def test_promtool_finds_nothing_to_complain_about(clock, tick):
    require_prometheus()
    metrics = Metrics(clock=clock)
    if tick:
        told(metrics, clock, coverage=[SHARE])
    text = generate_latest(metrics.registry)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_openmetrics_can_be_read_too(clock):
    metrics = Metrics(clock=clock)
    told(metrics, clock)
    families = parse_openmetrics(openmetrics(metrics.registry).decode())
    assert len(ours(families)) == len(METRICS)


def test_no_series_say_when_a_counter_was_made(clock):
    assert "_created" not in Scraped(Metrics(clock=clock)).text


def test_two_in_one_process_count_for_themselves(clock):
    first, second = Metrics(clock=clock), Metrics(clock=clock)
    first.sent(Intent.GROW, Outcome.TAKEN)
    assert Scraped(second)("moves_total", intent="grow", outcome="Taken") == 0


# -------------------------------------------------------------------------------------------------------------- gauges


def test_sizes_are_in_cores_and_bytes(clock):
    metrics = Metrics(clock=clock)
    odd = in_force(500, 512 * MIB, allocated=Amounts(400, 256 * MIB), actual_requests=Amounts(300, 128 * MIB))
    told(metrics, clock, a_decision(a_pod(odd), ceiling=[[[750.0] * 24], [[2.0**27] * 24]]))
    seen = Scraped(metrics)
    assert {
        (what, unit): seen(f"container_{what}_{unit}", **ROLE)
        for what in ("desired", "allocated", "actual", "ceiling", "target")
        for unit in ("cpu_cores", "memory_bytes")
    } == {
        ("desired", "cpu_cores"): 0.5,
        ("desired", "memory_bytes"): 512 * MIB,
        ("allocated", "cpu_cores"): 0.4,
        ("allocated", "memory_bytes"): 256 * MIB,
        ("actual", "cpu_cores"): 0.3,
        ("actual", "memory_bytes"): 128 * MIB,
        ("ceiling", "cpu_cores"): 0.75,
        ("ceiling", "memory_bytes"): 2**27,
        ("target", "cpu_cores"): 0.75,
        # the peak on record is 200 Mi, and 15 % more is 230 Mi: above the ceiling of 128 Mi
        ("target", "memory_bytes"): 230 * MIB,
    }
    assert seen("pod_container_allocated_cpu_cores", **ROLE, pod="web-1") == 0.4


def test_what_is_not_set_has_no_series(clock):
    metrics = Metrics(clock=clock)
    told(metrics, clock, a_decision(a_pod(in_force(None))))
    assert Scraped(metrics).of("container_desired_cpu_cores") == []
    assert Scraped(metrics).of("container_desired_memory_bytes") == [ROLE]


def test_refusals_attempts_and_held_moves_are_zero_where_there_are_none(clock):
    metrics = Metrics(clock=clock)
    decision = a_decision(verdicts=(a_verdict(STALE), a_verdict(STALE, LOW)))
    ledger = replace(decision.ledger, attempts=(an_attempt(Phase.DEFERRED),))
    told(metrics, clock, replace(decision, ledger=ledger))
    seen = Scraped(metrics)
    assert seen("refusals", reason="StaleUsage") == 2
    assert seen("refusals", reason="LowCoverage") == 1
    assert {labels["reason"] for labels in seen.of("refusals")} == {guard.reason for guard in GUARDS}
    assert seen("refusals", reason="Paused") == 0
    assert [seen("attempts", phase=phase.value) for phase in (Phase.DEFERRED, Phase.SOAKING)] == [1, 0]
    assert [seen("held_moves", intent=intent) for intent in ("shrink", "undo")] == [2, 0]


def test_flags_are_one_or_zero(clock):
    metrics = Metrics(clock=clock, leads=lambda: True)
    around = Surroundings(paused="by ann", capability=Capability(patch=False))
    decision = a_decision()
    told(metrics, clock, replace(decision, snapshot=replace(decision.snapshot, around=around)))
    seen = Scraped(metrics)
    assert [seen(name) for name in ("leader", "paused", "braked")] == [1, 1, 0]
    assert [seen("capability", name=name) for name in ("resize", "patch")] == [1, 0]


def test_leadership_is_asked_for_at_the_scrape(clock):
    """A tick that hangs must not go on claiming a lease that has run out meanwhile."""
    held = [True]
    metrics = Metrics(clock=clock, leads=lambda: held[0])
    told(metrics, clock)
    assert Scraped(metrics)("leader") == 1
    held[0] = False
    assert Scraped(metrics)("leader") == 0


def test_ages_grow_while_no_tick_comes(clock):
    metrics = Metrics(clock=clock)
    with metrics.tick():
        told(metrics, clock)
    clock.now += 100
    seen = Scraped(metrics)
    assert seen("usage_age_seconds", resource="cpu") == 100  # the scene's newest sample ended at its noon
    assert seen("watch_age_seconds", kind="Pod") == 102
    assert seen("watch_age_seconds", kind="Node") == math.inf
    assert seen("watch_age_seconds", kind="ScaledObject") is None, "what the server does not have cannot grow old"
    assert seen("watch_state", kind="ScaledObject", state="Missing") == 1
    assert seen("watch_state", kind="ScaledObject", state="Live") == 0
    assert seen("last_good_tick_age_seconds") == 100


def test_without_any_usage_its_age_is_infinite(clock):
    metrics = Metrics(clock=clock)
    history = a_history(rows_of([a_pod()]), math.nan, math.nan)
    told(metrics, clock, a_decision(history=history))
    assert Scraped(metrics)("usage_age_seconds", resource="memory") == math.inf


def test_forecasts(clock):
    metrics = Metrics(clock=clock)
    told(metrics, clock, coverage=[SHARE])
    seen, group = Scraped(metrics), {"profile": "web", "forecaster": "recent", "resource": "cpu"}
    assert seen("forecast_coverage_ratio", **group) == 0.985  # 197 / 200
    assert seen("forecast_over_ask_ratio", **group) == 0.25
    assert seen("forecast_steps", **group) == 200


def test_a_scrape_sees_one_tick_whole(clock):
    """The next tick's status comes while a scrape is half way through: it goes on with the one it began with."""
    metrics = Metrics(clock=clock)
    told(metrics, clock, a_decision(a_pod(in_force(500))))
    families = metrics.registry.collect()
    seen = {}
    for family in families:
        if family.name == f"{PREFIX}pods":
            told(metrics, clock, a_decision(a_pod(in_force(800)), a_pod(in_force(800), name="web-2")))
        seen[family.name] = [sample.value for sample in family.samples]
    assert seen[f"{PREFIX}pods"] == [1]
    assert seen[f"{PREFIX}container_desired_cpu_cores"] == [0.5]
    assert Scraped(metrics)("container_desired_cpu_cores", **ROLE) == 0.8
