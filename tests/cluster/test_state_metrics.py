"""The exporter of kube_* series, against lists shaped as a real API server gives them."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

import vpa_inplace
from tests.cluster import state_metrics
from tests.cluster.recorded import a_cluster, a_container, a_status, an_object
from tests.cluster.state_metrics import LISTS, exporting
from tests.cluster.state_series import FAMILIES, NEVER, rows_of
from tests.observe.kubernetes.test_discover import reaching
from tests.support.prometheus import free_port
from tests.support.servers import Answer, as_json
from vpa_inplace.observe.kubernetes import KubeSettings

ROOT = Path(vpa_inplace.__file__).parent
NOON = 1_772_452_800.0  # 2026-03-02T12:00:00Z, when all of them were born
Samples = list[tuple[str, dict[str, str], float]]


def scraped(address: str) -> Samples:
    answer = requests.get(f"http://{address}/metrics", timeout=10)
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    with reaching(a_cluster(), tmp_path_factory.mktemp("kube")) as (settings, _), export(settings) as address:
        yield scraped(address)


def export(settings: KubeSettings) -> AbstractContextManager[str]:
    assert settings.kubeconfig is not None
    return exporting(settings.kubeconfig)


def who(pod: str, namespace: str = "shop") -> dict[str, str]:
    return {"namespace": namespace, "pod": pod, "uid": f"uid-{pod}"}


WEB, MOVED, WAITS, DB = who("web-5d9-abc"), who("moved"), who("waits"), who("db-0", "data")
APP = WEB | {"container": "app"}
ON_NODE = {"node": "node-1"}
CPU, MEMORY = {"resource": "cpu", "unit": "core"}, {"resource": "memory", "unit": "byte"}
GPU = {"resource": "nvidia_com_gpu", "unit": "integer"}
DISK = {"resource": "ephemeral_storage", "unit": "byte"}


def images(name: str) -> dict[str, str]:
    status = a_status(name)
    images = {"image": status["image"], "image_id": status["imageID"], "container_id": status["containerID"]}
    return {"container": name, "image_spec": f"{name}:1"} | images


def owner(kind: str, name: str, controls: str) -> dict[str, str]:
    return {"owner_kind": kind, "owner_name": name, "owner_is_controller": controls}


# Names, labels, units: docs/metrics and the tests of internal/store in kube-state-metrics. Amounts: 256Mi = 2**28.
TABLE = [
    pytest.param(
        "kube_pod_info",
        WEB,
        [
            (
                ON_NODE
                | {"host_ip": "10.0.0.9", "pod_ip": "10.0.1.7", "priority_class": "high", "host_network": "false"}
                | {"created_by_kind": "ReplicaSet", "created_by_name": "web-5d9"},
                1,
            )
        ],
        id="info",
    ),
    pytest.param("kube_pod_owner", WEB, [(owner("ReplicaSet", "web-5d9", "true"), 1)], id="owner"),
    pytest.param(
        "kube_pod_owner",
        MOVED,
        [(owner("ConfigMap", "aside", "false"), 1), (owner("Widget", "above", "true"), 1)],
        id="owner-that-does-not-control",
    ),
    pytest.param("kube_pod_owner", WAITS, [(owner("", "", ""), 1)], id="no-owner"),
    pytest.param(
        "kube_replicaset_owner",
        {"namespace": "shop", "replicaset": "web-5d9"},
        [(owner("Deployment", "web", "true"), 1)],
        id="owner-of-a-replicaset",
    ),
    pytest.param(
        "kube_replicaset_owner",
        {"namespace": "shop", "replicaset": "alone"},
        [(owner("", "", ""), 1)],
        id="replicaset-alone",
    ),
    pytest.param(
        "kube_job_owner",
        {"namespace": "shop", "job_name": "etl-1"},
        [(owner("CronJob", "etl", "true"), 1)],
        id="owner-of-a-job",
    ),
    pytest.param(
        "kube_replicationcontroller_owner",
        {"namespace": "shop", "replicationcontroller": "old"},
        [(owner("DeploymentConfig", "old", "true"), 1)],
        id="owner-of-a-replicationcontroller",
    ),
    pytest.param(
        "kube_pod_labels",
        WEB,
        [({"label_app_kubernetes_io_part_of": "shop", "label_a_b_conflict1": "2", "label_a_b_conflict2": "1"}, 1)],
        id="labels-in-order-of-their-names",  # a-b comes before a.b
    ),
    pytest.param("kube_pod_labels", MOVED, [({}, 1)], id="no-labels"),
    pytest.param("kube_pod_created", WEB, [({}, NOON)], id="created"),
    pytest.param("kube_pod_deletion_timestamp", WEB, [], id="not-on-its-way-out"),
    pytest.param("kube_pod_deletion_timestamp", who("going"), [({}, NOON + 3600)], id="on-its-way-out"),
    pytest.param(
        "kube_pod_status_phase",
        who("etl-1-x"),
        [
            ({"phase": "Failed"}, 0),
            ({"phase": "Pending"}, 0),
            ({"phase": "Running"}, 0),
            ({"phase": "Succeeded"}, 1),
            ({"phase": "Unknown"}, 0),
        ],
        id="every-phase-has-a-series",
    ),
    pytest.param(
        "kube_pod_status_qos_class",
        DB,
        [({"qos_class": "BestEffort"}, 0), ({"qos_class": "Burstable"}, 0), ({"qos_class": "Guaranteed"}, 1)],
        id="every-class-has-a-series",
    ),
    pytest.param("kube_pod_container_info", WEB, [(images("app"), 1)], id="containers"),
    pytest.param("kube_pod_container_info", WAITS, [], id="no-container-before-there-is-a-status"),
    pytest.param(
        "kube_pod_init_container_info",
        WEB,
        [(images("migrate") | {"restart_policy": ""}, 1), (images("proxy") | {"restart_policy": "Always"}, 1)],
        id="init-containers-and-sidecars",
    ),
    pytest.param(
        "kube_pod_container_resource_requests",
        APP | ON_NODE,
        [(CPU, 0.25), (DISK, 2**30), (MEMORY, 2**28)],
        id="requests",
    ),
    pytest.param(
        "kube_pod_container_resource_requests",
        WAITS | CPU,
        [({"container": "main", "node": ""}, 1)],
        id="before-its-start",
    ),
    pytest.param("kube_pod_container_resource_limits", APP | ON_NODE, [(MEMORY, 2**29), (GPU, 1)], id="limits"),
    pytest.param(
        "kube_pod_init_container_resource_requests",
        WEB | ON_NODE | CPU,
        [({"container": "migrate"}, 1), ({"container": "proxy"}, 0.1)],
        id="requests-of-init-containers",
    ),
    pytest.param(
        "kube_pod_init_container_resource_limits",
        WEB | ON_NODE | CPU,
        [({"container": "migrate"}, 1)],
        id="limits-of-init-containers",
    ),
    pytest.param("kube_pod_container_status_restarts_total", WEB, [({"container": "app"}, 2)], id="restarts"),
    pytest.param(
        "kube_pod_init_container_status_restarts_total",
        WEB,
        [({"container": "migrate"}, 0), ({"container": "proxy"}, 4)],
        id="restarts-of-init-containers",
    ),
    pytest.param(
        "kube_pod_container_status_last_terminated_reason",
        WEB,
        [({"container": "app", "reason": "OOMKilled"}, 1)],
        id="why-it-ended",
    ),
    pytest.param("kube_pod_container_status_last_terminated_timestamp", APP, [({}, NOON + 1800)], id="when-it-ended"),
    pytest.param(
        "kube_pod_container_status_last_terminated_timestamp",
        MOVED,
        [({"container": "main"}, NEVER)],
        id="nobody-knows",
    ),
    pytest.param("kube_pod_container_status_last_terminated_reason", DB, [], id="it-never-ended"),
    pytest.param(
        "kube_node_status_allocatable",
        {"node": "node-1"},
        [
            (CPU, 1.5),
            (DISK, 94774132 * 1024),
            ({"resource": "hugepages_2Mi", "unit": "byte"}, 0),
            (MEMORY, 3600 * 2**20),
            ({"resource": "pods", "unit": "integer"}, 60),
        ],
        id="allocatable",
    ),
    pytest.param("kube_node_spec_unschedulable", {}, [({"node": "node-1"}, 0), ({"node": "node-2"}, 1)], id="cordoned"),
    pytest.param(
        "kube_node_info",
        {"os_image": "Windows Server 2022 Datacenter"},
        [
            (
                {"node": "node-2", "internal_ip": "10.0.0.9", "pod_cidr": "10.0.1.0/24", "provider_id": ""}
                | dict.fromkeys(("kernel_version", "container_runtime_version", "kubelet_version"), "v")
                | dict.fromkeys(("kubeproxy_version", "system_uuid"), "v"),
                1,
            )
        ],
        id="node",
    ),
    pytest.param(
        "kube_namespace_created",
        {},
        [({"namespace": "data"}, NOON), ({"namespace": "empty"}, NOON), ({"namespace": "shop"}, NOON)],
        id="namespaces",
    ),
]


@pytest.mark.parametrize(("name", "where", "rows"), TABLE)
def test_what_is_shown(
    samples: Samples, name: str, where: dict[str, str], rows: list[tuple[dict[str, str], float]]
) -> None:
    """Of the series with the labels of ``where``: all their other labels."""
    found = [
        ({label: text for label, text in labels.items() if label not in where}, value)
        for named, labels, value in samples
        if named == name and where.items() <= labels.items()
    ]
    assert sorted(found, key=str) == sorted(rows, key=str)


def test_each_family_is_in_the_table() -> None:
    assert {case.values[0] for case in TABLE} == set(FAMILIES)


def test_a_series_is_shown_once(samples: Samples) -> None:
    keys = [(name, *sorted(labels.items())) for name, labels, _ in samples]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("cpu", "0.1234567", 0.124, id="part-of-a-millicore"),
        pytest.param("cpu", "2", 2, id="cores"),
        pytest.param("cpu", "1500m", 1.5, id="millicores"),
        pytest.param("memory", "100000000500m", 100_000_001, id="part-of-a-byte"),
        pytest.param("memory", "1e3", 1000, id="exponent"),
        pytest.param("memory", "1E", 10**18, id="exa"),
        pytest.param("hugepages-1Gi", "2Gi", 2**31, id="huge-pages"),
        pytest.param("attachable-volumes-aws-ebs", "25", 25, id="volumes"),
        pytest.param("requests.nvidia.com/gpu", "1", None, id="a-quota-is-no-resource"),
        pytest.param("node.kubernetes.io/thing", "1", None, id="a-resource-of-kubernetes-itself"),
    ],
)
def test_amounts(name: str, text: str, expected: float | None) -> None:
    item = an_object("p") | {"spec": {"containers": [a_container("c", resources={"requests": {name: text}})]}}
    found = [value for _, value in rows_of(FAMILIES["kube_pod_container_resource_requests"], item)]
    assert found == ([] if expected is None else [expected])


def names_in_the_source() -> set[str]:
    """Every kube_* name in a text of the package that asks a Prometheus for it."""
    found: set[str] = set()
    for folder in ("observe", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.update(re.findall(r"\bkube_[a-z_]+\b", node.value))
    # beginnings of names, the rest of which is added when they are used
    return found - {"kube_pod_container", "kube_pod_init_container"}


def test_what_the_package_reads_is_what_is_exported() -> None:
    """No less, or tests on a real cluster are blind to it; no more, or nobody knows why it is there."""
    assert names_in_the_source() == set(FAMILIES)


def test_the_docstring_lists_what_is_exported() -> None:
    assert set(re.findall(r"\bkube_[a-z_]+\b", state_metrics.__doc__ or "")) == set(FAMILIES)


def test_it_is_written_as_text_with_types(tmp_path: Path) -> None:
    with reaching(a_cluster(), tmp_path) as (settings, _), export(settings) as address:
        answer = requests.get(f"http://{address}/metrics", timeout=10)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answer.text, re.MULTILINE))
    counters = {name for name, kind in types.items() if kind == "counter"}
    assert counters == {
        "kube_pod_container_status_restarts_total",
        "kube_pod_init_container_status_restarts_total",
    }
    assert types.keys() == FAMILIES.keys()


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        pytest.param(LISTS["pods"], as_json({"message": "etcd is down"}, 500), "500 etcd is down", id="failing"),
        pytest.param(LISTS["jobs"], as_json({"message": "no"}, 403), "may not list jobs", id="one-list-is-forbidden"),
        pytest.param(LISTS["nodes"], Answer(body=b"<html>"), "no Kubernetes API", id="something-else-answers"),
    ],
)
def test_a_scrape_is_whole_or_503(tmp_path: Path, path: str, answer: Answer, said: str) -> None:
    """And the next one is as good as what the API server says then: nothing is kept."""
    cluster = a_cluster()
    with reaching(cluster, tmp_path) as (settings, _), export(settings) as address:
        before = scraped(address)
        cluster.answers[path] = answer
        refused = requests.get(f"http://{address}/metrics", timeout=10)
        assert (refused.status_code, said in refused.text, "kube_" in refused.text) == (503, True, False)
        cluster.answers.clear()
        assert scraped(address) == before
        cluster.objects[LISTS["pods"]].clear()
        assert not [name for name, _, _ in scraped(address) if name.startswith("kube_pod_")]


def test_no_api_server(tmp_path: Path) -> None:
    with reaching(a_cluster(), tmp_path) as (settings, _):
        pass  # it has ended
    with export(settings) as address:
        answer = requests.get(f"http://{address}/metrics", timeout=10)
    assert (answer.status_code, "cannot be reached" in answer.text) == (503, True)


def test_a_page_token_that_expires_gives_nothing_twice(tmp_path: Path, samples: Samples) -> None:
    cluster = a_cluster()
    cluster.expire_tokens = 1
    with reaching(cluster, tmp_path) as (settings, _), export(settings) as address:
        assert scraped(address) == samples
    assert cluster.expire_tokens == 0


def test_only_metrics_are_served(tmp_path: Path) -> None:
    with reaching(a_cluster(), tmp_path) as (settings, _), export(settings) as address:
        assert requests.get(f"http://{address}/", timeout=10).status_code == 404


def started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.cluster.state_metrics", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT.parent)


def test_by_hand(tmp_path: Path) -> None:
    with reaching(a_cluster(), tmp_path) as (settings, _):
        process = started("--kubeconfig", str(settings.kubeconfig), "--port", str(free_port()))
        assert process.stderr is not None
        url = process.stderr.readline().strip()
        families = {family.name for family in text_string_to_metric_families(requests.get(url, timeout=10).text)}
        process.send_signal(signal.SIGTERM)
        assert (process.wait(10), process.stderr.read()) == (0, "")
        process.stderr.close()
    assert "kube_pod_info" in families


def test_bad_input_by_hand(tmp_path: Path) -> None:
    nowhere = started("--kubeconfig", str(tmp_path / "none"), "--port", "0").communicate(timeout=60)[1]
    assert nowhere == f"kubeconfig {tmp_path / 'none'} does not exist\n"
    with reaching(a_cluster(), tmp_path) as (settings, _), export(settings) as address:
        port = address.rpartition(":")[2]
        process = started("--kubeconfig", str(settings.kubeconfig), "--port", port)
        said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (1, f"port {port} of 127.0.0.1 cannot be used: Address already in use\n")
