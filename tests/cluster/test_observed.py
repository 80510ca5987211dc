"""The whole way of a figure: a container burns CPU, cAdvisor counts it, Prometheus keeps it, our own source reads it."""

from __future__ import annotations

import pytest

from tests.cluster.fixtures import change, container

SERIES = '{namespace="%s",pod="burner",container="main"}'


@pytest.fixture
def burner(namespace, observability):
    """A container that wants half a core, may have a fifth, and shows its own metrics."""
    sizes = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "256Mi"}}
    port = [{"containerPort": 8080}]
    pod = {
        "metadata": {"name": "burner", "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [container("main", "-cpu", "0.5", "-memory", "48", ports=port, **sizes)],
        },
    }
    namespace.api.create(namespace.path("pods"), pod).expect()
    namespace.until("burner", lambda pod: pod["status"]["phase"] == "Running", "running")
    return SERIES % namespace.name


def test_usage_throttling_and_the_own_metrics_of_a_pod(observability, burner):
    """The limit holds: 0.2 of the 0.5 cores asked for, in nearly every period throttled."""
    (used,) = observability.wait_for(f"rate(container_cpu_usage_seconds_total{burner}[45s]) > 0.15", 90)
    assert used.value < 0.25
    periods = f"rate(container_cpu_cfs_throttled_periods_total{burner}[45s]) / rate(container_cpu_cfs_periods_total{burner}[45s])"
    assert observability.wait_for(periods)[0].value > 0.8
    (memory,) = observability.wait_for(f"container_memory_working_set_bytes{burner} / 2^20")
    assert 48 < memory.value < 96
    (wanted,) = observability.wait_for(f"burner_cpu_cores{burner}")
    assert wanted.value == 0.5


def test_a_resize_is_seen_in_both_kinds_of_series(observability, namespace, burner):
    namespace.resize("burner", change(requests={"cpu": "150m"}, limits={"cpu": "300m"})).expect()
    asked = f'kube_pod_container_resource_requests{burner[:-1]},resource="cpu"}} == 0.15'
    assert observability.wait_for(asked)
    assert observability.wait_for(f"container_spec_cpu_quota{burner} == 30000")
