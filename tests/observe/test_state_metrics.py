"""Pods from kube-state-metrics alone: two replicas of it, relabelled namespaces, selectors, pods that are over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.builders import MIB
from tests.support.prometheus import Running, prometheus_with
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.pods import ContainerKind, QosClass
from vpa_inplace.observe.discovery import Discovered, empty_namespaces
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings, owners_over_window
from vpa_inplace.observe.source import Scope
from vpa_inplace.observe.state_metrics import discover

NOW = 1_772_000_400
KILLED = NOW - 1800


def series() -> Iterator[str]:
    """Samples of the last ten minutes."""
    web, old = 'namespace="shop",pod="web-1"', 'namespace="shop",pod="old-1"'
    going, job = 'namespace="shop",pod="going-1"', 'namespace="shop",pod="etl-1-x"'
    was, now_is = 'namespace="data",pod="kv-0",uid="was"', 'namespace="data",pod="kv-0",uid="is"'
    moved = 'namespace="monitoring",exported_namespace="data",pod="ksm-0",exported_pod="db-0"'
    families = {
        "kube_pod_info": [
            f'{web},uid="u1",node="n1"',
            f'{now_is},node="n1"',
            f'{was},node="n2"',
            f'{job},node="n2"',
            f'{moved},uid="u2",node="n1",created_by_kind="Node"',
        ],
        "kube_pod_owner": [
            f'{web},owner_kind="ReplicaSet",owner_name="web-abc",owner_is_controller="true"',
            f'{moved},owner_kind="StatefulSet",owner_name="db",owner_is_controller="true"',
            f'{job},owner_kind="Job",owner_name="etl-1",owner_is_controller="true"',
            f'{now_is},owner_kind="StatefulSet",owner_name="kv",owner_is_controller="true"',
            f'{was},owner_kind="StatefulSet",owner_name="kv",owner_is_controller="true"',
            f'{old},owner_kind="<none>",owner_name="<none>",owner_is_controller="false"',
        ],
        "kube_job_owner": ['namespace="shop",job_name="etl-1",owner_kind="CronJob",owner_name="etl"'],
        "kube_replicaset_owner": ['namespace="shop",replicaset="web-abc",owner_kind="Deployment",owner_name="web"'],
        "kube_pod_container_info": [
            f'{web},container="app"',
            f'{moved},exported_container="db",container="ksm"',
            f'{old},container="app"',
            f'{going},container="app"',
            f'{job},container="etl"',
            f'{was},container="kv"',
            f'{now_is},container="kv"',
        ],
        "kube_node_info": [
            'node="n1",os_image="Debian GNU/Linux 13 (trixie)"',
            'node="n2",os_image="Windows Server 2022 Datacenter"',
        ],
        "kube_namespace_created": ['namespace="shop"', 'namespace="data"', 'namespace="empty"'],
        "kube_pod_deletion_timestamp": [going],
        "kube_pod_init_container_info": [
            f'{web},container="proxy",restart_policy="Always"',
            f'{web},container="migrate"',
        ],
        "kube_pod_status_qos_class": [f'{web},qos_class="Burstable"'],
        "kube_pod_labels": [
            f'{web},label_app="web",label_app_kubernetes_io_part_of="shop",label_my_team="a"',
            f'{moved},label_app="db"',
        ],
    }
    valued = {
        "kube_pod_status_phase": [
            (f'{web},phase="Running"', 1),
            (f'{web},phase="Failed"', 0),
            (f'{old},phase="Succeeded"', 1),
            (f'{going},phase="Running"', 1),
            (f'{was},phase="Failed"', 1),
            (f'{now_is},phase="Running"', 1),
        ],
        "kube_pod_container_resource_requests": [
            (f'{web},container="app",resource="cpu",unit="core"', 0.25),
            (f'{web},container="app",resource="memory",unit="byte"', 256 * MIB),
            (f'{web},container="app",resource="nvidia_com_gpu",unit="integer"', 1),
            (f'{moved},exported_container="db",container="ksm",resource="cpu",unit="core"', 2),
            (f'{now_is},container="kv",resource="cpu",unit="core"', 0.5),
            (f'{was},container="kv",resource="cpu",unit="core"', 3),
        ],
        "kube_pod_container_resource_limits": [(f'{web},container="app",resource="memory",unit="byte"', 512 * MIB)],
        "kube_pod_init_container_resource_requests": [(f'{web},container="proxy",resource="cpu",unit="core"', 0.1)],
        "kube_pod_created": [(web, NOW - 86400), (now_is, NOW - 3600), (was, NOW - 7200)],
        "kube_pod_init_container_status_restarts_total": [(f'{web},container="proxy"', 4)],
        "kube_node_spec_unschedulable": [('node="n1"', 1), ('node="n2"', 0)],
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
    pods = {pod.name: pod for pod in found(prometheus).pods}
    db, web = pods["db-0"], pods["web-1"]
    assert (str(web.workload), str(db.workload)) == ("c/shop/Deployment/web", "c/data/StatefulSet/db")
    assert (web.qos, web.phase, web.node, web.uid, web.static) == (QosClass.BURSTABLE, "Running", "n1", "u1", False)
    assert db.static
    assert web.created == datetime.fromtimestamp(NOW - 86400, UTC)
    app, migrate, proxy = web.containers
    assert (app.requests, app.limits) == (Amounts(250, 256 * MIB), Amounts(None, 512 * MIB))
    assert (app.restarts, app.last_oom) == (3, datetime.fromtimestamp(KILLED, UTC))
    assert (migrate.kind, proxy.kind) == (ContainerKind.INIT, ContainerKind.SIDECAR)
    assert (proxy.requests, proxy.restarts) == (Amounts(100, None), 4)
    assert db.containers[0].requests == Amounts(2000, None)


def test_a_pod_without_a_class_gets_the_one_kubernetes_would_give(prometheus: Running) -> None:
    classes = {pod.name: pod.qos for pod in found(prometheus).pods}
    assert (classes["db-0"], classes["etl-1-x"]) == (QosClass.BURSTABLE, QosClass.BEST_EFFORT)


def test_what_is_over_and_what_runs_once_is_not_sized(prometheus: Running) -> None:
    seen = found(prometheus)
    assert [pod.name for pod in seen.pods] == ["db-0", "kv-0", "etl-1-x", "web-1"]
    assert [skip.what for skip in seen.skips] == ["c/shop/Deployment/web/migrate"]


def test_a_job_of_a_cronjob_on_a_windows_node(prometheus: Running) -> None:
    (etl,) = (pod for pod in found(prometheus).pods if pod.name == "etl-1-x")
    assert (str(etl.workload), etl.os) == ("c/shop/CronJob/etl", "windows")


def test_a_name_that_was_used_again_is_the_new_pod(prometheus: Running) -> None:
    """For some minutes Prometheus shows both: the pod that was, and the one that took its name."""
    (kv,) = (pod for pod in found(prometheus).pods if pod.name == "kv-0")
    assert (kv.uid, kv.node, kv.phase, kv.containers[0].requests.cpu) == ("is", "n1", "Running", 500)
    assert kv.created == datetime.fromtimestamp(NOW - 3600, UTC)


def test_nodes(prometheus: Running) -> None:
    node = found(prometheus).nodes["n1"]
    assert (node.allocatable, node.unschedulable) == (Amounts(3920, 2**34), True)


def test_series_that_are_missing_are_named(tmp_path: Path) -> None:
    """No phase, no owner: we go on and say what that costs."""
    kept = ("kube_pod_container_info", "kube_pod_info")
    with prometheus_with([*(s for s in series() if s.startswith(kept)), "# EOF\n"], tmp_path) as running:
        warnings = found(running).warnings
    assert [w.partition(":")[0].rpartition(" ")[2] for w in warnings] == [
        "kube_pod_container_resource_requests",
        "kube_pod_owner",
        "kube_pod_status_phase",
        "kube_pod_created",
    ]
    assert "pods that are over count as live" in warnings[2]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("app=web", ["web-1"], id="equal"),
        pytest.param("app==web", ["web-1"], id="double-equal"),
        pytest.param("app!=web", ["db-0"], id="not-equal"),
        pytest.param("app.kubernetes.io/part-of=shop", ["web-1"], id="signs-become-underscores"),
        pytest.param("myTeam=a", ["web-1"], id="camel-case-becomes-snake-case"),
        pytest.param("app", ["db-0", "web-1"], id="has"),
        pytest.param("!app.kubernetes.io/part-of", ["db-0"], id="has-not"),
        pytest.param("app=web, app!=db", ["web-1"], id="both"),
        pytest.param("app=nobody", [], id="nobody"),
    ],
)
def test_selectors(prometheus: Running, selector: str, names: list[str]) -> None:
    assert [pod.name for pod in found(prometheus, Scope(cluster="c", selector=selector)).pods] == names


@pytest.mark.parametrize("selector", ["tier=x", "tier!=x", "tier", "!tier", "app=web,tier!=x"])
def test_a_label_that_is_not_exported_chooses_nothing_in_silence(prometheus: Running, selector: str) -> None:
    with pytest.raises(UsageError, match="no pod has the label 'tier' in kube_pod_labels"):
        found(prometheus, Scope(cluster="c", selector=selector))


def test_excluded_namespaces_are_named(prometheus: Running) -> None:
    seen = found(prometheus, Scope(cluster="c", excluded_namespaces=("data",)))
    assert {pod.namespace for pod in seen.pods} == {"shop"}
    assert [skip.what for skip in seen.skips if skip.reason == "NamespaceExcluded"] == ["data"]


def test_namespaces_are_the_pods_own(prometheus: Running) -> None:
    """Not that of the kube-state-metrics that tells of them."""
    assert {pod.name for pod in found(prometheus, Scope(cluster="c", namespaces=("data",))).pods} == {"db-0", "kv-0"}
    with pytest.raises(UsageError, match="namespace 'monitoring' is not known to kube-state-metrics"):
        found(prometheus, Scope(cluster="c", namespaces=("monitoring",)))


def test_one_misspelt_namespace_among_others_is_an_error(prometheus: Running) -> None:
    with pytest.raises(UsageError, match="'dta' is not known to kube-state-metrics; did you mean 'data'"):
        found(prometheus, Scope(cluster="c", namespaces=("shop", "dta")))


def test_a_namespace_that_is_empty_is_no_mistake(prometheus: Running) -> None:
    scope = Scope(cluster="c", namespaces=("shop", "empty"))
    seen = found(prometheus, scope)
    assert {pod.namespace for pod in seen.pods} == {"shop"}
    assert list(empty_namespaces(seen.pods, scope)) == ["namespace 'empty' has no live pods"]
