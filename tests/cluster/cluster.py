"""A whole cluster of one node, or only its control plane, for tests and for people.

with control_plane() as plane: ...   # etcd and API server, about 3 seconds
with cluster() as one: ...           # and controllers, scheduler, kubelet, containerd: about 10 seconds
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import control_plane as planes
from tests.cluster import machine, tunables
from tests.cluster.api import Api
from tests.cluster.build import Binaries, build
from tests.cluster.control_plane import ControlPlane, start_control_plane
from tests.cluster.node import Node
from tests.cluster.runs import PLACES, Place, lock_place, take_place
from tests.cluster.toolchain import KUBERNETES

MANAGER_SECONDS, SCHEDULER_SECONDS = 60.0, 60.0  # seen: 5 to 6 s for the first service account, 0.2 to 0.7 s


@dataclass(slots=True)
class Cluster:
    """A control plane with everything that makes pods run."""

    plane: ControlPlane
    node: Node

    @property
    def place(self) -> Place:
        return self.plane.place

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor, as (1, 36)."""
        major, minor, _ = self.plane.binaries.version.split(".")
        return int(major), int(minor)

    def api(self, user: str = "admin") -> Api:
        return self.plane.api(user)

    def kubeconfig(self, user: str = "admin") -> Path:
        return self.plane.kubeconfig(user)


@contextmanager
def control_plane(version: str = KUBERNETES, *flags: str) -> Iterator[ControlPlane]:
    """etcd and an API server with these extra flags; ended with the block."""
    machine.check_control_plane()
    place = fresh_place()
    try:
        plane = start_control_plane(place, build(version), flags=flags)
        try:
            yield plane
        finally:
            planes.end(plane)
    finally:
        place.release()


@contextmanager
def cluster(version: str = KUBERNETES, *flags: str, **kubelet_config: Any) -> Iterator[Cluster]:
    """A cluster whose API server has these flags and whose kubelet this configuration; ended with the block."""
    machine.check_node()
    place = fresh_place()
    try:
        running = start_cluster(place, build(version), flags=flags, kubelet_config=kubelet_config)
        try:
            yield running
        finally:
            end_cluster(running)
    finally:
        place.release()


def fresh_place() -> Place:
    """A free place, cleared of what a killed harness may have left in it."""
    place = take_place()
    sweep(place)
    return place


def sweep_all() -> None:
    """End what killed harnesses left behind, in every place that nobody holds."""
    for number in range(PLACES):
        place = lock_place(number)
        if place is not None:
            sweep(place)
            place.release()


def sweep(place: Place) -> None:
    planes.clear(place)
    tunables.restore(place)


def start_cluster(
    place: Place,
    binaries: Binaries,
    keep: tuple[int, ...] = (),
    flags: tuple[str, ...] = (),
    kubelet_config: dict[str, Any] | None = None,
) -> Cluster:
    plane = start_control_plane(place, binaries, keep, flags)
    running = Cluster(plane, Node(plane, kubelet_config))
    try:
        start_managers(plane)
        running.node.start()
    except BaseException:
        end_cluster(running)
        raise
    return running


def start_managers(plane: ControlPlane) -> None:
    """The controller manager, with the controllers a real one has, and the scheduler."""
    for name, component in (("controller-manager", "kube-controller-manager"), ("scheduler", "kube-scheduler")):
        kubeconfig = plane.kubeconfig(f"system:{component}")
        flags = [
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={plane.place.port(name)}",
            "--leader-elect=false",
            "--v=1",
        ]
        if name == "controller-manager":
            flags += [
                "--use-service-account-credentials",
                f"--service-account-private-key-file={plane.pairs['tokens'].key}",
                f"--root-ca-file={plane.ca}",
            ]
        plane.processes.start(name, [plane.binaries.kubernetes / component, *flags])
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    api = plane.api()
    plane.processes.wait("controller-manager", lambda: api.get(account).code == 200, MANAGER_SECONDS)
    port = plane.place.port("scheduler")
    plane.processes.wait("scheduler", lambda: planes.connects(port), SCHEDULER_SECONDS)


def end_cluster(running: Cluster) -> None:
    """Pods first, then the node, then the control plane; at last what the machine was lent."""
    running.node.stop()
    planes.end(running.plane)
    tunables.restore(running.place)
