"""The program as it runs in a cluster: `vpa-inplace run` against a real API server, kubelet and Prometheus."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from tests.cluster.api import until
from tests.cluster.fixtures import container
from vpa_inplace.api.crd import manifests

CONFIG = {"prometheus": {"step": "15s"}, "defaults": {"updatePolicy": {"updateMode": "InPlace"}}}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def run(cluster, observability, namespace, tmp_path):
    """Starts the controller for this test's namespace; it must end by itself when asked to."""
    api = cluster.api()
    names = [yaml.safe_load(text)["metadata"]["name"] for text in manifests().values()]
    for text in manifests().values():
        api.create(CRDS, yaml.safe_load(text)).expect(200, 201, 409)
    until(lambda: api.get("/apis/autoscaling.vpa-inplace.io/v1alpha1/resizestates").code == 200, "our objects")
    config = tmp_path / "vpa-inplace.yaml"
    config.write_text(yaml.safe_dump(CONFIG))

    @contextmanager
    def running(*more):
        command = [Path(sys.executable).with_name("vpa-inplace"), "run", "--config", str(config), "--every", "2"]
        command += ["--kubeconfig", str(cluster.kubeconfig()), "--prometheus", observability.url, "--history", "1h"]
        command += [
            "--namespace",
            namespace.name,
            "--own-namespace",
            namespace.name,
            "--state",
            str(tmp_path / "state"),
        ]
        log = (tmp_path / "log").open("w+")
        with log, subprocess.Popen([*command, *more], stderr=log, stdout=log) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                began = time.monotonic()
                code = process.wait(30)
                took = time.monotonic() - began
                log.seek(0)
                words = log.read()
            assert code == 0, words
            assert took < 10, f"{took:.1f} s after SIGTERM: {words}"

    yield running
    for name in names:
        api.delete(f"{CRDS}/{name}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_a_pod_that_wants_more_than_it_asks_for_is_grown_in_place(run, namespace):
    """Asks for 100m and burns 300m: within a minute of usage it has at least that, and was never restarted."""
    namespace.run("burner", container("main", "-cpu", "0.3", requests={"cpu": "100m", "memory": "64Mi"}))
    port = free_port()
    with run("--listen", f"127.0.0.1:{port}"):

        def grown(pod):
            actual = pod["status"]["containerStatuses"][0].get("resources", {}).get("requests", {})
            return int(actual.get("cpu", "0m").removesuffix("m")) >= 300

        pod = namespace.until("burner", grown, "grown in place", 150)
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
        metrics = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        assert "vpa_inplace_leader 1.0" in metrics

        lease = namespace.path("coordination.k8s.io/v1/leases", "vpa-inplace")
        assert namespace.api.get(lease).expect()["spec"]["holderIdentity"]
    assert not namespace.api.get(lease).expect()["spec"].get("holderIdentity"), "given back at the end"
