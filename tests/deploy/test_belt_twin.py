"""The admission policy on what today's API servers refuse before it is asked, or let nobody send.

A later one may not: 1.37 lets sizes of volumes in memory through where its alpha gate is on. So the policy is put over
objects that are shaped like pods and obey none of the rules of pods.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.api import Answer, Api, until
from tests.deploy.conftest import CRDS, Installed
from tests.deploy.manifests import ACCOUNT, named
from tests.deploy.pods import APP, SIZES_ONLY, ZERO, memory

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GROUP = "tests.vpa-inplace.io"
TWIN = f"twins.{GROUP}"
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
WHOLE: dict[str, Any] = {
    "containers": [
        {
            "name": "app",
            "resources": {
                "requests": APP["requests"] | {"ephemeral-storage": "1Gi"},
                "limits": APP["limits"] | {"ephemeral-storage": "2Gi"},
                "claims": [{"name": "gpu"}],
            },
            "resizePolicy": [{"resourceName": "memory", "restartPolicy": "NotRequired"}],
        }
    ],
    "initContainers": [{"name": "prepare", "resources": APP}],
    "volumes": [{"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
    "resources": {"requests": {"cpu": "2"}},
}


@pytest.fixture(scope="module")
def twin(installed: Installed) -> Iterator[Callable[[dict[str, Any]], Answer]]:
    """Changes an object that is shaped like a pod and obeys none of the rules of pods, under the same policy.

    By an account of our name in another namespace, which the policy takes for us too.
    """
    api, space = installed.admin, installed.space("deploy-twins")
    kind = {"kind": "Twin", "plural": "twins", "singular": "twin"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": OPEN}}
    crd = {"group": GROUP, "scope": "Namespaced", "names": kind, "versions": [version]}
    api.create(CRDS, {"metadata": {"name": TWIN}, "spec": crd}).expect()
    policy = copy.deepcopy(named(installed.objects, "ValidatingAdmissionPolicy", "vpa-inplace-resizes")["spec"])
    binding = named(installed.objects, "ValidatingAdmissionPolicyBinding", "vpa-inplace-resizes")["spec"]
    (rule,) = policy["matchConstraints"]["resourceRules"]
    rule |= {"apiGroups": [GROUP], "resources": ["twins"]}
    policies, bindings = f"{ADMISSION}/validatingadmissionpolicies", f"{ADMISSION}/validatingadmissionpolicybindings"
    api.create(policies, {"metadata": {"name": TWIN}, "spec": policy}).expect()
    api.create(bindings, {"metadata": {"name": TWIN}, "spec": binding | {"policyName": TWIN}}).expect()

    rights = [{"apiGroups": [GROUP], "resources": ["twins"], "verbs": ["get", "update"]}]
    token = installed.plane.service_account(installed.space("deploy-elsewhere"), ACCOUNT, rights)
    ours = Api(installed.plane.url, installed.plane.ca, token=token)
    path = f"/apis/{GROUP}/v1/namespaces/{space}/twins"
    until(lambda: api.get(path).code == 200, "twins served")
    body = {"apiVersion": f"{GROUP}/v1", "kind": "Twin", "metadata": {"name": "web"}, "spec": WHOLE}
    made = api.create(path, body).expect()
    until(lambda: ours.get(f"{path}/web").code == 200, "role in force")

    def become(spec: dict[str, Any]) -> Answer:
        return ours.call("PUT", f"{path}/web?dryRun=All", made | {"spec": spec})

    until(lambda: become(WHOLE | {"volumes": []}).code == 422, "the policy in force")
    yield become
    api.delete(f"{bindings}/{TWIN}").expect()
    api.delete(f"{policies}/{TWIN}").expect()
    api.delete(f"{CRDS}/{TWIN}").expect()


def but(*where: str | int, value: Any) -> dict[str, Any]:
    """WHOLE with another value at one place; None takes it away."""
    spec = copy.deepcopy(WHOLE)
    at: Any = spec
    for part in where[:-1]:
        at = at[part]
    if value is None:
        del at[where[-1]]
    else:
        at[where[-1]] = value
    return spec


APPS = ("containers", 0, "resources")
CPU_AND_MEMORY = "vpa-inplace may change nothing but cpu and memory, and take no request or limit away"


def test_a_twin_may_change_as_a_pod_may(twin: Callable[[dict[str, Any]], Answer]) -> None:
    twin(WHOLE).expect()
    twin(but(*APPS, "requests", "cpu", value="100m")).expect()
    twin(but("initContainers", 0, "resources", "limits", "memory", value="1Gi")).expect()


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        pytest.param(but("resources", "requests", "cpu", value="3"), SIZES_ONLY, id="size of the pod"),
        pytest.param(but("resources", value=None), SIZES_ONLY, id="size of the pod gone"),
        pytest.param(but("volumes", 0, "emptyDir", "sizeLimit", value="2Gi"), SIZES_ONLY, id="volume in memory"),
        pytest.param(but("volumes", value=None), SIZES_ONLY, id="volumes gone"),
        pytest.param(
            but("containers", 0, "resizePolicy", 0, "restartPolicy", value="RestartContainer"),
            SIZES_ONLY,
            id="resize policy",
        ),
        pytest.param(but(*APPS, "claims", value=None), SIZES_ONLY, id="claims"),
        pytest.param(but(*APPS, "requests", "ephemeral-storage", value="2Gi"), CPU_AND_MEMORY, id="another resource"),
        pytest.param(but(*APPS, "requests", "nvidia.com/gpu", value="1"), CPU_AND_MEMORY, id="a new resource"),
        pytest.param(but(*APPS, "requests", "cpu", value=None), CPU_AND_MEMORY, id="a request gone"),
        pytest.param(but(*APPS, "limits", "memory", value=None), CPU_AND_MEMORY, id="a limit gone"),
        pytest.param(but(*APPS, "limits", value=None), CPU_AND_MEMORY, id="all limits gone"),
        pytest.param(but(*APPS, "limits", "cpu", value="0"), ZERO, id="unlimited by a zero"),
        pytest.param(
            but("initContainers", 0, "resources", "limits", "memory", value="1Mi"), memory("prepare"), id="init"
        ),
    ],
)
def test_what_a_twin_may_not(twin: Callable[[dict[str, Any]], Answer], spec: dict[str, Any], sentence: str) -> None:
    answer = twin(spec)
    assert answer.code == 422, answer.body
    assert answer.body["message"].endswith(f"denied request: {sentence}")


def test_an_expression_that_fails_denies(twin: Callable[[dict[str, Any]], Answer]) -> None:
    """A container that was not there has nothing to be compared with."""
    answer = twin(but("containers", 0, "name", value="other"))
    assert answer.code == 422, answer.body
    assert "index out of bounds" in answer.body["message"]
