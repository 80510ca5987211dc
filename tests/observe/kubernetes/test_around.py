"""What is said to be around the pods: of JSON objects, and of a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import until
from tests.cluster.fixtures import Namespace, change, container
from tests.observe.kubernetes.seen import (
    APPS,
    CORE,
    FORBIDDEN,
    HPA,
    VPA,
    Json,
    Lost,
    a_pod,
    a_top,
    a_web,
    an_object,
    owned_by,
    tops,
    views,
)
from tests.support.builders import MIB
from vpa_inplace.domain import pods as domain
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Surroundings
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.around import Place, surroundings, unseen
from vpa_inplace.observe.kubernetes.cache import Cache, Views
from vpa_inplace.observe.kubernetes.facts import NodeFacts, PodFacts
from vpa_inplace.observe.kubernetes.kinds import KINDS, ConfigMap, Node, Pod
from vpa_inplace.observe.kubernetes.owners import Owners, Top
from vpa_inplace.observe.kubernetes.store import NEVER, State
from vpa_inplace.observe.kubernetes.watch import Where

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
WEB = WorkloadKey("test", "shop", "Deployment", "web")
BROKEN: Lost = (State.BROKEN, "no answer", 90.0)
WAITING: Lost = (State.WAITING, "nothing was heard yet", NEVER)
MISSING: Lost = (State.MISSING, "the server has no such kind", 0.0)


def around(
    seen: Views, known: dict[str, Top] | None = None, **place: Any
) -> tuple[Surroundings, list[tuple[str, str, str]]]:
    skips: list[Skip] = []
    where = Place(cluster="test", **place)
    found = surroundings(seen, tops(seen, known or {}), where, now=NOW, skips=skips)
    return found, [(skip.what, skip.reason, skip.message) for skip in skips]


def test_a_quiet_namespace() -> None:
    found, skips = around(views(*a_web()))
    assert (found.quotas, found.limit_ranges, found.hpas, found.vpas, found.paused) == ({}, {}, {}, {}, "")
    assert found.workloads.keys() == {WEB}
    assert (found.all_pods, found.pods_seen_at, skips) == (True, NOW, [])


def test_a_busy_one() -> None:
    """Everything finds its workload or its namespace."""
    ref = {"apiVersion": APPS, "kind": "Deployment", "name": "web"}
    seen = views(
        *a_web(),
        an_object(CORE, "ResourceQuota", "rq", spec={"hard": {"cpu": "2"}}),
        an_object(CORE, "LimitRange", "lr", spec={"limits": [{"type": "Container", "max": {"cpu": "1"}}]}),
        an_object(HPA, "HorizontalPodAutoscaler", "hpa", spec={"scaleTargetRef": ref, "maxReplicas": 3}),
        an_object(VPA, "VerticalPodAutoscaler", "vpa", spec={"targetRef": ref}),
        an_object(CORE, "ConfigMap", "switch", data={"paused": "true", "reason": "the sale"}),
    )
    found, skips = around(seen, switch=("shop", "switch"))
    assert [(quota.name, quota.hard_requests) for quota in found.quotas["shop"]] == [("rq", Amounts(cpu=2000))]
    assert [(item.name, item.maximum) for item in found.limit_ranges["shop"]] == [("lr", Amounts(cpu=1000))]
    assert [hpa.name for hpa in found.hpas[WEB]] == ["hpa"]
    assert [vpa.name for vpa in found.vpas[WEB]] == ["vpa"]
    assert found.paused == "ConfigMap shop/switch says so: the sale"
    assert skips == []


@pytest.mark.parametrize(
    ("pods", "everywhere", "all_pods", "age"),
    [
        pytest.param((State.LIVE, "", 20.0), True, True, 20, id="live"),
        pytest.param((State.LIVE, "", 20.0), False, False, 20, id="of-one-namespace"),
        pytest.param(BROKEN, True, True, 90, id="broken-and-known-from-before"),
        pytest.param(WAITING, True, False, None, id="never-listed"),
        pytest.param(FORBIDDEN, True, False, None, id="may-not-be-listed"),
    ],
)
def test_whether_all_pods_are_known_and_since_when(
    pods: Lost, everywhere: bool, all_pods: bool, age: float | None
) -> None:
    found, _ = around(views(*a_web(), Pod=pods), everywhere=everywhere)
    assert found.all_pods is all_pods
    assert found.pods_seen_at == (None if age is None else NOW - timedelta(seconds=age))


@pytest.mark.parametrize(
    ("kind", "lost", "said"),
    [
        pytest.param("ResourceQuota", FORBIDDEN, ("resourcequotas", "ForbiddenKind"), id="without-the-right"),
        pytest.param("HorizontalPodAutoscaler", BROKEN, ("horizontalpodautoscalers", "BrokenKind"), id="broken"),
        pytest.param("Pod", WAITING, ("pods", "WaitingKind"), id="not-heard-of"),
        pytest.param("ResizeState", MISSING, ("resizestates", "MissingKind"), id="our-own-is-not-installed"),
        pytest.param(
            "HorizontalPodAutoscaler", MISSING, ("horizontalpodautoscalers", "MissingKind"), id="an-old-server"
        ),
        pytest.param("VerticalPodAutoscaler", FORBIDDEN, ("verticalpodautoscalers", "ForbiddenKind"), id="a-guests"),
        pytest.param("VerticalPodAutoscaler", MISSING, None, id="no-upstream-vpa"),
        pytest.param("ScaledObject", MISSING, None, id="no-keda"),
    ],
)
def test_kinds_that_are_not_seen_are_said(kind: str, lost: Lost, said: tuple[str, str] | None) -> None:
    seen = views(**{kind: lost})
    _, skips = around(seen)
    assert skips == ([(*said, lost[1])] if said else [])
    assert unseen(seen) == ({kind: lost[1]} if said else {})


def test_objects_that_do_not_fit_their_kind_are_said() -> None:
    seen = views(
        an_object(CORE, "ResourceQuota", "odd", spec={"hard": ["cpu"]}),
        an_object(CORE, "Node", "node-1", metadata={"namespace": ""}, status=[]),
    )
    found, skips = around(seen)
    assert [skip[:2] for skip in skips] == [
        ("Node node-1", "UnreadableNode"),
        ("ResourceQuota shop/odd", "UnreadableResourceQuota"),
    ]
    assert [quota.name for quota in found.quotas["shop"]] == ["odd"]  # and of it nothing is left


def test_owners_in_doubt_are_said_once_a_workload() -> None:
    doubtful = a_top("Clones", "web", doubt="Clones shop/web may not be read")
    pods = [a_pod(f"web-{i}", owned_by("example.com/v1", "Clones", "web")) for i in range(3)]
    _, skips = around(views(*pods), {"web": doubtful})
    assert skips == [("test/shop/Clones/web", "OwnerUnknown", "Clones shop/web may not be read")]


def test_the_same_views_give_the_same() -> None:
    seen = views(*a_web(), an_object(CORE, "ResourceQuota", "rq", spec={"hard": {"cpu": "2"}}))
    assert around(seen) == around(seen)


# ------------------------------------------------------------------------------------------------------ a real cluster

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@contextmanager
def watching(kubeconfig: Path, switch: tuple[str, str]) -> Iterator[tuple[KubeClient, Cache]]:
    client = KubeClient(KubeSettings(kubeconfig=kubeconfig))
    cache = Cache(client, where={ConfigMap: Where(*switch)})
    cache.start()
    try:
        assert cache.settle(30), "not every kind came to a state"
        yield client, cache
    finally:
        assert cache.stop(5.0)


class Looks:
    """One look after another at a whole cluster, as a controller's ticks are."""

    def __init__(self, client: KubeClient, cache: Cache, namespace: str) -> None:
        self._cache, self._owners, self._facts = cache, Owners(client), PodFacts("test")
        self._namespace = namespace
        self._place = Place(cluster="test", switch=(namespace, "switch"))
        self.pods: dict[str, domain.Pod] = {}
        self.nodes: dict[str, domain.Node] = {}
        self.around = Surroundings()
        self.skips: list[Skip] = []

    def again(self) -> Looks:
        seen, self.skips = self._cache.views(), []
        wired = list(seen.of(Pod).objects.values())
        owners = self._owners.tops(wired, seen)
        nodes = NodeFacts.of(seen.of(Node).objects.values(), self.skips)
        pods = self._facts.of(wired, owners, nodes.systems, self.skips)
        self.pods = {pod.name: pod for pod in pods if pod.namespace == self._namespace}
        self.nodes = nodes.nodes
        self.around = surroundings(seen, owners, self._place, now=datetime.now(UTC), skips=self.skips)
        return self

    def ready(self) -> bool:
        """Whether the pod of the Deployment runs."""
        return any(pod.workload.name == "web" and pod.containers[0].ready for pod in self.pods.values())

    def web(self) -> domain.Pod:
        """The pod of the Deployment."""
        (pod,) = (pod for pod in self.pods.values() if pod.workload.name == "web")
        return pod


SIZES = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}}
OTHER = {"requests": {"cpu": "700m", "memory": "64Mi"}}


@pytest.fixture
def busy(namespace: Namespace) -> Iterator[Namespace]:
    """A Deployment of one pod beside a pod of 700 millicores, with all that may be around them."""
    ref = {"apiVersion": APPS, "kind": "Deployment", "name": "web"}
    labels = {"app": "web"}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [container("main", "-cpu", "0.01", **SIZES)]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    limit = {"type": "Container", "max": {"cpu": "1200m"}, "maxLimitRequestRatio": {"cpu": "12.5"}}
    made: list[tuple[str, str, Json]] = [
        ("resourcequotas", "rq", {"spec": {"hard": {"requests.cpu": "3", "limits.memory": "1Gi"}}}),
        ("apps/v1/deployments", "web", {"spec": {"selector": {"matchLabels": labels}, "template": template}}),
        ("autoscaling/v2/horizontalpodautoscalers", "front", {"spec": {"scaleTargetRef": ref, "maxReplicas": 2}}),
        ("configmaps", "switch", {"data": {"paused": "true", "reason": "a test"}}),
    ]
    for kind, name, body in made:
        namespace.api.create(namespace.path(kind), {"metadata": {"name": name}} | body).expect()
    namespace.run("other", container("main", "-cpu", "0.01", requests=OTHER["requests"], limits={"memory": "64Mi"}))
    # after the pods, which so keep what they were made with: the one without a CPU limit would not be let in
    namespace.api.create(
        namespace.path("limitranges"), {"metadata": {"name": "lr"}, "spec": {"limits": [limit]}}
    ).expect()
    yield namespace
    path = namespace.path("apps/v1/deployments", "web")
    namespace.api.call("DELETE", path, {"propagationPolicy": "Foreground"}).expect(200, 202)
    until(lambda: namespace.api.get(path).code == 404, "the Deployment and its pods are gone")


def test_a_resize_and_all_that_is_around_it(cluster: Any, busy: Namespace) -> None:
    """From the API server through watches and owners to the facts: deferred, then in force, and what it took meanwhile."""
    with watching(cluster.kubeconfig(), (busy.name, "switch")) as (client, cache):
        looks = Looks(client, cache, busy.name)
        until(lambda: looks.again().ready() and "other" in looks.pods, "both run")
        other = looks.pods["other"]
        busy.resize(looks.web().name, change(requests={"cpu": "900m"})).expect()
        until(lambda: looks.again().web().resize.pending, "the resize is deferred")
        until(lambda: used(looks.again().around, busy.name) == Amounts(cpu=900 + 700), "charged as asked for")
        is_deferred(looks.web(), busy, cluster.version)
        assert looks.pods["other"] is other  # nothing happened to it
        assert str(other.workload) == f"test/{busy.name}/Pod/other"
        node = looks.nodes[other.node or ""]
        assert (node.version, node.allocatable.cpu, node.ready, node.leaving) == (cluster.version, 1500, True, "")
        is_busy(looks.around, busy.name)
        # no CustomResourceDefinition is installed here: ours are said to be missing, those of others are not
        assert {skip.what for skip in looks.skips} == {"inplacepodautoscalers", "resizestates"}

        busy.api.delete(busy.path("pods", "other")).expect()
        busy.api.patch(busy.path("configmaps", "switch"), {"data": {"paused": "false"}}).expect()
        until(lambda: looks.again().web().resize.quiet, "the resize is taken up", 120)
        until(lambda: not looks.again().around.paused, "the switch is off")
        until(lambda: used(looks.again().around, busy.name) == Amounts(cpu=900), "the quota is counted anew")
        (main,) = looks.web().containers
        assert main.allocated == main.actual_requests == main.requests == Amounts(900, 64 * MIB)
        assert main.restarts == 0
        assert "other" not in looks.pods


def is_deferred(pod: domain.Pod, namespace: Namespace, version: tuple[int, int]) -> None:
    """Asked for 900m, with 100m set aside and in force."""
    assert pod.workload == WorkloadKey("test", namespace.name, "Deployment", "web")
    assert (pod.resize.pending, pod.resize.in_progress, pod.resize.failing) == ("Deferred", False, False)
    assert "enough resource: cpu, requested: 900" in pod.resize.message
    assert pod.resize.since is not None
    (main,) = pod.containers
    assert (main.requests, main.limits) == (Amounts(900, 64 * MIB), Amounts(1000, 64 * MIB))
    assert (main.allocated, main.actual_requests) == (Amounts(100, 64 * MIB), Amounts(100, 64 * MIB))
    assert (main.actual_limits, main.restarts, pod.qos) == (Amounts(1000, 64 * MIB), 0, domain.QosClass.BURSTABLE)
    assert pod.revision == namespace.pod(pod.name)["metadata"]["labels"]["pod-template-hash"]
    assert pod.observed_generation == (2 if version >= (1, 34) else None)


def is_busy(around: Surroundings, namespace: str) -> None:
    """All that the namespace was made with, on the Deployment where it belongs to it."""
    web = WorkloadKey("test", namespace, "Deployment", "web")
    (quota,) = around.quotas[namespace]
    assert (quota.hard_requests, quota.hard_limits) == (Amounts(cpu=3000), Amounts(memory=1024 * MIB))
    assert quota.used_limits == Amounts(memory=2 * 64 * MIB)
    (limits,) = around.limit_ranges[namespace]
    # the API server makes the maximum the default where there is none
    assert (limits.maximum, limits.default_limits) == (Amounts(cpu=1200), Amounts(cpu=1200))
    assert limits.max_ratio == {Resource.CPU: 12.5}
    (hpa,) = around.hpas[web]
    assert (hpa.name, hpa.utilization, hpa.scaled_by) == ("front", {Resource.CPU: frozenset()}, "")
    assert (around.workloads[web].desired, around.workloads[web].rolling) == (1, False)
    assert around.paused == f"ConfigMap {namespace}/switch says so: a test"
    assert around.all_pods
    assert around.pods_seen_at is not None


def used(around: Surroundings, namespace: str) -> Amounts:
    (quota,) = around.quotas[namespace]
    return quota.used_requests


def test_who_may_read_nothing_is_told_of_every_right_that_is_missing(control_plane: Any) -> None:
    with watching(control_plane.kubeconfig("nobody"), ("default", "switch")) as (_, cache):
        seen = cache.views()
        skips: list[Skip] = []
        found = surroundings(seen, {}, Place(switch=("default", "switch")), now=NOW, skips=skips)
    assert set(unseen(seen)) == {kind.name for kind in KINDS}
    plurals = {kind.plural for kind in KINDS}
    assert {skip.what for skip in skips} == plurals
    for skip in skips:
        assert skip.reason == "ForbiddenKind"
        assert f'User "nobody" cannot list resource "{skip.what}"' in skip.message
    assert (found.all_pods, found.pods_seen_at) == (False, None)
    assert 'cannot list resource "configmaps"' in found.paused
