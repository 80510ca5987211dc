"""What our user may do: by its roles, by the API server's word, and by what watches and writes with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.api import Api, until
from tests.deploy.conftest import Installed, can_do
from tests.deploy.manifests import ACCOUNT, DEPLOY, NAMESPACE, composed, grants, named
from vpa_inplace.drive.lease import Lease
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.cache import Cache
from vpa_inplace.observe.kubernetes.kinds import KINDS, ConfigMap
from vpa_inplace.observe.kubernetes.store import State
from vpa_inplace.observe.kubernetes.watch import Where

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
OURS = "autoscaling.vpa-inplace.io"
READ = ("get", "list", "watch")


def reviewed(made: Installed, account: str, verb: str, what: str, namespace: str, name: str = "") -> bool:
    """Whether a service account of our namespace may; ``what`` is resource.group/subresource."""
    resource, _, sub = what.partition("/")
    resource, _, group = resource.partition(".")
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": sub,
        "namespace": namespace,
        "name": name,
    }
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"]
    user = f"system:serviceaccount:{NAMESPACE}:{account}"
    spec = {"user": user, "groups": groups, "resourceAttributes": attributes}
    return bool(made.admin.create(REVIEWS, {"spec": spec}).expect()["status"]["allowed"])


# ------------------------------------------------------------------------------------------------------ what it reads


def test_report_reads_every_kind_that_is_watched_and_nothing_else(installed: Installed) -> None:
    watched = {(kind.group, kind.plural, verb, "") for kind in KINDS if not kind.by_name_only for verb in READ}
    scale = {("*", "*/scale", "get", "")}  # Owners.scale: of workloads of any kind
    assert grants(named(installed.objects, "ClusterRole", "vpa-inplace-report")) == watched | scale


def test_of_kinds_that_are_watched_by_name_it_reads_the_switch(installed: Installed) -> None:
    role = grants(named(installed.objects, "Role", "vpa-inplace"))
    by_name = {(kind.group, kind.plural) for kind in KINDS if kind.by_name_only}
    assert {(group, resource) for group, resource, _, _ in role} - {("coordination.k8s.io", "leases")} == by_name
    named_maps = {(verb, name) for _, resource, verb, name in role if resource == "configmaps"}
    assert named_maps == {(verb, "vpa-inplace-switch") for verb in READ}


def test_the_watches_work_with_these_rights(installed: Installed) -> None:
    """The program's own cache, as our user. Kinds of others are not installed here, which is not a refusal."""
    settings = KubeSettings(kubeconfig=installed.plane.token_kubeconfig("vpa-inplace-user", installed.token))
    cache = Cache(KubeClient(settings), where={ConfigMap: Where(NAMESPACE, "vpa-inplace-switch")})
    cache.start()
    try:
        assert cache.settle(30)
        states = {kind.plural: view.state for kind, view in cache.views()}
        elsewhere = {"verticalpodautoscalers", "scaledobjects"}
        assert states == {kind.plural: State.MISSING if kind.plural in elsewhere else State.LIVE for kind in KINDS}
        assert set(cache.views().of(ConfigMap).objects) == {(NAMESPACE, "vpa-inplace-switch")}
    finally:
        cache.stop()


# ----------------------------------------------------------------------------------------------------- what it writes


def test_the_lease_can_be_taken_kept_and_given_back(installed: Installed) -> None:
    settings = KubeSettings(kubeconfig=installed.plane.token_kubeconfig("vpa-inplace-user", installed.token))
    lease = Lease(KubeClient(settings), NAMESPACE, "vpa-inplace", "replica-1")
    assert lease.renew()
    assert lease.renew()
    lease.release()
    path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/vpa-inplace"
    assert installed.admin.get(path).expect()["spec"]["holderIdentity"] == ""
    installed.admin.delete(path).expect()


MAY = [
    ("get", "pods/resize", "shop"),
    ("patch", "pods/resize", "shop"),
    ("create", f"resizestates.{OURS}", "shop"),
    ("update", f"resizestates.{OURS}", "shop"),
    ("delete", f"resizestates.{OURS}", "shop"),
    ("update", f"inplacepodautoscalers.{OURS}/status", "shop"),
    ("patch", f"inplacepodautoscalers.{OURS}/status", "shop"),
    ("create", "events", "shop"),
    ("patch", "events", "shop"),
    ("create", "leases.coordination.k8s.io", NAMESPACE),
    ("get", "deployments.apps/scale", "shop"),
    ("get", "rollouts.argoproj.io/scale", "shop"),
]
MAY_NOT = [
    ("patch", "pods", "shop"),
    ("update", "pods", "shop"),
    ("create", "pods", "shop"),
    ("delete", "pods", "shop"),
    ("deletecollection", "pods", "shop"),
    ("update", "pods/resize", "shop"),
    ("patch", "pods/status", "shop"),
    ("patch", "pods/ephemeralcontainers", "shop"),
    ("create", "pods/eviction", "shop"),
    ("create", "pods/exec", "shop"),
    ("get", "pods/log", "shop"),
    ("create", "pods/binding", "shop"),
    ("get", "secrets", "shop"),
    ("list", "secrets", "shop"),
    ("get", "secrets", NAMESPACE),
    ("list", "configmaps", "shop"),
    ("list", "configmaps", NAMESPACE),
    ("patch", "configmaps", NAMESPACE),
    ("get", "leases.coordination.k8s.io", "kube-system"),
    ("delete", "leases.coordination.k8s.io", NAMESPACE),
    ("update", "deployments.apps", "shop"),
    ("patch", "deployments.apps/scale", "shop"),
    ("update", "statefulsets.apps/scale", "shop"),
    ("get", "rollouts.argoproj.io", "shop"),
    ("patch", "nodes", ""),
    ("get", "nodes/proxy", ""),
    ("update", f"inplacepodautoscalers.{OURS}", "shop"),
    ("delete", f"inplacepodautoscalers.{OURS}", "shop"),
    ("patch", f"resizestates.{OURS}", "shop"),
    ("deletecollection", f"resizestates.{OURS}", "shop"),
    ("patch", "horizontalpodautoscalers.autoscaling", "shop"),
    ("update", "resourcequotas", "shop"),
    ("create", "serviceaccounts/token", NAMESPACE),
    ("impersonate", "users", ""),
    ("escalate", "clusterroles.rbac.authorization.k8s.io", ""),
    ("bind", "clusterroles.rbac.authorization.k8s.io", ""),
    ("delete", "validatingadmissionpolicies.admissionregistration.k8s.io", ""),
    ("patch", "customresourcedefinitions.apiextensions.k8s.io", ""),
]


@pytest.mark.parametrize(("verb", "what", "namespace"), MAY, ids=lambda part: part or "cluster")
def test_what_it_may(installed: Installed, verb: str, what: str, namespace: str) -> None:
    assert reviewed(installed, ACCOUNT, verb, what, namespace)
    assert not reviewed(installed, "default", verb, what, namespace), "another account of the namespace may as well"


@pytest.mark.parametrize(("verb", "what", "namespace"), MAY_NOT, ids=lambda part: part or "cluster")
def test_what_it_may_not(installed: Installed, verb: str, what: str, namespace: str) -> None:
    assert not reviewed(installed, ACCOUNT, verb, what, namespace)


@pytest.mark.parametrize(
    ("verb", "what", "name", "may"),
    [
        ("get", "configmaps", "vpa-inplace-switch", True),
        ("watch", "configmaps", "vpa-inplace-switch", True),
        ("update", "configmaps", "vpa-inplace-switch", False),
        ("get", "configmaps", "kube-root-ca.crt", False),
        ("update", "leases.coordination.k8s.io", "vpa-inplace", True),
        ("update", "leases.coordination.k8s.io", "another", False),
    ],
)
def test_what_it_may_with_one_object(installed: Installed, verb: str, what: str, name: str, may: bool) -> None:
    assert reviewed(installed, ACCOUNT, verb, what, NAMESPACE, name) is may


# ----------------------------------------------------------------------------------------------------- and that is all


@pytest.fixture(scope="module")
def anybody(installed: Installed) -> set[Any]:
    """What every authenticated user may: ask what it may."""
    token = installed.plane.service_account(NAMESPACE, "nobody")
    return can_do(Api(installed.plane.url, installed.plane.ca, token=token), NAMESPACE)


def roles(made: Installed, *names: str) -> set[Any]:
    return grants(
        named(made.objects, "Role", "vpa-inplace"), *(named(made.objects, "ClusterRole", name) for name in names)
    )


def test_acting_it_may_what_its_roles_say_and_no_more(installed: Installed, anybody: set[Any]) -> None:
    declared = roles(installed, "vpa-inplace-report", "vpa-inplace-act")
    assert can_do(installed.user, NAMESPACE) - anybody == declared


def test_elsewhere_it_may_what_its_cluster_roles_say(installed: Installed, anybody: set[Any]) -> None:
    own = grants(named(installed.objects, "Role", "vpa-inplace"))
    declared = roles(installed, "vpa-inplace-report", "vpa-inplace-act") - own
    assert can_do(installed.user, "default") - anybody == declared


def test_reporting_it_may_change_nothing(installed: Installed, anybody: set[Any]) -> None:
    declared = grants(named(installed.objects, "ClusterRole", "vpa-inplace-report"))
    assert installed.reporting - anybody == declared
    assert {verb for _, _, verb, _ in declared} == set(READ)


def test_evicting_has_to_be_given(installed: Installed, folder: Path) -> None:
    """And is taken back by applying the overlay without it."""
    evict = ("", "pods/eviction", "create", "")
    before = can_do(installed.user)
    with_it = installed.kubectl.rendered(composed(folder, "act", "evict"))
    for objects, difference in ((with_it, {evict}), (installed.objects, set())):
        binding = named(objects, "ClusterRoleBinding", "vpa-inplace-evict")
        installed.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(binding))
        until(lambda difference=difference: can_do(installed.user) - before == difference, "binding in force")


@pytest.mark.parametrize("name", ["base/roles.yaml", "components/more-owners/role.yaml"])
def test_every_rule_says_what_it_is_for(name: str) -> None:
    lines = (DEPLOY / name).read_text().splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("- apiGroups:")]
    assert rules
    assert [lines[number] for number in rules if not re.match(r"# \S", lines[number - 1])] == []
