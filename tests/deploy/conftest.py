"""deploy/ on a real API server: report-only first, then act over it, as somebody who begins to trust it would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.api import Api, until
from tests.cluster.control_plane import ControlPlane
from tests.deploy.manifests import ACCOUNT, NAMESPACE, Kubectl, Object, composed, of_kind

NODE = "deploy-node"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installation of overlays/act, and its user."""

    kubectl: Kubectl
    token: str
    objects: list[Object]
    reporting: set[Any]  # what the user could do while it was installed as report-only
    spaces: list[str] = field(default_factory=list)

    @property
    def plane(self) -> ControlPlane:
        return self.kubectl.plane

    @property
    def admin(self) -> Api:
        return self.plane.api()

    @property
    def user(self) -> Api:
        return Api(self.plane.url, self.plane.ca, token=self.token)

    def space(self, name: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None) -> str:
        """A namespace in which pods can be created: no controller makes service accounts here."""
        metadata = {"name": name, "labels": labels or {}, "annotations": annotations or {}}
        self.admin.create("/api/v1/namespaces", {"metadata": metadata}).expect(201, 409)
        self.plane.service_account(name, "default")
        self.spaces.append(name)
        return name


def can_do(api: Api, namespace: str = "default") -> set[tuple[str, str, str, str]]:
    """All that a user may do in a namespace, by the API server's own account of it."""
    status = api.create(RULES, {"spec": {"namespace": namespace}}).expect()["status"]
    assert not status["incomplete"]
    return {
        (group, resource, verb, name)
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


@pytest.fixture(scope="package")
def kubectl(control_plane: Any, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    return Kubectl(control_plane, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture(scope="package")
def installed(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Everything applied for good, in two steps; taken away with the last test of this folder."""
    folder = tmp_path_factory.mktemp("overlays")
    overlays = {name: composed(folder / name, name, "server-side-pause") for name in ("report-only", "act")}
    objects = kubectl.rendered(overlays["act"])
    try:
        kubectl("apply", "-k", overlays["report-only"])
        plane = kubectl.plane
        token = plane.service_account(NAMESPACE, ACCOUNT)
        user = Api(plane.url, plane.ca, token=token)
        until(lambda: ("", "pods", "list", "") in can_do(user), "report-only in force")
        reporting = can_do(user)
        kubectl("apply", "-k", overlays["act"])
        until(lambda: ("", "pods/resize", "patch", "") in can_do(user), "act in force")
        made = Installed(kubectl, token, objects, reporting)
        for one in of_kind(objects, "CustomResourceDefinition"):
            name = one["metadata"]["name"]
            until(lambda name=name: served(made.admin, name), f"{name} served")
        create_node(made.admin)
        yield made
        for name in made.spaces:
            made.admin.call("DELETE", f"/api/v1/namespaces/{name}/pods", {"gracePeriodSeconds": 0}).expect()
        made.admin.delete(f"/api/v1/nodes/{NODE}").expect()
    finally:
        uninstall(kubectl, objects)


def served(api: Api, name: str) -> bool:
    plural, _, group = name.partition(".")
    return api.get(f"/apis/{group}/v1alpha1/{plural}").code == 200


def create_node(api: Api) -> None:
    """Resizes of pods on a node that is not there, or says not what it has, are refused (PodResizeValidator)."""
    metadata = {"name": NODE, "labels": {"kubernetes.io/os": "linux"}}
    status = {
        "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
        "declaredFeatures": ["InPlacePodLevelResourcesVerticalScaling"],
    }
    api.create("/api/v1/nodes", {"metadata": metadata, "status": status}).expect()


def uninstall(kubectl: Kubectl, objects: list[Object]) -> None:
    """All but the namespace, which needs a controller to go."""
    text = yaml.safe_dump_all([one for one in objects if one["kind"] != "Namespace"])
    kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=text)
    api = kubectl.plane.api()
    for one in of_kind(objects, "CustomResourceDefinition"):
        path = f"{CRDS}/{one['metadata']['name']}"
        until(lambda path=path: api.get(path).code == 404, f"{path} gone")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"
