"""The harness itself: what a cluster gives, and that nothing of it is left however it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests
from kubernetes import client, config

from tests.cluster import cgroups, cluster, machine, processes, runs
from tests.cluster.api import Api, until
from tests.cluster.fixtures import VERSION, change, container, or_skip

KILLED = """
import sys, time
from tests.cluster.cluster import cluster
from tests.cluster.api import Api
from tests.cluster.fixtures import VERSION
with cluster(VERSION) as one:
    body = {"metadata": {"name": "pod"}, "spec": {"containers": [
        {"name": "main", "image": "vpa-inplace.local/apps:1", "args": ["burner"]}]}}
    one.api().create("/api/v1/namespaces/default/pods", body).expect()
    pod = "/api/v1/namespaces/default/pods/pod"
    while one.api().get(pod).body["status"]["phase"] != "Running":
        time.sleep(0.05)
    print(one.place.number, flush=True)
    time.sleep(600)
"""


def test_a_pod_runs_is_reached_and_is_resized(cluster, namespace):
    """The whole chain once: admission, scheduler, kubelet, containerd, runc, network, cgroup."""
    small = container(requests={"cpu": "100m", "memory": "32Mi"}, limits={"cpu": "200m", "memory": "128Mi"})
    pod = namespace.run("burner", small)

    url = f"http://{pod['status']['podIP']}:8080/"
    until(lambda: _answers(url), "the pod to be reached from the host")  # it runs a moment before it listens

    namespace.resize("burner", change(requests={"cpu": "150m"}, limits={"cpu": "300m"})).expect()
    namespace.until("burner", lambda pod: _actual(pod)["limits"]["cpu"] == "300m", "resized")


def test_the_version_is_the_one_asked_for(control_plane):
    assert control_plane.api().get("/version").expect()["gitVersion"] == f"v{VERSION}"


def test_a_kubeconfig_is_all_that_a_client_needs(control_plane, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = config.new_client_from_config(str(control_plane.kubeconfig()))
    assert "default" in {item.metadata.name for item in client.CoreV1Api(loaded).list_namespace().items}


@pytest.mark.parametrize(
    ("user", "groups", "code"),
    [
        pytest.param("admin", None, 200, id="the admin may do all"),
        pytest.param("alice", (), 403, id="a user without roles may nothing"),
        pytest.param("bob", ("system:masters",), 200, id="a user in the masters' group may do all"),
    ],
)
def test_users_have_the_rights_that_rbac_gives_them(control_plane, user, groups, code):
    assert control_plane.api(user, groups).get("/api/v1/pods").code == code


def test_a_stranger_is_not_let_in(control_plane):
    url = f"{control_plane.url}/api/v1/pods"
    assert requests.get(url, verify=str(control_plane.ca), timeout=5).status_code == 401


def test_a_service_account_has_the_rules_it_was_given(control_plane):
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    api = Api(control_plane.url, control_plane.ca, token=control_plane.service_account("default", "reader", rules))
    assert api.get("/api/v1/nodes").code == 200
    assert api.get("/api/v1/pods").code == 403


def test_a_port_is_open_on_loopback_only(cluster):
    """Every listening socket of the cluster's own processes is on 127.0.0.1."""
    members = cgroups.processes(f"{cluster.place.cgroup}/components")
    listening = {c.laddr.ip for c in psutil.net_connections("inet") if c.status == "LISTEN" and c.pid in members}
    assert listening == {"127.0.0.1"}


def test_two_clusters_do_not_meet_and_the_second_leaves_no_trace(cluster, namespace):
    before = _folders()
    namespace.run("ours", container())
    with _another() as other:
        number = other.place.number
        assert number != cluster.place.number
        assert other.api().get("/api/v1/pods").expect()["items"] == []
        names = [node["metadata"]["name"] for node in other.api().get("/api/v1/nodes").expect()["items"]]
        assert names == ["localhost"]
        assert {"groups", "processes", "folder"} <= set(_traces(number))
    assert _traces(number) == {}
    assert _folders() == before
    assert namespace.pod("ours")["status"]["phase"] == "Running"


def test_what_a_killed_harness_leaves_behind_is_ended_by_the_next_one():
    or_skip(machine.check_node)
    before = _folders()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as harness:
        number = int(harness.stdout.readline())
        harness.send_signal(signal.SIGKILL)

    place = runs.lock_place(number)
    assert place is not None, "the place is free again the moment its holder is dead"
    assert {"etcd", "apiserver", "kubelet", "containerd"} <= set(processes.remembered(place)), "nobody stopped them"
    assert set(_traces(number)) == {"groups", "processes", "folder", "links"}
    cluster.sweep(place)
    assert _traces(number) == {}
    assert _folders() == before
    place.release()


@pytest.mark.xdist_group("cluster")
def test_a_kernel_without_overlayfs_gets_copies(monkeypatch):
    or_skip(machine.check_node)
    monkeypatch.setattr(machine, "overlayfs", lambda _: False)
    with _another() as one:
        api, pod = one.api(), "/api/v1/namespaces/default/pods/copied"
        body = {"metadata": {"name": "copied"}, "spec": {"containers": [container()]}}
        api.create("/api/v1/namespaces/default/pods", body).expect()
        until(lambda: api.get(pod).expect()["status"]["phase"] == "Running", "a pod to run without overlayfs")
        snapshots = one.node.folder / "containerd" / "io.containerd.snapshotter.v1.native" / "snapshots"
        assert any(snapshots.iterdir())


def test_a_component_that_dies_at_once_is_named_with_its_last_words(control_plane, monkeypatch):
    or_skip(machine.check_control_plane)
    failed = pytest.raises(processes.ComponentFailed, match=r"apiserver ended at once.*unknown flag: --no-such-flag")
    with failed, cluster.control_plane(VERSION, "--no-such-flag"):
        pass


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def _another():
    return cluster.cluster(VERSION)


def _actual(pod):
    return pod["status"]["containerStatuses"][0].get("resources", {})


def _traces(number: int) -> dict[str, object]:
    """What the cluster in this place has left on the machine: groups, processes, its folder, network cables."""
    place = runs.Place(number, -1)
    network = place.subnet.rsplit(".", 1)[0]  # as 10.180.0
    links = [name for name, addresses in psutil.net_if_addrs().items() if any(network in a.address for a in addresses)]
    found = {
        "groups": [root for root in cgroups.hierarchies() if (root / place.cgroup).exists()],
        "processes": [
            p.pid for p in psutil.process_iter(["cmdline"]) if f"{place.folder}/" in " ".join(p.info["cmdline"] or ())
        ],
        "folder": place.folder.exists(),
        "links": links,
    }
    return {name: value for name, value in found.items() if value}


def _folders() -> set[str]:
    """Folders whose paths are compiled into kubelet and containerd, seen from outside their mount namespace."""
    known = (
        "/var/lib/kubelet",
        "/var/lib/cni",
        "/run/containerd",
        "/opt/containerd",
        "/var/log/pods",
        "/var/log/containers",
    )
    return {path for path in known if Path(path).exists()} | {
        line for line in Path("/proc/self/mounts").read_text().splitlines() if "vpa-inplace" in line
    }
