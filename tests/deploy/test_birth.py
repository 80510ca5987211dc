"""components/birth-sizes: new pods get the size of their workload's ledger, and never none at all for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.api import until
from tests.deploy.conftest import Installed
from tests.deploy.manifests import DEPLOY
from tests.support.components import require
from vpa_inplace.api.objects.resize_state import ResizeState, state_name
from vpa_inplace.domain.keys import WorkloadKey

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
STATES = "/apis/autoscaling.vpa-inplace.io/v1alpha1/namespaces/{}/resizestates"
SIZES: dict[str, Any] = {"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}
BORN: dict[str, Any] = {"requests": {"cpu": "500m", "memory": "1536Mi"}, "limits": {"cpu": "2", "memory": "3Gi"}}

Remember = Callable[..., None]
COUNT = itertools.count()


@pytest.fixture(scope="module")
def space(installed: Installed) -> Iterator[str]:
    """A namespace where the policy is in force."""
    api = installed.admin
    kinds = {one["name"] for one in api.get(ADMISSION).expect()["resources"]}
    require("mutating admission policies (Kubernetes 1.36)", "mutatingadmissionpolicies" in kinds)
    folder = DEPLOY / "components" / "birth-sizes"
    installed.kubectl("apply", "-f", folder / "policy.yaml")
    space = installed.space("deploy-births")
    state = remembered(space, "Deployment", "first", {"app": BORN})
    api.create(STATES.format(space), state).expect()
    until(lambda: born(installed, space, owner("Deployment", "first")) == BORN, "the policy in force")
    yield space
    api.delete(STATES.format(space)).expect()
    installed.kubectl("delete", "-f", folder / "policy.yaml")


def remembered(space: str, kind: str, name: str, birth: dict[str, Any]) -> Any:
    """A ledger, as the controller writes it."""
    body = {
        "apiVersion": "autoscaling.vpa-inplace.io/v1alpha1",
        "kind": "ResizeState",
        "metadata": {"name": state_name(WorkloadKey("c", space, kind, name)), "namespace": space},
        "spec": {"workload": {"kind": kind, "name": name}, "birth": birth},
    }
    return ResizeState.read(body).written()


@pytest.fixture
def remember(installed: Installed, space: str) -> Iterator[Remember]:
    """Writes a ledger that is gone after the test."""
    path, made = STATES.format(space), []

    def remember(birth: dict[str, Any], kind: str = "Deployment", name: str = "web") -> None:
        state = remembered(space, kind, name, birth)
        installed.admin.create(path, state).expect()
        made.append(state["metadata"]["name"])

    yield remember
    for name in made:
        installed.admin.delete(f"{path}/{name}").expect()


def owner(kind: str, name: str, **labels: str) -> dict[str, Any]:
    """Metadata of a pod of this owner."""
    reference = {"apiVersion": "any/v1", "kind": kind, "name": name, "uid": "7d0f8a52", "controller": True}
    return {"generateName": f"{name}-", "ownerReferences": [reference], "labels": labels}


OF_WEB = owner("ReplicaSet", "web-5d4f7c9b8", **{"pod-template-hash": "5d4f7c9b8"})


def pod(metadata: dict[str, Any], sizes: Any = SIZES, **spec: Any) -> dict[str, Any]:
    return {"metadata": metadata, "spec": {"containers": [{"name": "app", "image": "x", "resources": sizes}]} | spec}


def created(made: Installed, space: str, pod: dict[str, Any]) -> Any:
    """Nothing is stored."""
    return made.admin.create(f"/api/v1/namespaces/{space}/pods?dryRun=All", pod).expect()


def born(made: Installed, space: str, metadata: dict[str, Any], sizes: Any = SIZES) -> Any:
    return created(made, space, pod(metadata, sizes))["spec"]["containers"][0]["resources"]


def newest(made: Installed, space: str, remember: Remember, *ledger: Any) -> None:
    """Write a ledger and wait until admission knows all that was written up to now."""
    remember(*ledger)
    seen = f"seen-{next(COUNT)}"
    remember({"app": BORN}, "Deployment", seen)
    until(lambda: born(made, space, owner("Deployment", seen)) == BORN, "ledgers seen by admission")


# ------------------------------------------------------------------------------------------------------ whose pod it is


@pytest.mark.parametrize(
    ("kind", "name", "metadata"),
    [
        pytest.param("Deployment", "web", OF_WEB, id="Deployment"),
        pytest.param(
            "Rollout",
            "web",
            owner("ReplicaSet", "web-5d4f7c9b8", **{"rollouts-pod-template-hash": "5d4f7c9b8"}),
            id="Rollout",
        ),
        pytest.param("StatefulSet", "db", owner("StatefulSet", "db"), id="StatefulSet"),
        pytest.param("DaemonSet", "agent", owner("DaemonSet", "agent"), id="DaemonSet"),
        pytest.param("Job", "load", owner("Job", "load"), id="Job"),
        pytest.param("CronJob", "nightly", owner("Job", "nightly-29342160"), id="CronJob"),
        pytest.param("ReplicaSet", "bare", owner("ReplicaSet", "bare"), id="ReplicaSet"),
    ],
)
def test_whose_pods_are_sized(
    installed: Installed, space: str, remember: Remember, kind: str, name: str, metadata: Any
) -> None:
    remember({"app": BORN}, kind, name)
    until(lambda: born(installed, space, metadata) == BORN, "sized")


@pytest.mark.parametrize(
    ("kind", "name", "metadata"),
    [
        pytest.param("Deployment", "web", owner("StatefulSet", "web"), id="another kind"),
        pytest.param("Deployment", "we", OF_WEB, id="a shorter name"),
        pytest.param("Deployment", "web", owner("ReplicaSet", "web-5d4f7c9b8"), id="without its label"),
        pytest.param(
            "Deployment",
            "web",
            owner("ReplicaSet", "web-blue-5d4f", **{"pod-template-hash": "5d4f"}),
            id="a longer name",
        ),
        pytest.param("CronJob", "nightly", owner("Job", "nightly-backup"), id="a Job by hand"),
        pytest.param("CronJob", "nightly", owner("Job", "nightly-2"), id="a numbered Job"),
        pytest.param("Job", "load", {"name": "load"}, id="nobody's"),
    ],
)
def test_whose_pods_are_not(
    installed: Installed, space: str, remember: Remember, kind: str, name: str, metadata: Any
) -> None:
    newest(installed, space, remember, {"app": BORN}, kind, name)
    assert born(installed, space, metadata) == SIZES


# ---------------------------------------------------------------------------------------------------------- what size


GUARANTEED = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
LARGER = {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}
REQUESTS = {"requests": {"cpu": "200m", "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("sizes", "birth", "expected"),
    [
        pytest.param(
            SIZES, {"requests": {"cpu": "300m"}}, SIZES | {"requests": {"cpu": "300m", "memory": "1Gi"}}, id="cpu alone"
        ),
        pytest.param(GUARANTEED, LARGER, LARGER, id="Guaranteed stays so"),
        pytest.param(REQUESTS, BORN, {"requests": BORN["requests"]}, id="no limit where none is"),
        pytest.param({"requests": {"cpu": "200m"}}, BORN, {"requests": {"cpu": "500m"}}, id="no request where none is"),
        pytest.param({}, BORN, {}, id="BestEffort stays so"),
        pytest.param(
            SIZES, {"requests": {"cpu": "1"}}, SIZES | {"requests": {"cpu": "1", "memory": "1Gi"}}, id="up to its limit"
        ),
        pytest.param(SIZES, {"requests": {"cpu": "1001m"}}, SIZES, id="above the limit that it keeps"),
        pytest.param(SIZES, {"limits": {"memory": "512Mi"}}, SIZES, id="a limit below the request that it keeps"),
        pytest.param(GUARANTEED, {"requests": {"cpu": "500m"}}, GUARANTEED, id="Guaranteed no more"),
        pytest.param(SIZES, {"requests": {}}, SIZES, id="nothing remembered"),
    ],
)
def test_sizes(installed: Installed, space: str, remember: Remember, sizes: Any, birth: Any, expected: Any) -> None:
    """No size makes a pod that the API server would refuse, or one of another class."""
    newest(installed, space, remember, {"app": birth})
    assert born(installed, space, OF_WEB, sizes) == expected


def test_containers_that_are_not_remembered_stay(installed: Installed, space: str, remember: Remember) -> None:
    newest(installed, space, remember, {"app": BORN, "proxy": BORN, "prepare": BORN, "gone": BORN})
    init = [
        {"name": "proxy", "image": "x", "resources": SIZES, "restartPolicy": "Always"},
        {"name": "prepare", "image": "x", "resources": SIZES},
    ]
    containers = [{"name": name, "image": "x", "resources": SIZES} for name in ("app", "other")]
    found = created(installed, space, pod(OF_WEB, initContainers=init, containers=containers))["spec"]
    sizes = {one["name"]: one["resources"] for one in (*found["containers"], *found["initContainers"])}
    # prepare runs before the pod and is not sized by anybody; proxy is a sidecar
    assert sizes == {"app": BORN, "other": SIZES, "proxy": BORN, "prepare": SIZES}


def test_a_pod_is_sized_whole_or_not_at_all(installed: Installed, space: str, remember: Remember) -> None:
    newest(installed, space, remember, {"app": BORN, "other": {"requests": {"cpu": "8"}}})
    containers = [{"name": name, "image": "x", "resources": SIZES} for name in ("app", "other")]
    found = created(installed, space, pod(OF_WEB, containers=containers))["spec"]["containers"]
    assert [one["resources"] for one in found] == [SIZES, SIZES]


def test_a_label_keeps_it_out_of_a_namespace(installed: Installed, space: str) -> None:
    elsewhere = installed.space("deploy-unborn", labels={"vpa-inplace.io/exclude": "true"})
    path = STATES.format(elsewhere)
    installed.admin.create(path, remembered(elsewhere, "Deployment", "web", {"app": BORN})).expect()
    beside = installed.space("deploy-born")
    installed.admin.create(STATES.format(beside), remembered(beside, "Deployment", "web", {"app": BORN})).expect()
    until(lambda: born(installed, beside, OF_WEB) == BORN, "ledgers seen by admission")
    assert born(installed, elsewhere, OF_WEB) == SIZES
    installed.admin.delete(path).expect()
    installed.admin.delete(STATES.format(beside)).expect()
