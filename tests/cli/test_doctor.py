from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Vpa, lines
from tests.cli.test_bad_input import NOWHERE, kubeconfig
from tests.support.prometheus import Running, prometheus_with
from tests.support.servers import Answer, Request, answering, as_json, ok
from vpa_inplace.cli.checks import State
from vpa_inplace.cli.checks_kubernetes import RIGHTS, of_version
from vpa_inplace.cli.checks_prometheus import PrometheusChecks
from vpa_inplace.demo.fleet import Fleet, big_fleet, make_fleet
from vpa_inplace.demo.openmetrics import openmetrics
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings

FLEET = big_fleet(12, days=2)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two days of 12 containers, a sample every 150 s, kube-state-metrics beside it."""
    with prometheus_with(openmetrics(FLEET, scrape=150), tmp_path_factory.mktemp("prometheus")) as running:
        yield running


def states(text: str) -> dict[str, tuple[str, str, str]]:
    return {check["name"]: (check["state"], check["message"], check["todo"]) for check in json.loads(text)["checks"]}


def at(fleet: Fleet) -> tuple[str, str]:
    return "--at", fleet.now.isoformat()


def test_a_real_prometheus(vpa: Vpa, prometheus: Running) -> None:
    ended = vpa("doctor", "-p", prometheus.url, *at(FLEET), "--no-cluster", "-o", "json")
    assert (ended.code, ended.err) == (0, "")
    found = states(ended.out)
    assert {name: state for name, (state, _, _) in found.items()} == {
        "kubeconfig": "ok",
        "prometheus": "ok",
        "clock": "ok",
        "cpu usage": "ok",
        "memory usage": "ok",
        "throttling": "warn",  # the crowd has no CPU limits
        "pressure": "warn",  # the generator makes no PSI
        "kube-state-metrics": "ok",
        "rollouts": "ok",
        "oom kills": "ok",
        "history": "warn",  # two days of eight
        "scrapes": "ok",
    }
    assert found["cpu usage"][1] == "12 running containers"
    assert found["history"][1].startswith("usage reaches back 1 d or more, retention 100y")
    assert found["scrapes"][1] == "a sample about every 2 min 30 s, steps of 5 min"
    assert found["prometheus"][1].startswith(f"{prometheus.url} answers, version 2.")
    assert json.loads(ended.out)["healthy"] is True


def test_lines_for_people(vpa: Vpa, prometheus: Running) -> None:
    text = lines(vpa("doctor", "-p", prometheus.url, *at(FLEET), "--no-cluster").out)
    assert text[-1] == "9 ok, 3 warn"
    assert all(line.split()[0] in {"ok", "warn"} for line in text[:-1])
    quiet = lines(vpa("doctor", "-p", prometheus.url, *at(FLEET), "--no-cluster", "-q").out)
    assert quiet == [line for line in text[:-1] if line.startswith("warn")] + [text[-1]]


def test_too_few_scrapes_for_the_step(vpa: Vpa, prometheus: Running, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("prometheus: {step: 3m}\n")
    ended = vpa(
        "doctor", "-p", prometheus.url, *at(FLEET), "--no-cluster", "-o", "json", "--config", str(tmp_path / "c.yaml")
    )
    state, message, todo = states(ended.out)["scrapes"]
    # 150 s between samples, and a rate needs two in each 180 s
    assert (state, todo) == ("warn", "scrape cAdvisor every 36 s or more often")
    assert "too few for a rate" in message


def test_nothing_at_that_time(vpa: Vpa, prometheus: Running) -> None:
    ended = vpa("doctor", "-p", prometheus.url, "--at", "2020-01-01", "--no-cluster", "-o", "json")
    assert ended.code == 1
    found = states(ended.out)
    assert [name for name, (state, _, _) in found.items() if state == "fail"] == [
        "cpu usage",
        "memory usage",
        "kube-state-metrics",
    ]
    assert found["cpu usage"][2] == "scrape cAdvisor: the kubelet's /metrics/cadvisor"


def test_the_whole_fleet_of_the_demo_has_what_is_looked_for(vpa: Vpa, tmp_path: Path) -> None:
    fleet = make_fleet(4, days=1)
    with prometheus_with(openmetrics(fleet, scrape=150), tmp_path) as running:
        ended = vpa("doctor", "-p", running.url, *at(fleet), "--no-cluster", "-o", "json")
    assert ended.code == 0
    assert states(ended.out)["history"][1].startswith("usage reaches back 6 h or more")
    assert "nothing shrinks before there is 1 d" in states(ended.out)["history"][1]


NOON = 1_772_452_800.0  # 2026-03-02 12:00 UTC


def fake(metrics: Sequence[str] = ()) -> Callable[[Request], Answer]:
    """A Prometheus at noon that knows these metrics, without container labels."""

    def answer(request: Request) -> Answer:
        query = request.query.get("query", "")
        if query == "vector(time())":
            return ok([{"metric": {}, "value": [0, str(NOON)]}])
        if query.startswith("count by (__name__)"):
            return ok([{"metric": {"__name__": name}, "value": [0, "1"]} for name in metrics])
        return ok([]) if request.path.endswith("query") else as_json({"status": "success", "data": {}})

    return answer


@pytest.mark.parametrize(
    ("ours", "state", "says"),
    [
        pytest.param(NOON - 300, State.WARN, "Prometheus is 5 min ahead of this machine", id="ahead"),
        pytest.param(NOON + 300, State.WARN, "Prometheus is 5 min behind this machine", id="behind"),
        pytest.param(NOON + 60, State.OK, "within 1 min of this machine's", id="just-ordinary-lateness"),
        pytest.param(NOON + 61, State.WARN, "1 min 1 s behind", id="just-more"),
    ],
)
def test_clock(ours: float, state: State, says: str) -> None:
    with answering(fake()) as server, PromClient(PrometheusSettings(url=server.url)) as client:
        (check,) = (check for check in PrometheusChecks(client, ours, alone=True)() if check.name == "clock")
    assert check.state is state
    assert says in check.message


def test_series_without_a_container_label(vpa: Vpa) -> None:
    metrics = ("container_cpu_usage_seconds_total", "container_memory_working_set_bytes")
    with answering(fake(metrics)) as server:
        ended = vpa("doctor", "-p", server.url, "--no-cluster", "-o", "json")
    assert ended.code == 1
    state, message, todo = states(ended.out)["cpu usage"]
    assert (state, message) == ("fail", "container_cpu_usage_seconds_total has no container label")
    assert "keep the labels namespace, pod and container" in todo


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param((), "no Prometheus is named: give --prometheus URL", id="not-named"),
        pytest.param(("-p", NOWHERE), "cannot be reached", id="down"),
        pytest.param(("-p", "nonsense"), "prometheus url", id="no-url"),
    ],
)
def test_without_prometheus_there_is_one_failure(vpa: Vpa, arguments: tuple[str, ...], says: str) -> None:
    ended = vpa("doctor", "--no-cluster", "-o", "json", *arguments)
    assert (ended.code, ended.err) == (1, "")
    failed = {name: message for name, (state, message, _) in states(ended.out).items() if state == "fail"}
    assert list(failed) == ["prometheus"]
    assert says in failed["prometheus"]


def cluster(version: str = "v1.35.2", minor: str = "35+", refused: tuple[str, ...] = ()) -> Callable[[Request], Answer]:
    """An API server that allows all but some ``verb resource``."""
    asked = iter(RIGHTS)

    def answer(request: Request) -> Answer:
        if request.path == "/version":
            return as_json({"gitVersion": version, "minor": minor})
        right = next(asked)
        return as_json({"status": {"allowed": str(right) not in refused}}, 201)

    return answer


def checked(vpa: Vpa, tmp_path: Path, answer: Callable[[Request], Answer], *more: str) -> Ended:
    with answering(answer) as server:
        config = str(kubeconfig(server.url, tmp_path / "kubeconfig"))
        return vpa("doctor", "-p", NOWHERE, "--kubeconfig", config, "-o", "json", *more)


def test_a_cluster_that_allows_everything(vpa: Vpa, tmp_path: Path) -> None:
    found = states(checked(vpa, tmp_path, cluster()).out)
    assert found["api server"][:2] == ("ok", "v1.35.2, resizes running pods")
    assert all(found[str(right)][:2] == ("ok", "allowed") for right in RIGHTS)
    assert [str(right) for right in RIGHTS][-1] == "patch pods/resize"


@pytest.mark.parametrize(
    ("right", "state", "says"),
    [
        pytest.param("list pods", "fail", "not allowed: pods cannot be found", id="pods"),
        pytest.param("list nodes", "warn", "not allowed: room on nodes is not known", id="nodes"),
        pytest.param("list replicasets", "warn", "each ReplicaSet counts as a workload", id="replicasets"),
        pytest.param("patch pods/resize", "warn", "recommendations only", id="resize"),
    ],
)
def test_a_right_that_is_missing(vpa: Vpa, tmp_path: Path, right: str, state: str, says: str) -> None:
    found = states(checked(vpa, tmp_path, cluster(refused=(right,))).out)
    assert found[right][0] == state
    assert says in found[right][1]
    assert right.split()[1] in found[right][2]
    assert all(found[str(other)][0] == "ok" for other in RIGHTS if str(other) != right)


def test_rights_are_asked_for_in_the_namespaces_that_are_looked_at(vpa: Vpa, tmp_path: Path) -> None:
    def answer(request: Request) -> Answer:
        if request.path == "/version":
            return as_json({"gitVersion": "v1.35.2", "minor": "35"})
        return as_json({"status": {"allowed": False}}, 201)

    found = states(checked(vpa, tmp_path, answer, "-n", "shop", "-n", "ml").out)
    assert found["list pods"][1].startswith("not allowed in shop and ml: ")
    assert found["list nodes"][1].startswith("not allowed: ")  # nodes are in no namespace


@pytest.mark.parametrize(
    ("text", "minor", "state", "says"),
    [
        pytest.param("v1.32.9", "32", "warn", "no resize of running pods before 1.33", id="before-resize"),
        pytest.param("v1.33.0", "33", "ok", "memory limits cannot fall before 1.34", id="first-with-resize"),
        pytest.param("v1.34.1+k3s1", "34", "ok", "v1.34.1+k3s1, resizes running pods", id="memory-may-fall"),
        pytest.param("v1.36.0-gke.1", "36+", "ok", "resizes running pods", id="a-sign-behind"),
        pytest.param("", "", "warn", "tells no version", id="no-version"),
    ],
)
def test_versions(text: str, minor: str, state: str, says: str) -> None:
    check = of_version(text, minor)
    assert check.state == state
    assert says in check.message


def test_an_expired_token_is_a_failure(vpa: Vpa, tmp_path: Path) -> None:
    found = states(checked(vpa, tmp_path, lambda _: as_json({"message": "Unauthorized"}, 401)).out)
    assert found["connection"][0] == "fail"
    assert "log in again" in found["connection"][2]


def test_without_a_cluster_that_nobody_asked_for_there_is_a_warning(vpa: Vpa) -> None:
    found = states(vpa("doctor", "-p", NOWHERE, "-o", "json").out)
    assert found["kubeconfig"][0] == "warn"
    assert found["kubeconfig"][2] == "pods come from kube-state-metrics alone"
