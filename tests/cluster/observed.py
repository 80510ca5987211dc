"""Prometheus and the series of kube-state-metrics beside a running cluster, as two more of its components."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.cluster import control_plane as planes
from tests.cluster.cluster import Cluster
from tests.cluster.observability import CLUSTER_ROLE, Prometheus, Targets

CHECKOUT = Path(__file__).parents[2]
SECONDS = 30.0  # to be ready; seen: 1 s for the exporter, 0.3 s for Prometheus


def observe(cluster: Cluster, interval: float = 2.0) -> Prometheus:
    """Start both, scraping every ``interval`` seconds; they end with the cluster."""
    plane, processes = cluster.plane, cluster.plane.processes
    token = plane.service_account("kube-system", "prometheus", CLUSTER_ROLE["rules"])
    token_file = plane.folder / "prometheus.token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    address = f"127.0.0.1:{plane.place.port('state-metrics')}"
    targets = Targets(
        kubelet_url=f"https://127.0.0.1:{plane.place.port('kubelet')}",
        ca_file=plane.ca,
        token_file=token_file,
        state_metrics=address,
    )
    kubeconfig, port = plane.token_kubeconfig("prometheus", token), plane.place.port("state-metrics")
    exporter = ["-m", "tests.cluster.state_metrics", "--kubeconfig", kubeconfig, "--port", port]
    processes.start("state-metrics", [sys.executable, *exporter], env={"PYTHONPATH": str(CHECKOUT)})
    processes.wait("state-metrics", lambda: planes.connects(port), SECONDS)
    prometheus = Prometheus(plane.folder / "prometheus", plane.place.port("prometheus"), targets, interval)
    prometheus.log = processes.log("prometheus")
    processes.start("prometheus", prometheus.prepare())
    processes.wait("prometheus", prometheus.ready, SECONDS)
    return prometheus
