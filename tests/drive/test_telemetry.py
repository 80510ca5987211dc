"""What is told of ticks, one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from tests.drive.status.scenes import Clock, a_decision, in_force
from tests.drive.status.test_status import STALE, a_verdict
from tests.support.builders import NOON, a_history, a_pod, rows_of
from vpa_inplace.act.answers import Outcome
from vpa_inplace.domain.moves import Intent
from vpa_inplace.drive.metrics import Metrics
from vpa_inplace.drive.status import PodSeries, Show, Watch
from vpa_inplace.drive.telemetry import Telemetry
from vpa_inplace.history.history import HOUR, STEP
from vpa_inplace.journal import news
from vpa_inplace.observe.kubernetes.store import State

WATCHES = {"Pod": Watch(State.LIVE, 2.0)}
POD = a_pod(in_force())


@pytest.fixture
def telemetry():
    return Telemetry(metrics=Metrics(clock=Clock()))


def sample(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.metrics.registry.get_sample_value(f"vpa_inplace_{name}", labels)


def test_what_was_sent_and_what_holds(telemetry: Telemetry):
    decision = a_decision(POD, verdicts=(a_verdict(STALE),))
    history = a_history(rows_of([POD]))
    sent = [(Intent.GROW, Outcome.TAKEN), (Intent.GROW, Outcome.BUSY)]
    telemetry.tell(decision, history, news(decision, {}), watches=WATCHES, sent=sent)
    assert sample(telemetry, "moves_total", intent="grow", outcome="Busy") == 1
    assert sample(telemetry, "refusals", reason="StaleUsage") == 1
    assert sample(telemetry, "watch_age_seconds", kind="Pod") == 2


def test_forecasts_are_judged_as_history_grows(telemetry: Telemetry):
    """Ticks every half hour for five hours against a ceiling of 100 that usage leaves in the fourth hour."""
    noon = int(NOON.timestamp())
    cpu = np.repeat([50.0, 50.0, 50.0, 150.0, 50.0], HOUR // STEP)
    end = NOON.fromtimestamp(noon + 5 * HOUR, NOON.tzinfo)
    whole = a_history(rows_of([POD]), cpu, cpu, days=5 / 24, end=end)
    for half_hours in range(11):
        now = noon + half_hours * HOUR // 2
        decision = a_decision(POD, ceiling=100.0, outlook_at=now)
        telemetry.tell(decision, whole.until(now), news(decision, {}), watches=WATCHES)
    group = {"profile": "default", "forecaster": "recent", "resource": "cpu"}
    # published at noon for the second hour, and so on; the fifth hour's late samples are still waited for
    assert sample(telemetry, "forecast_steps", **group) == 3 * HOUR // STEP
    assert sample(telemetry, "forecast_coverage_ratio", **group) == pytest.approx(2 / 3)


def test_how_much_is_shown_can_be_chosen():
    telemetry = Telemetry(metrics=Metrics(clock=Clock()), show=Show(pods=PodSeries.ALL))
    decision = a_decision(POD)
    telemetry.tell(decision, a_history(rows_of([POD])), news(decision, {}), watches=WATCHES)
    labels = {"namespace": "shop", "workload_kind": "Deployment", "workload": "web", "container": "app", "pod": "web-1"}
    assert sample(telemetry, "pod_container_desired_cpu_cores", **labels) == 0.5
