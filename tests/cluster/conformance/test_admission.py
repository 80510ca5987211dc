"""What admission says to a resize: the node's size, quotas, LimitRanges, policies and rights.

All of it is a 403 with one sentence, but for a policy's 422. Nothing of it says whether another try could succeed: the
text does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import until
from tests.cluster.conformance.answers import ADMISSION, at
from tests.cluster.conformance.pods import GATED, REQUESTS, RESTARTS, create, idle
from tests.cluster.conformance.seen import DRY_RUN, check, done
from tests.cluster.fixtures import Namespace, change, fresh_namespace, started

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


# --- the node ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bound(cluster: Any) -> Iterator[Namespace]:
    """Pods bound to three nodes: ours, one that runs Windows, and one that is not there."""
    api = cluster.api()
    node = {"metadata": {"name": "windows", "labels": {"kubernetes.io/os": "windows"}}}
    api.create("/api/v1/nodes", node).expect()
    try:
        with fresh_namespace(api, "bound") as made:
            create(made, "here", idle(sizes=REQUESTS))
            create(made, "windows", idle(sizes=REQUESTS), nodeName="windows")
            create(made, "gone", idle(sizes=REQUESTS), nodeName="gone")
            made.until("here", started, "started")
            yield made
    finally:
        api.delete("/api/v1/nodes/windows").expect()


@pytest.mark.parametrize(
    ("name", "pod", "requests", "resource", "requested"),
    [
        pytest.param("more cpu than the node", "here", {"cpu": "4"}, "cpu", 4000, id="cpu"),
        pytest.param("more memory than the node", "here", {"memory": "400Gi"}, "memory", 400 << 30, id="memory"),
        pytest.param("more of both than the node", "here", {"cpu": "4", "memory": "400Gi"}, None, 0, id="both"),
        pytest.param("a node that is gone", "gone", {"cpu": "60m"}, None, 0, id="node gone"),
        pytest.param("a Windows node", "windows", {"cpu": "60m"}, None, 0, id="Windows"),
    ],
)
def test_a_size_that_the_node_can_never_give(bound, minor, name, pod, requests, resource, requested):
    """Since 1.36 refused at once, by PodResizeValidator. Before, taken, and the kubelet calls it Infeasible later."""
    expected = at(ADMISSION[name], minor)
    match = check(bound.resize(pod, change(requests=requests), query=DRY_RUN), expected, pod)
    if expected.code != 200:
        check(bound.resize(pod, change(requests=requests)), expected, pod)
        if resource:
            node = bound.api.get("/api/v1/nodes/localhost").expect()["status"]["allocatable"]
            allocatable = {"cpu": int(node["cpu"][:-1]), "memory": int(node["memory"][:-2]) << 10}  # "1500m", "...Ki"
            got = match["resource"], int(match["requested"]), int(match["allocatable"])
            assert got == (resource, requested, allocatable[resource])


# --- quotas -----------------------------------------------------------------------------------------------------------


def test_a_quota_counts_what_a_resize_adds(namespace, minor):
    """The text tells the difference, not the new size. A shrink gives back what it took."""
    hard = {"requests.cpu": "100m", "limits.memory": "128Mi"}
    quotas = namespace.path("resourcequotas")
    namespace.api.create(quotas, {"metadata": {"name": "quota"}, "spec": {"hard": hard}}).expect()

    def used() -> Any:
        return namespace.api.get(f"{quotas}/quota").expect()["status"].get("used", {})

    until(used, "quota counted")
    namespace.run("pod", idle())
    until(lambda: used().get("requests.cpu") == "50m", "the pod counted")

    more = change(requests={"cpu": "120m"}, limits={"cpu": "200m"})
    both = change(requests={"cpu": "120m"}, limits={"cpu": "200m", "memory": "200Mi"})
    for query in (DRY_RUN, ""):
        check(namespace.resize("pod", more, query=query), at(ADMISSION["quota of requests"], minor), "pod")
        match = check(
            namespace.resize("pod", both, query=query), at(ADMISSION["quota of requests and limits"], minor), "pod"
        )
        assert match["quota"] == "quota"

    namespace.resize("pod", change(requests={"cpu": "100m"}, limits={"cpu": "200m"})).expect()
    until(lambda: used()["requests.cpu"] == "100m", "the raise counted")
    namespace.resize("pod", change(requests={"cpu": "30m"})).expect()
    namespace.until("pod", done, "done")
    until(lambda: used()["requests.cpu"] == "30m", "the shrink counted")


# --- LimitRanges ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ranged(cluster: Any) -> Iterator[Namespace]:
    """A pod of two containers under a LimitRange."""
    limits = [
        {
            "type": "Container",
            "max": {"cpu": "400m"},
            "min": {"cpu": "20m", "memory": "16Mi"},
            "maxLimitRequestRatio": {"cpu": "4"},
        },
        {"type": "Pod", "max": {"cpu": "560m"}},
    ]
    with fresh_namespace(cluster.api(), "ranged") as made:
        made.api.create(made.path("limitranges"), {"metadata": {"name": "range"}, "spec": {"limits": limits}}).expect()
        create(made, "pod", idle(), idle("beside"), **GATED)
        probe = change(limits={"cpu": "450m"})
        until(lambda: made.resize("pod", probe, query=DRY_RUN).code == 403, "the LimitRange in force")
        yield made


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param(
            "above the container's maximum", [change(requests={"cpu": "200m"}, limits={"cpu": "450m"})], id="maximum"
        ),
        pytest.param("below the container's minimum", [change(requests={"memory": "8Mi"})], id="minimum"),
        pytest.param(
            "above the pod's maximum",
            [
                change(requests={"cpu": "100m"}, limits={"cpu": "300m"}),
                change("beside", requests={"cpu": "100m"}, limits={"cpu": "300m"}),
            ],
            id="pod",
        ),
        pytest.param("above the ratio", [change(requests={"cpu": "40m"}, limits={"cpu": "400m"})], id="ratio"),
        pytest.param("three limits at once", [change(requests={"cpu": "10m"}, limits={"cpu": "450m"})], id="three"),
    ],
)
def test_a_limit_range_holds_for_resizes(ranged, minor, name, changes):
    for query in (DRY_RUN, ""):
        check(ranged.resize("pod", *changes, query=query), at(ADMISSION[name], minor), "pod")


def test_a_size_within_the_limit_range_is_taken(ranged):
    within = change(requests={"cpu": "100m"}, limits={"cpu": "400m"})  # 4 times, and 500m of 560m in all
    assert ranged.resize("pod", within, query=DRY_RUN).code == 200


def test_defaults_that_came_after_the_pod_are_added_by_its_first_resize(namespace, minor):
    """Why it matters: who raises the CPU request of an old pod may give it a memory limit that it never had."""
    create(namespace, "pod", idle(sizes={"requests": {"cpu": "30m"}}), **GATED)
    limits = [{"type": "Container", "default": {"cpu": "100m", "memory": "64Mi"}}]
    namespace.api.create(
        namespace.path("limitranges"), {"metadata": {"name": "later"}, "spec": {"limits": limits}}
    ).expect()

    def sized() -> Any:
        answer = namespace.resize("pod", change(requests={"cpu": "40m"}), query=DRY_RUN)
        if answer.code == 422:
            return answer
        return answer if "limits" in answer.expect()["spec"]["containers"][0]["resources"] else None

    answer = until(sized, "defaults seen")
    check(answer, at(ADMISSION["defaults that came later"], minor), "pod")
    if answer.code == 200:
        assert answer.body["spec"]["containers"][0]["resources"] == {
            "requests": {"cpu": "40m", "memory": "64Mi"},  # a default limit without a default request is both
            "limits": {"cpu": "100m", "memory": "64Mi"},
        }


# --- policies ---------------------------------------------------------------------------------------------------------


def test_a_policy_can_forbid_a_resize(namespace, minor):
    """It sees old and new sizes of pods/resize: a belt for whoever lets a program resize."""
    name = f"{namespace.name}.tests"
    shrinks = (
        "object.spec.containers.all(c, quantity(c.resources.limits['memory']).compareTo(quantity("
        "oldObject.spec.containers.filter(o, o.name == c.name)[0].resources.limits['memory'])) >= 0)"
    )
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods/resize"]}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": shrinks, "message": "memory limits may not shrink here"}],
    }
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace.name}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": here}}
    api = namespace.api
    create(namespace, "pod", idle(**RESTARTS), **GATED)  # 1.33 wants such a policy where memory shrinks
    try:
        api.create(POLICIES, {"metadata": {"name": name}, "spec": policy}).expect()
        api.create(BINDINGS, {"metadata": {"name": name}, "spec": binding}).expect()
        smaller = change(limits={"memory": "48Mi"})
        until(lambda: namespace.resize("pod", smaller, query=DRY_RUN).code != 200, "the policy in force")
        for query in (DRY_RUN, ""):
            match = check(namespace.resize("pod", smaller, query=query), at(ADMISSION["a policy"], minor), "pod")
            assert match["policy"] == name
        namespace.resize("pod", change(limits={"memory": "112Mi"})).expect()
    finally:
        api.delete(f"{BINDINGS}/{name}")
        api.delete(f"{POLICIES}/{name}")


# --- rights -----------------------------------------------------------------------------------------------------------


def grant(namespace: Namespace, user: str, resource: str, *verbs: str) -> None:
    rules = [{"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}]
    rbac = "rbac.authorization.k8s.io/v1"
    namespace.api.create(namespace.path(f"{rbac}/roles"), {"metadata": {"name": user}, "rules": rules}).expect()
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    binding = {"metadata": {"name": user}, "roleRef": role, "subjects": subjects}
    namespace.api.create(namespace.path(f"{rbac}/rolebindings"), binding).expect()


def allowed(namespace: Namespace, verb: str, sub: str = "") -> bool:
    asked = {"namespace": namespace.name, "verb": verb, "resource": "pods", "subresource": sub}
    answer = namespace.api.create(REVIEWS, {"spec": {"resourceAttributes": asked}}).expect()
    return bool(answer["status"]["allowed"])


def test_a_right_on_pods_is_none_on_their_size(cluster, namespace, minor):
    create(namespace, "pod", idle(), **GATED)
    grant(namespace, "podder", "pods", "*")
    podder = Namespace(namespace.name, cluster.api("podder"))
    until(lambda: allowed(podder, "patch"), "role in force")
    assert not allowed(podder, "patch", "resize")
    for query in (DRY_RUN, ""):
        answer = podder.resize("pod", change(requests={"cpu": "60m"}), query=query)
        assert check(answer, at(ADMISSION["no right"], minor), "pod")["user"] == "podder"


def test_a_right_on_sizes_is_enough_to_resize(cluster, namespace):
    """Nothing else of the pod can be changed with it, or read but through the subresource itself."""
    create(namespace, "pod", idle(), **GATED)
    grant(namespace, "resizer", "pods/resize", "get", "patch")
    resizer = Namespace(namespace.name, cluster.api("resizer"))
    until(lambda: allowed(resizer, "patch", "resize"), "role in force")
    assert not allowed(resizer, "get")
    assert resizer.api.get(resizer.path("pods", "pod")).code == 403
    assert resizer.resize("pod", change(requests={"cpu": "60m"})).code == 200
    whole = resizer.api.get(resizer.path("pods", "pod", "resize")).expect()
    assert whole == namespace.pod("pod")
