"""A place for one cluster: a number of its own, and with it a folder, ports, a subnet and a cgroup.

Side by side, clusters differ only in their number. It is held by a file lock that the kernel gives back when the holder
dies, however it dies; what a dead holder left behind is found under a number that nobody holds, and is ended before the
number is used again.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.toolchain import Missing

PLACES = 16
FIRST_PORT = 21_000  # below 32768, where Linux starts to give ports to outgoing connections
PORTS_EACH = 20


def runs_folder() -> Path:
    """Where clusters live; VPA_INPLACE_CLUSTERS moves it. Not below /run or /var/lib: a node hides those."""
    return Path(os.environ.get("VPA_INPLACE_CLUSTERS") or Path(tempfile.gettempdir()) / "vpa-inplace-clusters")


@dataclass(slots=True)
class Place:
    """A cluster's own number and what follows from it."""

    number: int
    lock: int  # file descriptor; whoever has it open holds the place

    @property
    def folder(self) -> Path:
        return runs_folder() / str(self.number)

    @property
    def cgroup(self) -> str:
        """Path below each hierarchy's root."""
        return f"vpa-inplace-{self.number}"

    @property
    def subnet(self) -> str:
        return f"10.{180 + self.number}.0.0/24"

    def port(self, name: str) -> int:
        return FIRST_PORT + PORTS_EACH * self.number + NAMES.index(name)

    def release(self) -> None:
        os.close(self.lock)


NAMES = ("etcd", "etcd-peer", "apiserver", "controller-manager", "scheduler", "kubelet", "prometheus", "state-metrics")


def take_place() -> Place:
    """The first free number; Missing when none is. The folder may hold what a killed run left: see `ending.py`."""
    runs_folder().mkdir(parents=True, exist_ok=True)
    for number in range(PLACES):
        place = lock_place(number)
        if place is None:
            continue
        if (place.folder / "pids").exists() or all(_free(place.port(name)) for name in NAMES):
            return place
        place.release()
    last = FIRST_PORT + PORTS_EACH * PLACES - 1
    raise Missing(
        f"no room for another cluster: each of {PLACES} places is in use, or one of its ports"
        f" {FIRST_PORT} to {last} is taken by another program (ss -ltnp shows which)"
    )


def lock_place(number: int) -> Place | None:
    """This very number, or None if another process holds it."""
    runs_folder().mkdir(parents=True, exist_ok=True)
    lock = os.open(runs_folder() / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Place(number, lock)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
