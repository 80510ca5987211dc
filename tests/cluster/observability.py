"""A real Prometheus beside a cluster, set up as kube-prometheus does it: jobs, labels and what is dropped.

It scrapes a kubelet's own metrics and its cAdvisor's, kube_* series, and each pod that asks for it by annotations:

    prometheus.io/scrape: "true"
    prometheus.io/port: "8000"       # without it, every port that a container declares
    prometheus.io/path: /metrics     # the default

Their series get the labels namespace, pod and container. A port that several containers might mean has to be declared
by the one that serves it. Pods are found by the exporter of kube_* series (state_metrics.py).
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import yaml

from tests.cluster.toolchain import Missing
from tests.support import prometheus as server
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings
from vpa_inplace.observe.prometheus.client import Sample

POLL = 0.1  # seconds
LAST_WORDS = 4  # lines of the log worth repeating

CLUSTER_ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "prometheus"},
    "rules": [
        {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        {
            "apiGroups": [""],
            "resources": ["namespaces", "nodes", "pods", "replicationcontrollers"],
            "verbs": ["list"],
        },
        {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list"]},
    ],
}
"""What Prometheus and the exporter need: to read a kubelet's metrics, and to list pods and what they belong to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What is scraped. What is left out is not."""

    kubelet_url: str | None = None  # https://127.0.0.1:10250
    ca_file: Path | None = None  # of the kubelet's certificate
    token_file: Path | None = None  # for the kubelet; read again at each request, so that it may be renewed
    state_metrics: str | None = None  # host:port of the exporter; it knows the pods, too


class Prometheus:
    """A server on a port of the loopback; everything of it lies in one folder. Use it as a context, or start and stop it."""

    def __init__(self, folder: Path, port: int, targets: Targets, interval: float = 5.0) -> None:
        """``interval``: seconds between scrapes."""
        self.folder = folder.absolute()
        self.url = f"http://127.0.0.1:{port}"
        self.log = self.folder / "prometheus.log"
        self.config = self.folder / "prometheus.yml"
        self._port, self._targets, self._interval = port, targets, interval
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def prepare(self) -> list[str]:
        """Write the configuration; gives the command that starts the server."""
        if shutil.which("prometheus") is None:
            raise Missing("no prometheus on PATH: on Debian and Ubuntu, apt-get install prometheus")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(yaml.safe_dump(configuration(self._targets, self._interval), sort_keys=False))
        return server.command(self.config, self.folder / "data", self._port, "--log.level=warn")

    def ready(self) -> bool:
        return server.is_ready(self.url)

    def start(self) -> None:
        """Returns when it answers queries; RuntimeError with its last words when it does not."""
        command = self.prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            server.wait_until_ready(self.url, self._process)
        except BaseException as error:
            self.stop()
            if isinstance(error, RuntimeError):
                raise RuntimeError(f"{error}: {self.last_words()}") from None
            raise

    def stop(self) -> None:
        if self._process is not None:
            server.end(self._process)
            self._process = None

    def last_words(self) -> str:
        """The end of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f"{' | '.join(lines[-LAST_WORDS:]) or 'it said nothing'} (log: {self.log})"

    def query(self, expression: str) -> list[Sample]:
        """The value of each series now."""
        with PromClient(PrometheusSettings(url=self.url)) as client:
            return client.instant(expression)

    def wait_for(self, expression: str, seconds: float = 60.0) -> list[Sample]:
        """The first answer with any series; AssertionError names what is down when none comes."""
        deadline = time.monotonic() + seconds
        with PromClient(PrometheusSettings(url=self.url)) as client:
            while not (found := client.instant(expression)):
                if time.monotonic() > deadline:
                    down = "; ".join(self._down()) or "all targets are up"
                    raise AssertionError(f"not within {seconds:g} s: {expression}; {down}; log: {self.last_words()}")
                time.sleep(POLL)
        return found

    def _down(self) -> Iterator[str]:
        answer = requests.get(f"{self.url}/api/v1/targets", params={"state": "active"}, timeout=10)
        targets = answer.json()["data"]["activeTargets"]
        if not targets:
            yield "there are no targets"
        for target in targets:
            if target["health"] != "up":
                yield f"{target['scrapeUrl']} is {target['health']}: {target['lastError'] or 'not scraped yet'}"


def configuration(targets: Targets, interval: float = 5.0) -> dict[str, Any]:
    """prometheus.yml, with ``interval`` seconds between scrapes."""
    every = f"{round(interval * 1000)}ms"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every},
        "scrape_configs": [*_kubelet(targets), *_state_metrics(targets), *_pods(targets, every)],
    }


def _kubelet(targets: Targets) -> Iterator[dict[str, Any]]:
    if targets.kubelet_url is None:
        return
    parts = urlsplit(targets.kubelet_url)
    common: dict[str, Any] = {
        "scheme": parts.scheme,
        "honor_labels": True,
        "static_configs": [{"targets": [parts.netloc]}],
        "relabel_configs": [
            {"target_label": "job", "replacement": "kubelet"},
            {"source_labels": ["__metrics_path__"], "target_label": "metrics_path"},
        ],
    }
    if targets.ca_file is not None:
        common["tls_config"] = {"ca_file": str(targets.ca_file.absolute())}
    if targets.token_file is not None:
        common["authorization"] = {"credentials_file": str(targets.token_file.absolute())}
    yield {"job_name": "kubelet", "metrics_path": "/metrics"} | common
    yield {
        "job_name": "cadvisor",
        "metrics_path": "/metrics/cadvisor",
        # A sample is up to 18 s older than its scrape. With its own time, it would outlive its container by 5 minutes.
        "honor_timestamps": False,
        "metric_relabel_configs": [
            # pods as a whole, their sandboxes, and every other control group of the machine
            {"source_labels": ["__name__", "container"], "regex": "container_.+;(POD)?", "action": "drop"}
        ],
    } | common


def _state_metrics(targets: Targets) -> Iterator[dict[str, Any]]:
    """Namespace, pod and container are those that the series tell of, not the exporter's own."""
    if targets.state_metrics is not None:
        static = [{"targets": [targets.state_metrics]}]
        yield {"job_name": "kube-state-metrics", "honor_labels": True, "static_configs": static}


def _pods(targets: Targets, every: str) -> Iterator[dict[str, Any]]:
    """Discovery gives a target for each declared port of each container, and one for a container without any."""
    if targets.state_metrics is None:
        return
    container, port = "__meta_kubernetes_pod_container_name", "__meta_kubernetes_pod_container_port_number"
    asked, wanted = (
        "__meta_kubernetes_pod_annotation_prometheus_io_",
        "__meta_kubernetes_pod_annotation_prometheus_io_port",
    )
    yield {
        "job_name": "pods",
        "http_sd_configs": [{"url": f"http://{targets.state_metrics}/pods", "refresh_interval": every}],
        "relabel_configs": [
            {"source_labels": [f"{asked}scrape"], "regex": "true", "action": "keep"},
            {
                "source_labels": ["__meta_kubernetes_pod_phase"],
                "regex": "Succeeded|Failed",
                "action": "drop",
            },
            # where only one of the two is said, it is both
            {"source_labels": [wanted, port], "regex": ";(.+)", "target_label": wanted},
            {"source_labels": [port, wanted], "regex": ";(.+)", "target_label": port},
            {"source_labels": [wanted], "target_label": port, "action": "keepequal"},
            {"source_labels": [port], "regex": r"\d+", "action": "keep"},
            {
                "source_labels": ["__meta_kubernetes_pod_ip", port],
                "separator": ":",
                "target_label": "__address__",
            },
            {"source_labels": [f"{asked}path"], "regex": "(.+)", "target_label": "__metrics_path__"},
            {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
            {"source_labels": [container], "target_label": "container"},
        ],
    }
