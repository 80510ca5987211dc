"""Many kinds against a real API server: what happens is seen, whatever happens to the server."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cluster.api import until
from tests.cluster.fixtures import VERSION, or_skip
from tests.observe.kubernetes.crds import CRDS, a_crd
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.cache import Cache
from vpa_inplace.observe.kubernetes.kinds import (
    KINDS,
    ConfigMap,
    Deployment,
    Namespace,
    Node,
    Pod,
    ScaledObject,
)
from vpa_inplace.observe.kubernetes.pace import Pace
from vpa_inplace.observe.kubernetes.store import State, View
from vpa_inplace.observe.kubernetes.watch import Listed, Notice, Reflector, Turned, Where

QUICK = Pace(watch=300, silence=200, first=0.05, most=0.5, slow=0.3, stale=1000, shortest=0.2)
SWITCH = Where("default", "switch")
MAPS = "/api/v1/namespaces/default/configmaps"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@contextmanager
def watching(kubeconfig: Path, *items: type[Any], pace: Pace = QUICK) -> Iterator[tuple[Cache, list[Notice]]]:
    told: list[Notice] = []
    kinds = [kind for kind in KINDS if not items or kind.item in items]
    client = KubeClient(KubeSettings(kubeconfig=kubeconfig))
    cache = Cache(client, kinds=kinds, where={ConfigMap: SWITCH}, pace=pace, report=told.append)
    cache.start()
    try:
        assert cache.settle(30), "not every kind came to a state"
        yield cache, told
    finally:
        assert cache.stop(1.0), "not every thread has ended within a second"


def view(cache: Cache, item: type[Any]) -> View[Any]:
    return cache.views().of(item)


def has(cache: Cache, item: type[Any], *names: str) -> None:
    until(lambda: set(names) <= {name for _, name in view(cache, item).objects}, f"{item.__name__} {names}")


def states(told: list[Notice], kind: str) -> list[State]:
    return [notice.state for notice in told if isinstance(notice, Turned) and notice.kind == kind]


def a_deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}


DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
def own_plane() -> Iterator[Any]:
    """A control plane that a test may stop and break."""
    from tests.cluster import cluster, machine

    or_skip(machine.check_control_plane)
    with cluster.control_plane(VERSION) as plane:
        yield plane


# ------------------------------------------------------------------------------------------------------------ good days


def test_every_kind_comes_to_a_state(control_plane: Any) -> None:
    with watching(control_plane.kubeconfig()) as (cache, _):
        found = {kind.name: seen.state for kind, seen in cache.views()}
        # an API server alone has the built-in kinds
        custom = {kind.name for kind in KINDS if "." in kind.group}
        assert {found[name] for name in found.keys() - custom} == {State.LIVE}
        assert {found[name] for name in custom} <= {State.MISSING, State.LIVE}  # another test may have installed ours
        assert ("", "default") in view(cache, Namespace).objects


def test_changes_are_seen_in_order(control_plane: Any) -> None:
    api, seen = control_plane.api(), []
    kind = next(kind for kind in KINDS if kind.item is Deployment)

    def note() -> None:
        found = reflector.store.view().objects.get(("default", "ordered"))
        seen.append(None if found is None else found.spec.replicas)

    client = KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig()))
    reflector = Reflector(client, kind, pace=QUICK, beat=note)
    reflector.start()
    try:
        until(lambda: reflector.store.state is State.LIVE, "live")
        seen.clear()
        api.create(DEPLOYMENTS, a_deployment("ordered")).expect()
        for replicas in (2, 3, 4):
            api.patch(f"{DEPLOYMENTS}/ordered", {"spec": {"replicas": replicas}}).expect()
        api.delete(f"{DEPLOYMENTS}/ordered").expect()
        until(lambda: None in seen, "gone")
    finally:
        assert reflector.stop(1.0)
    assert seen == [1, 2, 3, 4, None]


def test_waiting_for_a_change(control_plane: Any) -> None:
    api = control_plane.api()
    with watching(control_plane.kubeconfig(), Deployment) as (cache, _):
        until(lambda: view(cache, Deployment).state is State.LIVE, "live")
        before = cache.beats
        assert cache.wait(before, 0.05) == before
        api.create(DEPLOYMENTS, a_deployment("noticed")).expect()
        assert cache.wait(before, 30) == before + 1
        api.delete(f"{DEPLOYMENTS}/noticed").expect()


def test_the_switch_and_no_other_config_map(control_plane: Any) -> None:
    api = control_plane.api()
    with watching(control_plane.kubeconfig(), ConfigMap, Deployment) as (cache, _):
        for name in ("other", "switch"):
            api.create(MAPS, {"metadata": {"name": name}, "data": {"stop": "true"}}).expect()
        try:
            has(cache, ConfigMap, "switch")
            assert view(cache, ConfigMap).objects.keys() == {("default", "switch")}
        finally:
            for name in ("other", "switch"):
                api.delete(f"{MAPS}/{name}").expect()
        until(lambda: not view(cache, ConfigMap).objects, "gone")


def test_without_a_name_no_config_map_is_watched(control_plane: Any) -> None:
    cache = Cache(KubeClient(KubeSettings(kubeconfig=control_plane.kubeconfig())))
    seen = view(cache, ConfigMap)
    assert (seen.state, seen.reason) == (State.MISSING, "ConfigMap is not watched")
    assert cache.views().named("v1", "ConfigMap") is None
    assert cache.views().named("apps/v1beta2", "Deployment") is not None  # the same objects in any version


# ------------------------------------------------------------------------------------------------------------- bad days


def test_an_api_server_that_is_restarted(own_plane: Any) -> None:
    """While it is away an object vanishes from etcd and history is compacted: no watch can ever tell."""
    api = own_plane.api()
    for name in ("stays", "vanishes"):
        api.create(DEPLOYMENTS, a_deployment(name)).expect()
    with watching(own_plane.kubeconfig(), Deployment, Node, ScaledObject) as (cache, told):
        has(cache, Deployment, "stays", "vanishes")
        own_plane.stop_apiserver()
        until(lambda: view(cache, Deployment).state is State.BROKEN, "broken")
        assert "cannot be reached" in view(cache, Deployment).reason
        gone = etcd(own_plane, "kv/deleterange", key=encoded("/registry/deployments/default/vanishes"))
        assert gone["deleted"] == "1"
        etcd(own_plane, "kv/compaction", revision=gone["header"]["revision"], physical=True)
        assert len(view(cache, Deployment).objects) == 2  # as last heard; their age says so
        own_plane.start_apiserver()
        api.create(DEPLOYMENTS, a_deployment("new")).expect()
        has(cache, Deployment, "stays", "new")
        until(lambda: view(cache, Deployment).state is State.LIVE, "live")
        assert ("default", "vanishes") not in view(cache, Deployment).objects
    again = [notice for notice in told if isinstance(notice, Listed) and notice.kind == "Deployment"][1]
    assert [item.metadata.name for item in again.vanished] == ["vanishes"]
    assert "410" in again.why
    assert states(told, "Deployment") == [State.LIVE, State.BROKEN, State.LIVE]
    assert states(told, "ScaledObject")[0] is State.MISSING


def etcd(plane: Any, call: str, **body: Any) -> Any:
    """One call of etcd's own API, in its JSON form."""
    pair = plane.pairs["etcd"]
    url = f"https://127.0.0.1:{plane.place.port('etcd')}/v3/{call}"
    with requests.Session() as session:
        session.trust_env = False
        session.verify, session.cert = str(plane.ca), (str(pair.certificate), str(pair.key))
        answer = session.post(url, json=body, timeout=30)
    assert answer.status_code == requests.codes.ok, answer.text
    return answer.json()


def encoded(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def test_rights_that_come_and_go(control_plane: Any) -> None:
    api = control_plane.api()
    short = Pace(watch=1, silence=200, first=0.05, most=0.5, slow=0.3, stale=1000, shortest=0.2)
    role = {
        "metadata": {"name": "nodes-seen"},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}],
    }
    binding = {
        "metadata": {"name": "nodes-seen"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "nodes-seen"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "observer"}],
    }
    with watching(control_plane.kubeconfig("observer"), Node, Pod, pace=short) as (cache, told):
        assert view(cache, Node).state is State.FORBIDDEN
        assert 'User "observer" cannot list resource "nodes"' in view(cache, Node).reason
        api.create(f"{RBAC}/clusterroles", role).expect()
        api.create(f"{RBAC}/clusterrolebindings", binding).expect()
        until(lambda: 'cannot watch resource "nodes"' in view(cache, Node).reason, "half of what is needed")
        assert view(cache, Node).listed
        both = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]}]
        api.patch(f"{RBAC}/clusterroles/nodes-seen", {"rules": both}).expect()
        until(lambda: view(cache, Node).state is State.LIVE, "live")
        api.delete(f"{RBAC}/clusterroles/nodes-seen").expect()
        api.delete(f"{RBAC}/clusterrolebindings/nodes-seen").expect()
        until(lambda: view(cache, Node).state is State.FORBIDDEN, "forbidden again, when the watch has run its time")
        assert view(cache, Node).listed  # what is known stays known, and gets old
        assert view(cache, Pod).state is State.FORBIDDEN
    assert states(told, "Node") == [State.FORBIDDEN, State.LIVE, State.FORBIDDEN]
    assert states(told, "Pod") == [State.FORBIDDEN]


def test_a_kind_that_is_installed_and_removed(control_plane: Any) -> None:
    api = control_plane.api()
    objects = "/apis/keda.sh/v1alpha1/namespaces/default/scaledobjects"
    with watching(control_plane.kubeconfig(), ScaledObject) as (cache, told):
        assert view(cache, ScaledObject).state is State.MISSING
        api.create(CRDS, a_crd("keda.sh", "ScaledObject")).expect()
        until(lambda: view(cache, ScaledObject).state is State.LIVE, "live")
        body = {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": "web", "annotations": {"autoscaling.keda.sh/paused": "true", "other": "x"}},
            "spec": {"scaleTargetRef": {"name": "web"}, "triggers": [{"type": "cpu", "metricType": "Utilization"}]},
        }
        api.create(objects, body).expect()
        has(cache, ScaledObject, "web")
        found = view(cache, ScaledObject).objects["default", "web"]
        assert [trigger.type for trigger in found.spec.triggers] == ["cpu"]
        assert found.metadata.annotations == {"autoscaling.keda.sh/paused": "true"}
        api.delete(f"{CRDS}/scaledobjects.keda.sh").expect()
        until(lambda: view(cache, ScaledObject).state is State.MISSING, "missing again")
        assert not view(cache, ScaledObject).objects
    assert states(told, "ScaledObject")[0] is State.MISSING
