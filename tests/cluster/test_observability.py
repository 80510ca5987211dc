"""A real Prometheus that scrapes a kubelet, kube_* series and pods of a cluster that is made up."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.observability import CLUSTER_ROLE, Prometheus, Targets, configuration
from tests.cluster.pki import Authority
from tests.cluster.recorded import a_cluster, a_container, a_pod, a_web_pod, an_object
from tests.cluster.state_metrics import LISTS, exporting
from tests.cluster.state_series import FAMILIES, Object
from tests.observe.kubernetes.test_discover import Cluster, reaching
from tests.support.components import require_prometheus
from tests.support.prometheus import free_port
from tests.support.servers import Answer, Request, answering, as_json
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.from_prometheus import PrometheusSource
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes import discover as from_kubernetes
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings, owners_over_window
from vpa_inplace.observe.prometheus.client import Sample
from vpa_inplace.observe.prometheus.queries import Kind, query
from vpa_inplace.observe.source import Scope
from vpa_inplace.observe.state_metrics import discover as from_state_metrics

pytestmark = pytest.mark.xdist_group("observability")  # one Prometheus for all of them
INTERVAL = 1.0  # seconds
STEP = 5  # seconds
TOKEN = "t0ken"
WEB = "web-5d9-abc"
SCOPE = Scope(cluster="c", selector="", excluded_namespaces=())
KUBELET = """\
# TYPE kubelet_running_pods gauge
kubelet_running_pods 8
"""
# Timestamps as cAdvisor has them, here of a time that no Prometheus would accept: it is to take its own.
CADVISOR = """\
# TYPE machine_cpu_cores gauge
machine_cpu_cores 2
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{{container="app",cpu="total",id="/pods/web/app",image="app:1",name="a",namespace="shop",pod="{web}"}} {cpu} 1600000000000
container_cpu_usage_seconds_total{{container="",cpu="total",id="/pods/web",image="",name="",namespace="shop",pod="{web}"}} {cpu} 1600000000000
# TYPE container_memory_working_set_bytes gauge
container_memory_working_set_bytes{{container="app",id="/pods/web/app",image="app:1",name="a",namespace="shop",pod="{web}"}} 1.048576e+08 1600000000000
container_memory_working_set_bytes{{container="",id="/pods/web",image="",name="",namespace="shop",pod="{web}"}} 1.1e+08 1600000000000
container_memory_working_set_bytes{{container="POD",id="/pods/web/p",image="pause",name="p",namespace="shop",pod="{web}"}} 1e+06 1600000000000
container_memory_working_set_bytes{{container="",id="/",image="",name="",namespace="",pod=""}} 8e+09 1600000000000
"""


@contextmanager
def a_kubelet(folder: Path) -> Iterator[tuple[str, Path]]:
    """Serves metrics over TLS to those who have the token, as a real one; gives its URL and its CA."""
    authority = Authority(folder / "pki")
    pair = authority.issue("kubelet-server", "node-1", hosts=("127.0.0.1",))
    scrapes = iter(range(1_000_000))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages: dict[str, Callable[[], str]] = {
                "/metrics": lambda: KUBELET,
                "/metrics/cadvisor": lambda: CADVISOR.format(web=WEB, cpu=next(scrapes) * 0.25 * INTERVAL),
            }
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            self.send_response(200 if allowed and self.path in pages else 401)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            if allowed:
                self.wfile.write(pages[self.path]().encode())

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", authority.certificate
    finally:
        server.shutdown()
        server.server_close()


def an_app(request: Request) -> Answer:
    """Metrics of a model server, under two paths."""
    text = f"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running {len(request.path)}\n"
    known = request.path in {"/metrics", "/stats"}
    return Answer(200 if known else 404, text.encode(), content_type="text/plain; version=0.0.4")


def asking(name: str, *containers: Object, port: int | None = None, phase: str = "Running", **asked: str) -> Object:
    """A pod on loopback that asks to be scraped."""
    annotations = {"scrape": "true"} | ({} if port is None else {"port": str(port)}) | asked
    named = {f"prometheus.io/{key}": value for key, value in annotations.items()}
    pod = a_pod(an_object(name, "apps", annotations=named), *containers, phase=phase)
    pod["status"]["podIP"] = "127.0.0.1"
    return pod


def ports(*numbers: int) -> list[Object]:
    return [{"containerPort": number, "protocol": "TCP"} for number in numbers]


def askers(one: int, other: int) -> Iterator[Object]:
    """Pods that ask in every way; two ports answer."""
    app, sidecar = a_container("app", ports=ports(one)), a_container("sidecar")
    yield asking("declared", app)
    yield asking("named-port", a_container("app"), port=one)
    yield asking("the-one-that-declares-it", a_container("sidecar", ports=ports(other)), app, port=one)
    yield asking("two-ports", a_container("app", ports=ports(one, other)))
    yield asking("path", app, path="/stats")
    yield asking("no-port", a_container("app"))
    yield asking("does-not-ask", app, scrape="false")
    yield asking("is-over", app, phase="Succeeded")
    yield asking("port-that-is-another-ones", sidecar | {"ports": ports(other)}, port=one)


@dataclass(frozen=True, slots=True)
class World:
    """A cluster and what is seen of it."""

    cluster: Cluster
    kube: KubeSettings
    prometheus: Prometheus
    targets: Targets
    ports: tuple[int, int]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    require_prometheus()
    folder = tmp_path_factory.mktemp("observability")
    (folder / "token").write_text(TOKEN)
    cluster = a_cluster()
    with (
        answering(an_app) as one,
        answering(an_app) as other,
        a_kubelet(folder) as (kubelet, ca),
        reaching(cluster, folder) as (kube, _),
    ):
        numbers = port_of(one.url), port_of(other.url)
        cluster.objects[LISTS["pods"]].extend(askers(*numbers))
        assert kube.kubeconfig is not None
        with exporting(kube.kubeconfig) as exporter:
            targets = Targets(
                kubelet_url=kubelet,
                state_metrics=exporter,
                ca_file=ca,
                token_file=folder / "token",
            )
            with Prometheus(folder / "prometheus", free_port(), targets, INTERVAL) as prometheus:
                yield World(cluster, kube, prometheus, targets, numbers)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_every_target_is_up(world: World) -> None:
    world.prometheus.wait_for('up{job=~"kubelet|kube-state-metrics"} == 1')
    found = world.prometheus.wait_for(
        'count by (job, metrics_path) (up{job!="pods"} == 1) and on () (count(up == 1) == 9)'
    )
    assert {(s.labels["job"], s.labels.get("metrics_path")) for s in found} == {
        ("kubelet", "/metrics"),
        ("kubelet", "/metrics/cadvisor"),
        ("kube-state-metrics", None),
    }


def test_containers_have_usage_and_nothing_else_of_the_machine_does(world: World) -> None:
    """With Prometheus' own timestamps: those of the answer are years old."""
    (memory,) = world.prometheus.wait_for("container_memory_working_set_bytes")
    kubelet = str(world.targets.kubelet_url).partition("//")[2]
    assert memory.value == 100 * 2**20
    assert memory.labels == {
        "__name__": "container_memory_working_set_bytes",
        "job": "kubelet",
        "metrics_path": "/metrics/cadvisor",
        "instance": kubelet,
        "namespace": "shop",
        "pod": WEB,
        "container": "app",
        "id": "/pods/web/app",
        "image": "app:1",
        "name": "a",
    }
    assert len(world.prometheus.query("container_cpu_usage_seconds_total")) == 1
    assert [s.value for s in world.prometheus.query("machine_cpu_cores")] == [2]
    assert [s.labels["metrics_path"] for s in world.prometheus.wait_for("kubelet_running_pods")] == ["/metrics"]


def test_pods_that_ask_are_scraped(world: World) -> None:
    one, other = world.ports
    world.prometheus.wait_for('count(up{job="pods"} == 1) == 6')
    found = world.prometheus.query("vllm:num_requests_running")
    assert all((s.labels["job"], s.labels["namespace"]) == ("pods", "apps") for s in found)
    assert sorted(
        (s.labels["pod"], s.labels["container"], port_of(s.labels["instance"]), s.value) for s in found
    ) == sorted(
        [
            ("declared", "app", one, len("/metrics")),
            ("named-port", "app", one, len("/metrics")),
            ("the-one-that-declares-it", "app", one, len("/metrics")),
            ("two-ports", "app", one, len("/metrics")),
            ("two-ports", "app", other, len("/metrics")),
            ("path", "app", one, len("/stats")),
        ]
    )


def test_both_ways_see_the_same_pods(world: World) -> None:
    """From kube_* series through Prometheus, and from the API itself. Only the latter knows pods before their start."""
    world.prometheus.wait_for("kube_pod_info")
    with PromClient(PrometheusSettings(url=world.prometheus.url)) as client:
        now = client.now()
        seen = from_state_metrics(client, SCOPE, owners_over_window(client, now, 600), now)
    truth = from_kubernetes(KubeClient(world.kube), SCOPE)
    assert seen.warnings == truth.warnings == ()
    assert told(seen.pods) == {name: facts for name, facts in told(truth.pods).items() if name != "waits"}
    assert dict(seen.nodes) == dict(truth.nodes)
    assert set(seen.skips) == set(truth.skips)


def told(pods: tuple[Pod, ...]) -> dict[str, tuple[object, ...]]:
    """What series tell of pods: neither versions nor resizes, nor the order of containers."""
    return {
        pod.name: (
            *(pod.namespace, pod.uid, pod.workload, pod.qos, pod.phase, pod.node, pod.os, pod.static, pod.created),
            *sorted(pod.containers, key=lambda container: container.name),
        )
        for pod in pods
    }


def test_usage_comes_with_the_pods(world: World) -> None:
    """The source as users have it, with steps of seconds."""
    world.prometheus.wait_for(
        f"count_over_time(container_memory_working_set_bytes[{3 * STEP}s]) > {2 * STEP / INTERVAL}"
    )
    short = timedelta(minutes=5)
    settings = PrometheusSettings(url=world.prometheus.url, step=STEP, detail=short, history=short)
    observation = PrometheusSource(settings).observe(SCOPE)
    (row,) = (i for i, key in enumerate(observation.snapshot.rows) if str(key) == "c/shop/Deployment/web/app")
    usage = observation.history.usage[:, row, -1]
    assert usage[Resource.MEMORY] == 100 * 2**20
    assert 0 < usage[Resource.CPU] < 1000  # millicores; 250 if no scrape is late
    assert [w for w in observation.warnings if "usage reaches back" not in w] == []


class Noting(dict[str, str]):
    """Labels that write down which of them are asked for."""

    def __init__(self, labels: dict[str, str], asked: set[str]) -> None:
        super().__init__(labels)
        self.asked = asked

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


class NotingClient(PromClient):
    """Writes down, for each series that is read, the labels that are looked at."""

    def __init__(self, settings: PrometheusSettings) -> None:
        super().__init__(settings)
        self.read: dict[str, set[str]] = {}

    def instant(self, query: str, at: float | None = None) -> list[Sample]:
        (name, *_) = [name for name in FAMILIES if name in query.replace("(", "[").split("[")] or [query]
        asked = self.read.setdefault(name, set())
        return [Sample(Noting(sample.labels, asked), sample.value) for sample in super().instant(query, at)]


def test_each_label_that_is_read_is_there(world: World) -> None:
    """What discovery asks of a series, it finds: a label that it comes to want has to be exported first."""
    world.prometheus.wait_for("kube_pod_info")
    with NotingClient(PrometheusSettings(url=world.prometheus.url)) as client:
        now = client.now()
        scope = replace(SCOPE, selector="a.b_conflict1=2")
        from_state_metrics(client, scope, owners_over_window(client, now, 600), now)
        read = {name: labels for name, labels in client.read.items() if name in FAMILIES}
    assert read.keys() == FAMILIES.keys()
    for name, labels in read.items():
        there = set().union(*(sample.labels for sample in world.prometheus.query(name)))
        wanted = {label for label in labels if not label.startswith("exported_")}  # only where a scrape is relabelled
        # namespaces and nodes are looked for in the same way as pods, and have neither
        assert wanted - there <= (
            {"uid", "namespace", "pod"} if name.startswith(("kube_node", "kube_names")) else set()
        ), name


def test_an_oom_kill_is_found_by_the_query_for_it(world: World) -> None:
    pods = world.cluster.objects[LISTS["pods"]]
    (place,) = (i for i, pod in enumerate(pods) if pod["metadata"]["name"] == WEB)  # type: ignore[index]
    window = 2
    world.prometheus.wait_for(f"kube_pod_container_status_restarts_total offset {window}s")
    before = pods[place]
    pods[place] = a_web_pod(restarts=3)
    try:
        (found,) = world.prometheus.wait_for(query(Kind.KILLED, "shop", window))
    finally:
        pods[place] = before
    assert (found.labels["pod"], found.labels["container"], found.value) == (WEB, "app", 3)


def test_without_the_api_server_there_are_no_old_values(world: World) -> None:
    world.prometheus.wait_for("kube_pod_info")
    for path in LISTS.values():
        world.cluster.answers[path] = as_json({"message": "down"}, 500)
    try:
        world.prometheus.wait_for('up{job="kube-state-metrics"} == 0')
        assert world.prometheus.query('{__name__=~"kube_.+"}') == []
        assert len(world.prometheus.query('up{job="pods"} == 1')) == 6, "pods that were found are scraped on"
        exporter = world.targets.state_metrics
        with pytest.raises(AssertionError, match=f"kube_pod_info; http://{exporter}/metrics is down: .*503"):
            world.prometheus.wait_for("kube_pod_info", seconds=0.5)
    finally:
        world.cluster.answers.clear()
    world.prometheus.wait_for("kube_pod_info")


def test_waiting_ends(world: World) -> None:
    world.prometheus.wait_for("count(up == 1) == 9")
    with pytest.raises(AssertionError, match=r"not within 0.2 s: nothing == 1; all targets are up; log: "):
        world.prometheus.wait_for("nothing == 1", seconds=0.2)
    with pytest.raises(SourceUnavailable, match="parse error"):
        world.prometheus.wait_for("nothing ==")


def test_a_wrong_token_is_told(world: World, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("wrong")
    targets = replace(world.targets, token_file=token, state_metrics=None)
    with Prometheus(tmp_path / "here", free_port(), targets, INTERVAL) as prometheus:
        prometheus.wait_for("count(up == 0) == 2")
        with pytest.raises(AssertionError, match="/metrics/cadvisor is down: server returned HTTP status 401"):
            prometheus.wait_for("up == 1", seconds=0)
        token.write_text(TOKEN)
        prometheus.wait_for("count(up == 1) == 2")


ALL = Targets(kubelet_url="https://127.0.0.1:10250", state_metrics="127.0.0.1:8080")


@pytest.mark.parametrize(
    ("targets", "jobs"),
    [
        pytest.param(ALL, ["kubelet", "cadvisor", "kube-state-metrics", "pods"], id="all"),
        pytest.param(replace(ALL, state_metrics=None), ["kubelet", "cadvisor"], id="no-exporter"),
        pytest.param(Targets(), [], id="nothing"),
    ],
)
@pytest.mark.parametrize("secret", [True, False], ids=["token-and-ca", "neither"])
def test_promtool_accepts_the_file(tmp_path: Path, targets: Targets, jobs: list[str], secret: bool) -> None:
    require_prometheus()
    if secret:
        (tmp_path / "token").write_text(TOKEN)
        targets = replace(targets, token_file=tmp_path / "token", ca_file=Authority(tmp_path / "pki").certificate)
    prometheus = Prometheus(tmp_path, 9090, targets, interval=1.5)
    prometheus.prepare()
    done = subprocess.run(
        ["promtool", "check", "config", str(prometheus.config)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = configuration(targets, 1.5)
    assert [job["job_name"] for job in told["scrape_configs"]] == jobs
    assert told["global"] == {"scrape_interval": "1500ms", "scrape_timeout": "1500ms"}
    assert TOKEN not in prometheus.config.read_text()


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    require_prometheus()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        prometheus = Prometheus(tmp_path, taken.getsockname()[1], Targets())
        with pytest.raises(RuntimeError, match=r"prometheus ended with 1: .*address already in use.* \(log: "):
            prometheus.start()
    prometheus.start()  # the folder of a start that failed is no hindrance
    assert prometheus.ready()
    prometheus.stop()
    assert not prometheus.ready()
    prometheus.stop()  # and once more does no harm


def test_the_role_covers_what_is_read() -> None:
    """Each list of the exporter, a kubelet's metrics, and nothing more."""
    allowed = {
        (group, resource, verb)
        for rule in CLUSTER_ROLE["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    groups = {kind: "" if path.startswith("/api/") else path.split("/")[2] for kind, path in LISTS.items()}
    wanted = {(group, kind, "list") for kind, group in groups.items()}
    assert allowed == wanted | {("", "nodes/metrics", "get")}
