"""The `kube_*` series that this project reads, from a real API server, served as kube-state-metrics would.

kube-state-metrics is not among the parts that the test cluster is built from. This stands in for it: names, labels, units
and zeros are those of kube-state-metrics 2 with the labels of all pods allowed (--metric-labels-allowlist=pods=[*]).

* kube_namespace_created
* kube_node_info, kube_node_spec_unschedulable, kube_node_status_allocatable
* kube_replicaset_owner, kube_job_owner, kube_replicationcontroller_owner
* kube_pod_info, kube_pod_owner, kube_pod_labels, kube_pod_created, kube_pod_deletion_timestamp, kube_pod_status_phase,
  kube_pod_status_qos_class
* kube_pod_container_info, kube_pod_container_resource_requests, kube_pod_container_resource_limits,
  kube_pod_container_status_restarts_total, kube_pod_container_status_last_terminated_reason,
  kube_pod_container_status_last_terminated_timestamp
* kube_pod_init_container_info, kube_pod_init_container_resource_requests, kube_pod_init_container_resource_limits,
  kube_pod_init_container_status_restarts_total

Each scrape lists the objects anew and is answered whole, or with 503: Prometheus then marks the target as down and its
series as stale, and nobody takes an old value for a new one. Beside /metrics there is /pods, a list of the ports of all
pods for Prometheus' discovery over HTTP: Debian's is built without the one for Kubernetes. By hand, from the root of the
checkout:

    python -m tests.cluster.state_metrics --kubeconfig FILE --port 8080
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from tests.cluster.state_series import FAMILIES, Object, plain, rows_of
from vpa_inplace.domain.errors import UsageError, VpaInplaceError
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings

LISTS = {
    "namespaces": "/api/v1/namespaces",
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "replicationcontrollers": "/api/v1/replicationcontrollers",
    "replicasets": "/apis/apps/v1/replicasets",
    "jobs": "/apis/batch/v1/jobs",
}
"""Where the objects are; the kubeconfig's user must be allowed to list each of them."""


class StateMetrics(Collector):
    """A collector for prometheus_client. Raises what the client raises, before it has given anything away."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    def collect(self) -> Iterator[Metric]:
        listed = {kind: _listed(self._client, kind) for kind in LISTS}
        for name, family in FAMILIES.items():
            metric = Metric(name.removesuffix("_total"), family.help, family.type)
            for item in listed[family.of]:
                for labels, value in rows_of(family, item):
                    metric.add_sample(name, labels, value)
            yield metric


def _listed(client: KubeClient, kind: str) -> Iterable[Object]:
    """By uid: a list whose page token expires gives some objects twice."""
    objects: Iterator[Object] = client.items(LISTS[kind], dict)
    return {item["metadata"]["uid"]: item for item in objects}.values()


def pod_targets(pods: Iterable[Object]) -> Iterator[dict[str, Any]]:
    """As Prometheus' own discovery finds them: a target for each port that a container declares, or for its address alone.

    Labels: those of https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod that we relabel by.
    """
    for pod in pods:
        metadata, address = pod["metadata"], pod["status"].get("podIP")
        if not address:
            continue  # not yet started
        about = {"namespace": metadata["namespace"], "pod_name": metadata["name"], "pod_ip": address}
        about["pod_phase"] = pod["status"].get("phase", "")
        for name, text in (metadata.get("annotations") or {}).items():
            about[f"pod_annotation_{plain(name)}"] = text
        for container in [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]:
            for port in container.get("ports") or [{}]:
                number = str(port.get("containerPort", ""))
                labels = about | {"pod_container_name": container["name"], "pod_container_port_number": number}
                meta = {f"__meta_kubernetes_{name}": text for name, text in labels.items()}
                yield {"targets": [f"{address}:{number}" if number else address], "labels": meta}


@contextmanager
def exporting(kubeconfig: Path, port: int = 0) -> Iterator[str]:
    """Serve from a thread of this process, on this port of the loopback or a free one; gives host:port."""
    with _server(kubeconfig, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a scrape that waits for a dead API server does not hold up the end

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a scraper that gave up is its own business
            super().handle_error(request, client_address)


def _server(kubeconfig: Path, port: int) -> _Server:
    client = KubeClient(KubeSettings(kubeconfig=kubeconfig))
    registry = CollectorRegistry()
    registry.register(StateMetrics(client))
    pages: dict[str, tuple[str, Callable[[], bytes]]] = {
        "/metrics": (CONTENT_TYPE_PLAIN_0_0_4, lambda: generate_latest(registry)),
        "/pods": ("application/json", lambda: json.dumps([*pod_targets(_listed(client, "pods"))]).encode()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path not in pages:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", f"there are {' and '.join(pages)}\n".encode())
                return
            kind, page = pages[self.path]
            try:
                body = page()
            except VpaInplaceError as error:
                print(error, file=sys.stderr, flush=True)
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", f"{error}\n".encode())
            else:
                self._send(HTTPStatus.OK, kind, body)

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A line a scrape would bury the errors."""

    return _Server(("127.0.0.1", port), Handler)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="state_metrics", description="Serve kube_* series of a cluster on loopback.")
    parser.add_argument(
        "--kubeconfig", type=Path, required=True, help="who may list pods, nodes, namespaces and owners"
    )
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _server(options.kubeconfig, options.port) as server:
            print(f"http://127.0.0.1:{server.server_port}/metrics", file=sys.stderr, flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        return 0
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"port {options.port} of 127.0.0.1 cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    raise AssertionError("the server ended by itself")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
