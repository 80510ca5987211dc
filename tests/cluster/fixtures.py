"""A pytest plugin: fixtures with a real control plane, or a real cluster of one node, shared by a session's tests.

Under pytest-xdist all tests of one fixture go to the same worker (`--dist loadgroup`), so that one cluster is started,
not one a worker. Tests share it and keep apart by namespaces; those that need a server with other flags start their own.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.api import STRATEGIC, Answer, Api, until
from tests.cluster.toolchain import KUBERNETES, Missing
from tests.support.components import require, require_prometheus

VERSION = (os.environ.get("KUBERNETES") or KUBERNETES).removeprefix("v")
GROUPS = ("cluster", "control_plane")  # a test that wants both goes with the first


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        for group in GROUPS:
            if group in wanted:
                item.add_marker(pytest.mark.xdist_group(group))
                break


def or_skip(check: Callable[[], None]) -> None:
    """Skip with the reason where this machine cannot have it; fail where everything is required."""
    try:
        check()
    except Missing as missing:
        require(f"real cluster ({missing})", False)


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Any]:
    """etcd and a kube-apiserver: a `tests.cluster.control_plane.ControlPlane`."""
    from tests.cluster import cluster, machine

    or_skip(machine.check_control_plane)
    with cluster.control_plane(VERSION) as plane:
        yield plane


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A whole cluster of one node: a `tests.cluster.cluster.Cluster`."""
    from tests.cluster import cluster as clusters
    from tests.cluster import machine

    or_skip(machine.check_node)
    with clusters.cluster(VERSION) as running:
        yield running


@pytest.fixture(scope="session")
def observability(cluster: Any) -> Any:
    """Prometheus beside the cluster: a `tests.cluster.observability.Prometheus` that is running."""
    from tests.cluster.observed import observe

    require_prometheus()
    return observe(cluster)


@pytest.fixture
def namespace(cluster: Any, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """A namespace of the test's own, gone after it with all that is in it."""
    with fresh_namespace(cluster.api(), request.node.name) as fresh:
        yield fresh


@contextmanager
def fresh_namespace(api: Api, wish: str) -> Iterator[Namespace]:
    """A namespace with a name like this one, gone with the block."""
    name = re.sub(r"[^a-z0-9]+", "-", wish.lower()).strip("-")
    if len(name) > 63:  # a tail of its own, or two cases of one test would meet
        name = f"{name[:50].strip('-')}-{zlib.crc32(name.encode()):08x}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name}}).expect()
    path = f"/api/v1/namespaces/{name}"
    try:
        until(lambda: api.get(f"{path}/serviceaccounts/default").code == 200, f"default service account of {name}")
        yield Namespace(name, api)
    finally:
        api.delete(path).expect()  # from here on no workload makes new pods
        # Pods at once: their room is what the next test wants.
        api.call("DELETE", f"{path}/pods", {"gracePeriodSeconds": 0}).expect()
        until(lambda: not api.get(f"{path}/pods").expect()["items"], f"pods of {name} gone")


@dataclass(frozen=True, slots=True)
class Namespace:
    """What tests do with pods, in one namespace."""

    name: str
    api: Api

    def path(self, kind: str, name: str = "", sub: str = "") -> str:
        """A path below this namespace: `path("pods", "burner", "resize")`; `kind` may name a group as "apps/v1/..."."""
        group, _, plural = kind.rpartition("/")
        root = f"/apis/{group}" if group else "/api/v1"
        return "/".join(part for part in (f"{root}/namespaces/{self.name}/{plural}", name, sub) if part)

    def pod(self, name: str) -> Any:
        return self.api.get(self.path("pods", name)).expect()

    def run(self, name: str, *containers: dict[str, Any], **spec: Any) -> Any:
        """Create a pod and wait until all its containers run."""
        body = {
            "metadata": {"name": name},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec},
        }
        self.api.create(self.path("pods"), body).expect()
        return self.until(name, started, "all containers started")

    def until(self, name: str, condition: Callable[[Any], Any], what: str, seconds: float = 30.0) -> Any:
        """The pod, once it meets the condition."""

        def look() -> Any:
            pod = self.pod(name)
            return pod if condition(pod) else None

        return until(look, f"pod {self.name}/{name}: {what}", seconds)

    def resize(
        self, name: str, *containers: dict[str, Any], kind: str = STRATEGIC, query: str = "", **meta: Any
    ) -> Answer:
        """Patch the pod's resize subresource, naming these containers."""
        body: dict[str, Any] = {"spec": {"containers": list(containers)}}
        if meta:
            body["metadata"] = meta
        return self.api.patch(self.path("pods", name, "resize") + query, body, kind)


def container(name: str = "main", *args: str, requests: Any = None, limits: Any = None, **more: Any) -> dict[str, Any]:
    """A container of the example apps; for a pod, or for a resize (where only name and resources are read)."""
    from tests.cluster.images import APPS

    resources = {key: value for key, value in (("requests", requests), ("limits", limits)) if value is not None}
    return {"name": name, "image": APPS, "args": ["burner", *args], "resources": resources, **more}


def change(name: str = "main", requests: Any = None, limits: Any = None) -> dict[str, Any]:
    """What a resize says of one container."""
    return {"name": name, "resources": {k: v for k, v in (("requests", requests), ("limits", limits)) if v is not None}}


def started(pod: Any) -> bool:
    statuses = pod["status"].get("containerStatuses", [])
    return len(statuses) == len(pod["spec"]["containers"]) and all(one.get("started") for one in statuses)
