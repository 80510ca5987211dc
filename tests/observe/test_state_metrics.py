"""Pods from kube-state-metrics alone: two replicas of it, relabelled namespaces, selectors, pods that are over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.builders import MIB
from tests.support.prometheus import Running, prometheus_with
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.pods import ContainerKind, QosClass
from vpa_inplace.observe.discovery import Discovered
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings, owners_over_window
from vpa_inplace.observe.source import Scope
from vpa_inplace.observe.state_metrics import discover, parse_selector

NOW = 1_772_000_400
KILLED = NOW - 1800


def series() -> Iterator[str]:
    """Samples of the last ten minutes."""
    web, old = 'namespace="shop",pod="web-1"', 'namespace="shop",pod="old-1"'
    moved = 'namespace="monitoring",exported_namespace="data",pod="ksm-0",exported_pod="db-0"'
    families = {
        "kube_pod_info": [f'{web},uid="u1",node="n1"', f'{moved},uid="u2",node="n1",created_by_kind="Node"'],
        "kube_pod_owner": [
            f'{web},owner_kind="ReplicaSet",owner_name="web-abc",owner_is_controller="true"',
            f'{moved},owner_kind="StatefulSet",owner_name="db",owner_is_controller="true"',
            f'{old},owner_kind="<none>",owner_name="<none>",owner_is_controller="false"',
        ],
        "kube_replicaset_owner": ['namespace="shop",replicaset="web-abc",owner_kind="Deployment",owner_name="web"'],
        "kube_pod_container_info": [
            f'{web},container="app"',
            f'{moved},exported_container="db",container="ksm"',
            f'{old},container="app"',
        ],
        "kube_pod_init_container_info": [
            f'{web},container="proxy",restart_policy="Always"',
            f'{web},container="migrate"',
        ],
        "kube_pod_status_qos_class": [f'{web},qos_class="Burstable"'],
        "kube_pod_labels": [f'{web},label_app="web",label_app_kubernetes_io_part_of="shop"', f'{moved},label_app="db"'],
    }
    valued = {
        "kube_pod_status_phase": [
            (f'{web},phase="Running"', 1),
            (f'{web},phase="Failed"', 0),
            (f'{old},phase="Succeeded"', 1),
        ],
        "kube_pod_container_resource_requests": [
            (f'{web},container="app",resource="cpu",unit="core"', 0.25),
            (f'{web},container="app",resource="memory",unit="byte"', 256 * MIB),
            (f'{web},container="app",resource="nvidia_com_gpu",unit="integer"', 1),
            (f'{moved},exported_container="db",container="ksm",resource="cpu",unit="core"', 2),
        ],
        "kube_pod_container_resource_limits": [(f'{web},container="app",resource="memory",unit="byte"', 512 * MIB)],
        "kube_pod_init_container_resource_requests": [(f'{web},container="proxy",resource="cpu",unit="core"', 0.1)],
        "kube_pod_created": [(web, NOW - 86400)],
        "kube_pod_container_status_restarts_total": [(f'{web},container="app"', 3)],
        "kube_pod_container_status_last_terminated_reason": [(f'{web},container="app",reason="OOMKilled"', 1)],
        "kube_pod_container_status_last_terminated_timestamp": [(f'{web},container="app"', KILLED)],
        "kube_node_status_allocatable": [('node="n1",resource="cpu"', 3.92), ('node="n1",resource="memory"', 2**34)],
    }
    all_families = {name: [(labels, 1) for labels in rows] for name, rows in families.items()} | valued
    for name, rows in sorted(all_families.items()):
        for labels, value in rows:
            for replica in ("ksm-a", "ksm-b"):
                for ts in range(NOW - 600, NOW + 1, 60):
                    yield f'{name}{{{labels},instance="{replica}"}} {value} {ts}\n'
    yield "# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with prometheus_with(series(), tmp_path_factory.mktemp("prometheus")) as running:
        yield running


def found(prometheus: Running, scope: Scope | None = None) -> Discovered:
    with PromClient(PrometheusSettings(url=prometheus.url)) as client:
        return discover(client, scope or Scope(cluster="c"), owners_over_window(client, NOW, 600), NOW)


def test_pods_and_their_fields(prometheus: Running) -> None:
    db, web = found(prometheus).pods
    assert (str(web.workload), str(db.workload)) == ("c/shop/Deployment/web", "c/data/StatefulSet/db")
    assert (web.qos, web.phase, web.node, web.uid, web.static) == (QosClass.BURSTABLE, "Running", "n1", "u1", False)
    assert db.static
    assert web.created == datetime.fromtimestamp(NOW - 86400, UTC)
    app, migrate, proxy = web.containers
    assert (app.requests, app.limits) == (Amounts(250, 256 * MIB), Amounts(None, 512 * MIB))
    assert (app.restarts, app.last_oom) == (3, datetime.fromtimestamp(KILLED, UTC))
    assert (migrate.kind, proxy.kind) == (ContainerKind.INIT, ContainerKind.SIDECAR)
    assert proxy.requests == Amounts(100, None)
    assert db.containers[0].requests == Amounts(2000, None)


def test_a_pod_without_a_class_gets_the_one_kubernetes_would_give(prometheus: Running) -> None:
    assert found(prometheus).pods[0].qos is QosClass.BURSTABLE


def test_what_is_over_and_what_runs_once_is_not_sized(prometheus: Running) -> None:
    seen = found(prometheus)
    assert "old-1" not in {pod.name for pod in seen.pods}
    assert [skip.what for skip in seen.skips] == ["c/shop/Deployment/web/migrate"]


def test_nodes(prometheus: Running) -> None:
    assert found(prometheus).nodes["n1"].allocatable == Amounts(3920, 2**34)


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("app=web", ["web-1"], id="equal"),
        pytest.param("app==web", ["web-1"], id="double-equal"),
        pytest.param("app!=web", ["db-0"], id="not-equal"),
        pytest.param("app.kubernetes.io/part-of=shop", ["web-1"], id="signs-become-underscores"),
        pytest.param("app", ["db-0", "web-1"], id="has"),
        pytest.param("!app.kubernetes.io/part-of", ["db-0"], id="has-not"),
        pytest.param("app=web, app!=db", ["web-1"], id="both"),
        pytest.param("app=nobody", [], id="nobody"),
    ],
)
def test_selectors(prometheus: Running, selector: str, names: list[str]) -> None:
    assert [pod.name for pod in found(prometheus, Scope(cluster="c", selector=selector)).pods] == names


@pytest.mark.parametrize("selector", ["app in (web, db)", "app notin (web)", "a b"])
def test_selectors_that_series_cannot_answer(selector: str) -> None:
    with pytest.raises(UsageError, match="only a=b, a!=b, a and !a"):
        parse_selector(selector)


def test_excluded_namespaces_are_named(prometheus: Running) -> None:
    seen = found(prometheus, Scope(cluster="c", excluded_namespaces=("data",)))
    assert [pod.name for pod in seen.pods] == ["web-1"]
    assert seen.skips[0].what == "data"


def test_namespaces_are_the_pods_own(prometheus: Running) -> None:
    assert [pod.name for pod in found(prometheus, Scope(cluster="c", namespaces=("data",))).pods] == ["db-0"]
    assert found(prometheus, Scope(cluster="c", namespaces=("monitoring",))).pods == ()
