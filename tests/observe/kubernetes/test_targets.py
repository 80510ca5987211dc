"""What another object means by the name of a workload."""

from __future__ import annotations

from typing import Any

import pytest

from tests.observe.kubernetes.seen import (
    APPS,
    BATCH,
    FORBIDDEN,
    Json,
    a_pod,
    a_top,
    a_web,
    an_object,
    owned_by,
    tops,
    views,
)
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.observe.kubernetes.kinds import Deployment, Job
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.store import State
from vpa_inplace.observe.kubernetes.targets import Targets

ARGO = "argoproj.io/v1alpha1"
SHOP = "example.com/v1"


def key(kind: str, name: str, namespace: str = "shop") -> WorkloadKey:
    return WorkloadKey("test", namespace, kind, name)


def targets(*objects: Json, known: dict[str, Top] | None = None, **lost: Any) -> Targets:
    seen = views(*objects, **lost)
    return Targets(seen, tops(seen, known or {}), "test")


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        pytest.param((APPS, "Deployment", "web"), ["Deployment/web"], id="the-top"),
        pytest.param((APPS, "ReplicaSet", "web-7"), ["Deployment/web"], id="below-the-top"),
        pytest.param(("apps/v1beta2", "Deployment", "web"), ["Deployment/web"], id="in-another-version"),
        pytest.param((APPS, "StatefulSet", "web"), ["StatefulSet/web"], id="a-namesake-of-another-kind"),
        pytest.param((APPS, "Deployment", "other"), ["Deployment/other"], id="nothing"),
    ],
)
def test_a_deployment(target: tuple[str, str, str], meant: list[str]) -> None:
    assert [f"{k.kind}/{k.name}" for k in targets(*a_web()).of("shop", *target)] == meant


def test_namespaces_are_apart() -> None:
    assert targets(*a_web()).of("other", APPS, "Deployment", "web") == (key("Deployment", "web", "other"),)


def test_the_deployment_of_an_operator() -> None:
    """App shop (a kind that nobody watches) -> Deployment web: what scales the Deployment scales the App."""
    found = targets(*a_web(owner=owned_by(SHOP, "App", "shop")), known={"web-7": a_top("App", "shop")})
    assert found.of("shop", APPS, "Deployment", "web") == (key("App", "shop"),)
    assert found.of("shop", SHOP, "App", "shop") == (key("App", "shop"),)


def test_an_operator_far_above() -> None:
    """Suite all -> App shop -> Deployment web, of which only the last is watched. Beside it a Rollout, whose owners are
    not known either: what is known of the Suite leaves no room for it."""
    found = targets(
        *a_web(owner=owned_by(SHOP, "App", "shop")),
        a_pod("api-0", owned_by(ARGO, "Rollout", "api")),
        known={"web-7": a_top("Suite", "all"), "api": a_top("Rollout", "api", ARGO)},
    )
    assert found.of("shop", SHOP, "Suite", "all") == (key("Suite", "all"),)
    assert found.of("shop", APPS, "Deployment", "web") == (key("Suite", "all"),)
    assert found.of("shop", SHOP, "App", "shop") == (key("Suite", "all"),)


def test_an_owner_that_does_not_control() -> None:
    """As Strimzi's resources own their Deployments. It may own several."""
    bridge = owned_by("kafka.strimzi.io/v1", "KafkaBridge", "bridge", controller=False)
    other = an_object(APPS, "StatefulSet", "queue", owner=bridge)
    found = targets(*a_web(owner=bridge), other, a_pod("queue-0", owned_by(APPS, "StatefulSet", "queue")))
    meant = found.of("shop", "kafka.strimzi.io/v1", "KafkaBridge", "bridge")
    assert set(meant) == {key("Deployment", "web"), key("StatefulSet", "queue")}


def test_in_between_two_kinds_that_nobody_watches() -> None:
    """Suite all -> Clones web -> pod: the pod itself names the one in between."""
    found = targets(
        a_pod("web-0", owned_by(SHOP, "Clones", "web")),
        a_pod("db-0", owned_by(SHOP, "Clones", "db")),
        known={"web": a_top("Suite", "all"), "db": a_top("Suite", "more")},
    )
    assert found.of("shop", SHOP, "Clones", "web") == (key("Suite", "all"),)


def test_what_may_be_above_a_chain_that_was_not_seen_whole() -> None:
    """Kind Site is in no chain. It may own the Rollout, of whose owners we know only the controller; not the
    Deployment, whose owners were all seen; and nothing of another namespace."""
    elsewhere = a_pod("far-0", owned_by(ARGO, "Rollout", "far"), metadata={"namespace": "other", "uid": "far"})
    known = {"web": a_top("Rollout", "web", ARGO), "far": a_top("Rollout", "far", ARGO)}
    objects = (*a_web(), a_pod("web-0", owned_by(ARGO, "Rollout", "web")), elsewhere)
    found = targets(*objects, known=known)
    assert found.of("shop", SHOP, "Site", "x") == (key("Site", "x"), key("Rollout", "web"))
    # a Rollout without pods is none of them: nothing is owned by another of its kind
    assert found.of("shop", ARGO, "Rollout", "idle") == (key("Rollout", "idle"),)
    # and a StatefulSet without pods is known to have none
    assert found.of("shop", APPS, "StatefulSet", "idle") == (key("StatefulSet", "idle"),)


def test_replica_sets_that_may_not_be_read() -> None:
    """The pods' owners end at the ReplicaSet. Whatever scales a Deployment may scale them."""
    found = targets(*a_web(), ReplicaSet=FORBIDDEN)
    assert found.of("shop", APPS, "Deployment", "web") == (key("Deployment", "web"), key("ReplicaSet", "web-7"))
    assert found.of("shop", APPS, "ReplicaSet", "web-7") == (key("ReplicaSet", "web-7"),)


def test_deployments_that_may_not_be_read() -> None:
    found = targets(*a_web(), Deployment=FORBIDDEN)
    assert found.of("shop", APPS, "Deployment", "web") == (key("Deployment", "web"),)
    assert found.of("shop", SHOP, "App", "shop") == (key("App", "shop"), key("Deployment", "web"))


def test_a_watch_that_is_broken_still_knows() -> None:
    broken = (State.BROKEN, "no answer", 60.0)
    found = targets(*a_web(), ReplicaSet=broken, Deployment=broken)
    assert found.of("shop", APPS, "Deployment", "web") == (key("Deployment", "web"),)


def test_tops_of_workloads_without_pods() -> None:
    seen = views(
        an_object(APPS, "Deployment", "alone"),
        an_object(APPS, "Deployment", "kept", owner=owned_by(SHOP, "App", "shop")),
        an_object(BATCH, "CronJob", "etl"),
        an_object(BATCH, "Job", "etl-1", owner=owned_by(BATCH, "CronJob", "etl")),
    )
    found = Targets(seen, {}, "test")
    deployments, jobs = seen.of(Deployment).objects, seen.of(Job).objects
    assert found.top("Deployment", deployments["shop", "alone"].metadata) == key("Deployment", "alone")
    assert found.top("Deployment", deployments["shop", "kept"].metadata) == key("App", "shop")
    assert found.top("Job", jobs["shop", "etl-1"].metadata) == key("CronJob", "etl")


def test_owners_in_a_circle_come_to_an_end() -> None:
    """Nobody but a bug makes them."""
    one = an_object(APPS, "Deployment", "a", owner=owned_by(APPS, "Deployment", "b"))
    other = an_object(APPS, "Deployment", "b", owner=owned_by(APPS, "Deployment", "a"))
    found = targets(one, other, a_pod("p", owned_by(APPS, "Deployment", "a")))
    assert {k.name for k in found.of("shop", APPS, "Deployment", "a")} <= {"a", "b"}
