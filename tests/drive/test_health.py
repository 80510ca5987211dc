"""Whether we are alive and ready, and how a real Prometheus sees it."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drive.status.scenes import Clock, a_decision, in_force
from tests.drive.test_health_server import ask
from tests.drive.test_metrics_page import block
from tests.support.builders import a_history, a_pod, rows_of
from tests.support.components import require_prometheus
from tests.support.prometheus import command, end, free_port, wait_until_ready
from vpa_inplace.drive.health import ALIVE, WARM, alive, ready, serve
from vpa_inplace.drive.metrics import Metrics
from vpa_inplace.drive.pulse import Pulse
from vpa_inplace.drive.status import Status, Watch, status_of
from vpa_inplace.journal import News
from vpa_inplace.observe.kubernetes.store import State

LISTED = Watch(State.LIVE, 2.0)
NEVER = Watch(State.WAITING, float("inf"))


def a_status(pods: Watch | None = LISTED, *, usage: bool = True) -> Status:
    history = None if usage else a_history(rows_of([a_pod()]), float("nan"), float("nan"))
    decision = a_decision(a_pod(in_force()), history=history)
    return status_of(decision, at=1000.0, watches={} if pods is None else {"Pod": pods})


# ------------------------------------------------------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("silence", "fine"),
    [
        pytest.param(0.0, True, id="just-now"),
        pytest.param(ALIVE - 1, True, id="almost-too-long"),
        pytest.param(ALIVE, False, id="too-long"),
    ],
)
@pytest.mark.parametrize("hangs", [True, False], ids=["in-a-tick", "between-ticks"])
def test_alive_while_ticks_begin_or_end(silence: float, fine: bool, hangs: bool):
    clock = Clock()
    pulse = Pulse(clock)
    clock.now += 10_000
    pulse.begin()
    if not hangs:
        pulse.end(well=False)
    clock.now += silence
    (check,) = alive(pulse)
    assert (check.trouble == "") is fine


def test_a_process_that_has_never_ticked_is_alive_for_a_while():
    clock = Clock()
    pulse = Pulse(clock)
    clock.now += ALIVE - 1
    assert not alive(pulse)[0].trouble
    clock.now += 1
    assert alive(pulse)[0].trouble == "no tick has begun or ended for 600 s; 600 s are allowed"


@pytest.mark.parametrize(
    ("status", "leads", "since_good", "troubled"),
    [
        pytest.param(a_status(), True, 1, [], id="leader"),
        pytest.param(a_status(), True, 10 * WARM, [], id="leader-whose-ticks-fail-is-not-taken-out"),
        pytest.param(a_status(), False, WARM - 1, [], id="warm-standby"),
        pytest.param(a_status(), False, WARM, ["standby"], id="cold-standby"),
        pytest.param(a_status(), False, None, ["standby"], id="standby-without-a-good-tick"),
        pytest.param(None, True, None, ["first tick"], id="nothing-yet"),
        pytest.param(a_status(NEVER), True, 1, ["pods"], id="pods-not-listed"),
        pytest.param(a_status(Watch(State.FORBIDDEN, 30.0)), True, 1, ["pods"], id="pods-forbidden-meanwhile"),
        pytest.param(a_status(Watch(State.BROKEN, 30.0)), True, 1, [], id="a-broken-watch-is-old-data-not-none"),
        pytest.param(a_status(None), True, 1, ["pods"], id="pods-not-watched"),
        pytest.param(a_status(usage=False), True, 1, ["usage"], id="no-usage"),
        pytest.param(a_status(NEVER, usage=False), False, WARM, ["pods", "usage", "standby"], id="all-at-once"),
    ],
)
def test_ready(status: Status | None, leads: bool, since_good: float | None, troubled: list[str]):
    clock = Clock()
    pulse = Pulse(clock)
    if since_good is not None:
        pulse.end(well=True)
        clock.now += since_good
    found = ready(status, pulse, leads=leads)
    assert [check.name for check in found if check.trouble] == troubled


# --------------------------------------------------------------------------------------- as the controller starts it


def test_health_of_a_controller():
    clock = Clock()
    leads = [False]
    metrics = Metrics(clock=clock, leads=lambda: leads[0])
    server = serve("127.0.0.1:0", metrics)
    try:
        assert [ask(server, path)[0] for path in ("/healthz", "/readyz")] == [200, 503]
        decision = a_decision()
        with metrics.tick():
            status = status_of(decision, at=clock.now, watches={"Pod": LISTED})
            metrics.decided(decision, status, News())
        assert ask(server, "/readyz")[:2] == (200, "[+] pods\n[+] usage\n[+] standby\n")
        clock.now += ALIVE
        assert [ask(server, path)[0] for path in ("/healthz", "/readyz")] == [503, 503]
        leads[0] = True
        assert ask(server, "/readyz")[:2] == (200, "[+] pods\n[+] usage\n[+] leader\n")
    finally:
        server.stop()


def query(url: str, path: str):
    with urllib.request.urlopen(f"{url}{path}", timeout=10) as answer:
        return json.load(answer)["data"]


def eventually(found: Callable[[], object]):
    """What is found at last; Prometheus scrapes and evaluates once a second."""
    for _ in range(300):
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError("it did not come in half a minute")


def evaluated(groups: list[dict]) -> list[dict]:
    """All rules, once each of them has been tried."""
    rules = [rule for group in groups for rule in group["rules"]]
    return [] if any(rule["health"] == "unknown" for rule in rules) else rules


def test_a_real_prometheus_scrapes_it_and_knows_the_alerts(tmp_path: Path):
    require_prometheus()
    metrics = Metrics()
    decision = a_decision()
    with metrics.tick():
        metrics.decided(decision, status_of(decision, at=metrics.pulse.clock(), watches={"Pod": LISTED}), News())
    server = serve("127.0.0.1:0", metrics)
    (tmp_path / "rules.yml").write_text(block("yaml"))
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "rule_files: [rules.yml]\n"
        f"scrape_configs: [{{job_name: own, honor_labels: true, static_configs: [{{targets: ['127.0.0.1:{server.port}']}}]}}]\n"
    )
    port = free_port()
    silent = subprocess.DEVNULL
    start = command(config, tmp_path / "data", port, "--log.level=error")
    process = subprocess.Popen(start, stdin=silent, stdout=silent, stderr=silent)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process)
        name = "vpa_inplace_container_desired_cpu_cores"
        (series,) = eventually(lambda: query(url, f"/api/v1/query?query={name}")["result"])
        told = query(url, f"/api/v1/metadata?metric={name}")[name]
        rules = eventually(lambda: evaluated(query(url, "/api/v1/rules")["groups"]))
        (target,) = query(url, "/api/v1/targets")["activeTargets"]
    finally:
        end(process)
        server.stop()
    assert (target["health"], target["lastError"]) == ("up", "")
    assert series["metric"] | {"job": "", "instance": ""} == {
        "__name__": name,
        "namespace": "shop",
        "workload_kind": "Deployment",
        "workload": "web",
        "container": "app",
        "job": "",
        "instance": "",
    }
    assert series["value"][1] == "0.5"
    assert told[0]["type"] == "gauge"
    assert {rule["health"] for rule in rules} == {"ok"}
    assert {rule["name"] for rule in rules} >= {"VpaInplaceNoGoodTick", "VpaInplaceShrinksUndone"}
