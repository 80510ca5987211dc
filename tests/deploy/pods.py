"""Pods as an API server knows them without a kubelet, their resizes, and the sentences that these are denied with."""

from __future__ import annotations

from typing import Any

from tests.cluster.api import Answer, Api
from tests.deploy.conftest import NODE, Installed

APP = {"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"cpu": "400m", "memory": "256Mi"}}
BARE = {"requests": {"cpu": "100m"}}
# Without it 1.33 refuses lower and new memory limits itself.
RESTARTS = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
Sizes = dict[str, Any]


def a_container(name: str, sizes: Sizes, **more: Any) -> dict[str, Any]:
    """One that is let into a namespace that insists on safety, as ours does."""
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    made = {"name": name, "image": "app:1", "resources": sizes, "securityContext": safe, "resizePolicy": RESTARTS}
    return made | more


def create(made: Installed, space: str, name: str, **more: Any) -> None:
    """A pod on a node, as the API server knows it before a kubelet has said anything."""
    spec = {
        "nodeName": NODE,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [a_container("app", APP), a_container("bare", BARE)],
        "initContainers": [
            a_container("proxy", APP, restartPolicy="Always"),
            a_container("prepare", APP, resizePolicy=[]),
        ],
    }
    metadata = {"name": name, "annotations": more.pop("annotations", {})}
    made.admin.create(f"/api/v1/namespaces/{space}/pods", {"metadata": metadata, "spec": spec | more}).expect()


def run(made: Installed, space: str, name: str, app: Sizes) -> None:
    """Say as a kubelet would that the container runs with these sizes."""
    state = {"running": {"startedAt": "2026-11-01T10:00:00Z"}}
    status = {
        "name": "app",
        "state": state,
        "ready": True,
        "restartCount": 0,
        "image": "app:1",
        "imageID": "app:1",
        "resources": app,
        "allocatedResources": app["requests"],
    }
    body = {"status": {"phase": "Running", "containerStatuses": [status]}}
    made.admin.patch(f"/api/v1/namespaces/{space}/pods/{name}/status", body).expect()


def resize(api: Api, space: str, name: str, *changes: Any, init: Any = (), **spec: Any) -> Answer:
    body: dict[str, Any] = {"spec": {"containers": list(changes), **spec}}
    if init:
        body["spec"]["initContainers"] = list(init)
    return api.patch(f"/api/v1/namespaces/{space}/pods/{name}/resize?dryRun=All", body)


def denied(answer: Answer, sentence: str) -> None:
    assert answer.code == 422, answer.body
    assert answer.body["message"].endswith(f"denied request: {sentence}")
    assert "ValidatingAdmissionPolicy 'vpa-inplace-resizes'" in answer.body["message"]  # what act/answers.py looks for


def memory(names: str) -> str:
    return (
        f"vpa-inplace may not lower a memory limit: {names}; annotate the pod or its namespace with "
        'vpa-inplace.io/allow-memory-limit-decrease: "true" if it may'
    )


def limit(names: str) -> str:
    return f"vpa-inplace may not give a limit to what has none: {names} (or does a LimitRange add it?)"


ZERO = "vpa-inplace may not set a size to zero"
SIZES_ONLY = "vpa-inplace may change nothing but requests and limits of containers"
