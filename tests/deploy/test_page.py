"""docs/deploy.md says what is there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.deploy.manifests import COMPONENTS, DEPLOY, NAMESPACE, OVERLAYS, Kubectl, named

PAGE = (DEPLOY.parent / "docs" / "deploy.md").read_text()


def test_the_kustomization_on_the_page_renders(kubectl: Kubectl, folder: Path) -> None:
    (example,) = re.findall(r"```yaml\n# kustomization.yaml\n(.*?)```", PAGE, re.DOTALL)
    folder.mkdir()
    checkout = os.path.relpath(DEPLOY.parent, folder)
    (folder / "kustomization.yaml").write_text(example.replace("../vpa-inplace", checkout))
    (folder / "vpa-inplace.yaml").write_text("cluster: mine\n")
    objects = kubectl.rendered(folder)
    (container,) = named(objects, "Deployment", "vpa-inplace")["spec"]["template"]["spec"]["containers"]
    assert container["image"].startswith("registry.example/vpa-inplace:")
    (config,) = (one for one in objects if one["metadata"]["name"].startswith("vpa-inplace-config-"))
    assert config["data"] == {"config.yaml": "cluster: mine\n"}
    assert config["metadata"]["namespace"] == NAMESPACE
    named(objects, "ValidatingAdmissionPolicyBinding", "vpa-inplace-pause")


def test_overlays_and_components_are_told() -> None:
    assert set(re.findall(r"kubectl apply -k deploy/overlays/([a-z-]+)", PAGE)) == set(OVERLAYS)
    assert {name for name in COMPONENTS if f"`{name}`" in PAGE} == set(COMPONENTS)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"vpa-inplace\.io/[a-z-]+", PAGE))))
def test_labels_and_annotations_are_looked_at(name: str) -> None:
    policies = "".join(path.read_text() for path in DEPLOY.rglob("*policy.yaml"))
    assert f"'{name}'" in policies
