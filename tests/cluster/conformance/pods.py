"""The pods that these tests resize: small, idle, and started together where a test does not need the node for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cluster.fixtures import Namespace, change, container, started

MIB = 1 << 20
SIZES: dict[str, Any] = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "100m", "memory": "96Mi"}}
REQUESTS: dict[str, Any] = {"requests": SIZES["requests"]}
HUNGRY: dict[str, Any] = {"requests": SIZES["requests"], "limits": {"cpu": "500m", "memory": "64Mi"}}
GATED: dict[str, Any] = {"schedulingGates": [{"name": "tests/hold"}]}  # the scheduler leaves such a pod alone
RESTARTS: dict[str, Any] = {"resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]}


def idle(name: str = "main", *args: str, sizes: Any = None, **more: Any) -> dict[str, Any]:
    """A container that does next to nothing; one beside `main` needs a port of its own: ("-listen", ":8081")."""
    return container(name, "-cpu", "0.01", *args, **(SIZES if sizes is None else sizes), **more)


def create(namespace: Namespace, name: str, *containers: dict[str, Any], **spec: Any) -> None:
    pod = {"metadata": {"name": name}, "spec": {"terminationGracePeriodSeconds": 1, "containers": containers} | spec}
    namespace.api.create(namespace.path("pods"), pod).expect()


def start(namespace: Namespace, pods: Mapping[str, dict[str, Any]]) -> None:
    """Create all, then wait for all: one after the other takes several times as long. A pod is a container and spec."""
    for name, spec in pods.items():
        create(namespace, name, spec["container"], **{key: value for key, value in spec.items() if key != "container"})
    for name in pods:
        namespace.until(name, started, "started", seconds=60)


def of_cpu(request: int, limit: int | None = None, name: str = "main") -> dict[str, Any]:
    """A change to these millicores; without a limit both are the same."""
    return change(name, requests={"cpu": f"{request}m"}, limits={"cpu": f"{limit or request}m"})
