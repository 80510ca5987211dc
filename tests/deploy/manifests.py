"""What stands in deploy/, rendered by kubectl as users would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.control_plane import ControlPlane

DEPLOY = Path(__file__).parents[2] / "deploy"
NAMESPACE, ACCOUNT = "vpa-inplace", "vpa-inplace"
OVERLAYS = ("report-only", "dry-run", "act")
COMPONENTS = tuple(sorted(path.parent.name for path in DEPLOY.glob("components/*/kustomization.yaml")))
CLUSTERWIDE = ("CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterRoleBinding")

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The kubectl that was built with the API server, as an administrator; ``folder`` is its home."""

    plane: ControlPlane
    folder: Path

    def __call__(self, *words: str | Path, stdin: str | None = None) -> str:
        """What it says; AssertionError with its complaint where it fails."""
        command = [self.plane.binaries.kubernetes / "kubectl", *words]
        environment = {"HOME": str(self.folder), "KUBECONFIG": str(self.plane.kubeconfig()), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}{done.stdout}"
        return done.stdout

    def rendered(self, folder: Path) -> list[Object]:
        return list(yaml.safe_load_all(self("kustomize", folder)))


def composed(folder: Path, overlay: str, *components: str) -> Path:
    """An overlay of one's own, as docs/deploy.md shows it, in a folder outside of deploy/."""
    folder.mkdir(parents=True, exist_ok=True)
    there = os.path.relpath(DEPLOY, folder)
    kustomization = {
        "resources": [f"{there}/overlays/{overlay}"],
        "components": [f"{there}/components/{name}" for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return folder


def of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    return [one for one in objects if one["kind"] == kind]


def named(objects: Iterable[Object], kind: str, name: str) -> Object:
    (found,) = (one for one in of_kind(objects, kind) if one["metadata"]["name"] == name)
    return found


def templates(objects: Iterable[Object]) -> Iterator[Object]:
    """Every pod that the objects make."""
    for one in objects:
        match one["kind"]:
            case "Deployment":
                yield one["spec"]["template"]
            case "CronJob":
                yield one["spec"]["jobTemplate"]["spec"]["template"]


def grants(*roles: Object) -> set[tuple[str, str, str, str]]:
    """Rules taken apart: group, resource, verb, and the one object that it is for, or nothing."""
    return {
        (group, resource, verb, name)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }
