"""What the folders of deploy/ render to, and that a real API server takes all of it."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.conftest import Installed
from tests.deploy.manifests import (
    ACCOUNT,
    CLUSTERWIDE,
    COMPONENTS,
    DEPLOY,
    NAMESPACE,
    OVERLAYS,
    Kubectl,
    Object,
    composed,
    named,
    of_kind,
    templates,
)
from vpa_inplace import __version__
from vpa_inplace.api.config import load_config
from vpa_inplace.api.crd import manifests
from vpa_inplace.cli.app import DONE, run

RUN = ["vpa-inplace", "run", "--config", "/etc/vpa-inplace/config.yaml"]
COMMANDS = {
    "report-only": [[*RUN, "--dry-run"]],
    "dry-run": [[*RUN, "--dry-run"]],
    "act": [RUN, ["vpa-inplace", "restore"]],
}
ROLES = {"vpa-inplace-report", "vpa-inplace-try", "vpa-inplace-act", "vpa-inplace-evict"}
GIVEN = {
    "report-only": {"vpa-inplace-report"},
    "dry-run": {"vpa-inplace-report", "vpa-inplace-try"},
    "act": {"vpa-inplace-report", "vpa-inplace-act"},
}
ADDS = {
    "birth-sizes": ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"],
    "critical": ["Deployment", "ResourceQuota"],
    "evict": ["ClusterRoleBinding"],
    "more-owners": ["ClusterRole", "ClusterRoleBinding"],
    "network-policy": ["NetworkPolicy"],
    "server-side-pause": ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
    "version": [],
}


@pytest.fixture(scope="module")
def rendered(kubectl: Kubectl) -> dict[str, list[Object]]:
    return {name: kubectl.rendered(DEPLOY / "overlays" / name) for name in OVERLAYS}


def identity(one: Object) -> tuple[str, str]:
    return one["kind"], one["metadata"]["name"]


# ---------------------------------------------------------------------------------------------------------- rendered


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_commands(rendered: dict[str, list[Object]], overlay: str) -> None:
    found = [
        one["command"] + one.get("args", [])
        for template in templates(rendered[overlay])
        for one in template["spec"]["containers"]
    ]
    assert sorted(found) == sorted(COMMANDS[overlay])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_program_knows_what_it_is_told(
    rendered: dict[str, list[Object]],
    overlay: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each option, and each variable that stands for one."""
    monkeypatch.setenv("COLUMNS", "200")
    (container,) = named(rendered[overlay], "Deployment", "vpa-inplace")["spec"]["template"]["spec"]["containers"]
    _, command, *words = container["command"] + container.get("args", [])
    assert run([command, "--help"]) == DONE
    known = set(re.findall(r"--[a-z-]+|VPA_INPLACE_[A-Z_]+", capsys.readouterr().out))
    told = [word for word in words if word.startswith("-")]
    told += [one["name"] for one in container["env"] if one["name"].startswith("VPA_INPLACE")]
    assert {"--config", "VPA_INPLACE_LISTEN", "VPA_INPLACE_STATE"} <= set(told) <= known


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_may_what(rendered: dict[str, list[Object]], overlay: str) -> None:
    """All roles and bindings are always there, so that an overlay takes back what another gave; these have a holder."""
    bindings = of_kind(rendered[overlay], "ClusterRoleBinding")
    assert {one["metadata"]["name"] for one in bindings} == ROLES
    assert {one["metadata"]["name"] for one in of_kind(rendered[overlay], "ClusterRole")} == ROLES
    assert all(one["roleRef"]["name"] == one["metadata"]["name"] for one in bindings)
    holders = {one["roleRef"]["name"]: one["subjects"] for one in bindings if one["subjects"]}
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}
    assert holders == {name: [subject] for name in GIVEN[overlay]}
    assert [one["subjects"] for one in of_kind(rendered[overlay], "RoleBinding")] == [[subject]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_ours(rendered: dict[str, list[Object]], overlay: str) -> None:
    for one in rendered[overlay]:
        clusterwide = one["kind"] in CLUSTERWIDE or "AdmissionPolicy" in one["kind"]
        assert one["metadata"].get("namespace") == (None if clusterwide else NAMESPACE), identity(one)
        assert one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "vpa-inplace", identity(one)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_image_is_of_this_version(rendered: dict[str, list[Object]], overlay: str) -> None:
    for template in templates(rendered[overlay]):
        for one in template["spec"]["containers"]:
            assert one["image"] == f"vpa-inplace:{__version__}"


def test_the_crds_are_those_of_the_models(rendered: dict[str, list[Object]]) -> None:
    found = of_kind(rendered["act"], "CustomResourceDefinition")
    assert {one["metadata"]["name"]: one["spec"] for one in found} == {
        one["metadata"]["name"]: one["spec"] for one in map(yaml.safe_load, manifests().values())
    }


def test_the_configuration_has_no_mistake(rendered: dict[str, list[Object]]) -> None:
    config = load_config(DEPLOY / "base" / "vpa-inplace.yaml")
    assert NAMESPACE in config.excluded_namespaces
    (made,) = (one for one in of_kind(rendered["act"], "ConfigMap") if "-config-" in one["metadata"]["name"])
    assert made["data"] == {"config.yaml": (DEPLOY / "base" / "vpa-inplace.yaml").read_text()}


def test_what_the_configuration_excludes_the_policy_denies(rendered: dict[str, list[Object]]) -> None:
    """The controller does not even ask where the server would say no."""
    policy = named(rendered["act"], "ValidatingAdmissionPolicy", "vpa-inplace-resizes")
    config = load_config(DEPLOY / "base" / "vpa-inplace.yaml")
    denied = {"kube-system", "kube-public", "kube-node-lease"}  # test_belt.py: each of them
    assert all(f"'{name}'" in policy["spec"]["validations"][0]["expression"] for name in denied)
    assert set(config.excluded_namespaces) == denied | {NAMESPACE}


def test_the_controller(rendered: dict[str, list[Object]]) -> None:
    spec = named(rendered["act"], "Deployment", "vpa-inplace")["spec"]
    assert spec["replicas"] == 2
    pod = spec["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 15
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert port == {"name": "http", "containerPort": 8080}
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {(probe["path"], probe["port"]) for probe in probes.values()} == {("/healthz", "http"), ("/readyz", "http")}
    assert probes["readiness"]["path"] == "/readyz"
    metrics = {
        f"prometheus.io/{key}": value for key, value in (("scrape", "true"), ("port", "8080"), ("path", "/metrics"))
    }
    assert spec["template"]["metadata"]["annotations"] == metrics


def test_what_is_written_is_written_to_volumes(rendered: dict[str, list[Object]]) -> None:
    for template in templates(rendered["act"]):
        volumes = {one["name"]: one for one in template["spec"]["volumes"]}
        for container in template["spec"]["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            writable = {one["mountPath"] for one in container["volumeMounts"] if "emptyDir" in volumes[one["name"]]}
            assert "/tmp" in writable
            assert all(one["emptyDir"]["sizeLimit"] for one in volumes.values() if "emptyDir" in one)


def test_selectors_select_the_controller_alone(rendered: dict[str, list[Object]]) -> None:
    controller, restore = (one["metadata"]["labels"] for one in templates(rendered["act"]))
    deployment = named(rendered["act"], "Deployment", "vpa-inplace")["spec"]
    budget = named(rendered["act"], "PodDisruptionBudget", "vpa-inplace")["spec"]
    spread = [one["labelSelector"] for one in deployment["template"]["spec"]["topologySpreadConstraints"]]
    for selector in (deployment["selector"], budget["selector"], *spread):
        labels = selector["matchLabels"].items()
        assert labels <= controller.items()
        assert not labels <= restore.items()


def test_restore_rests(rendered: dict[str, list[Object]]) -> None:
    assert named(rendered["act"], "CronJob", "vpa-inplace-restore")["spec"]["suspend"] is True


# ------------------------------------------------------------------------------------------------- on an API server


def test_all_is_taken_and_stays(installed: Installed, kubectl: Kubectl) -> None:
    """Each object is served; another apply changes none of them, so the server keeps every field as it is written."""
    text = yaml.safe_dump_all(installed.objects)
    said = kubectl("apply", "--dry-run=server", "-f", "-", stdin=text).splitlines()
    assert len(said) == len(installed.objects)
    assert [line for line in said if "created" in line] == []
    assert kubectl("diff", "-f", "-", stdin=text) == ""


def test_the_strict_server_knows_every_field(installed: Installed) -> None:
    """kubectl's own check is of its own version; this is the server's: a field that is misspelt is an error."""
    text = yaml.safe_dump_all(installed.objects)
    installed.kubectl("replace", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)


@pytest.mark.parametrize("component", COMPONENTS)
def test_components(installed: Installed, rendered: dict[str, list[Object]], folder: Path, component: str) -> None:
    objects = installed.kubectl.rendered(composed(folder, "act", component))
    plain = {identity(one): one for one in rendered["act"]}
    changed = [one for one in objects if one != plain.get(identity(one))]
    assert sorted(one["kind"] for one in changed) == ADDS[component]
    if not changed or (component == "birth-sizes" and not mutating(installed)):  # test_birth.py says so
        return
    said = installed.kubectl("apply", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump_all(changed))
    assert said.count("\n") == len(changed)


def mutating(made: Installed) -> bool:
    served = made.admin.get("/apis/admissionregistration.k8s.io/v1").expect()["resources"]
    return "mutatingadmissionpolicies" in {one["name"] for one in served}


def test_acting_after_reporting_is_no_dry_run(installed: Installed) -> None:
    """report-only was applied before act: nothing of it stays."""
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/vpa-inplace"
    (container,) = installed.admin.get(path).expect()["spec"]["template"]["spec"]["containers"]
    assert "args" not in container


def test_its_pods_are_admitted_where_nothing_privileged_is(installed: Installed) -> None:
    """By pod security at its strictest, as Guaranteed; and the check is not for show."""
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All"
    for name, template in enumerate(templates(installed.objects)):
        pod = {"metadata": {"name": f"try-{name}", "labels": template["metadata"]["labels"]}, "spec": template["spec"]}
        made = installed.admin.create(pods, pod).expect()
        assert made["status"]["qosClass"] == "Guaranteed"
        tokens = [one for one in made["spec"]["volumes"] if one["name"].startswith("kube-api-access")]
        assert len(tokens) == 1, "it has no token"
        rooted: Any = copy.deepcopy(pod)
        rooted["spec"]["securityContext"]["runAsNonRoot"] = False
        answer = installed.admin.create(pods, rooted)
        assert answer.code == 403
        assert 'violates PodSecurity "restricted' in answer.body["message"]


def test_critical_pods_are_let_in(installed: Installed, kubectl: Kubectl, folder: Path) -> None:
    objects = kubectl.rendered(composed(folder, "act", "critical"))
    template = named(objects, "Deployment", "vpa-inplace")["spec"]["template"]
    pod = {"metadata": {"name": "try-critical"}, "spec": template["spec"]}
    made = installed.admin.create(f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", pod).expect()
    assert made["spec"]["priority"] == 2_000_000_000  # scheduling.SystemCriticalPriority


def test_a_changed_configuration_is_a_rollout(kubectl: Kubectl, folder: Path) -> None:
    """As docs/deploy.md shows it: settings of one's own, under another name, in the same place."""
    composed(folder, "act")
    (folder / "mine.yaml").write_text("cluster: mine\n")
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    generator = {
        "name": "vpa-inplace-config",
        "namespace": NAMESPACE,
        "behavior": "replace",
        "files": ["config.yaml=mine.yaml"],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization | {"configMapGenerator": [generator]}))
    theirs, ours = kubectl.rendered(DEPLOY / "overlays" / "act"), kubectl.rendered(folder)
    used = [mounted_configuration(objects) for objects in (theirs, ours)]
    assert used[0] != used[1]
    assert named(ours, "ConfigMap", used[1])["data"] == {"config.yaml": "cluster: mine\n"}


def mounted_configuration(objects: list[Object]) -> str:
    volumes = named(objects, "Deployment", "vpa-inplace")["spec"]["template"]["spec"]["volumes"]
    (name,) = (one["configMap"]["name"] for one in volumes if "configMap" in one)
    assert isinstance(name, str)
    return name
