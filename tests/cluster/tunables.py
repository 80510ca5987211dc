"""Kernel settings that a kubelet and the pod network change for the whole machine: remembered first, put back last."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from tests.cluster.runs import Place, runs_folder

SETTINGS = (
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
SYSCTL = Path("/proc/sys")


def remember(place: Place) -> None:
    """Before a node starts. The first node of several writes down what it found."""
    _update(place.number, joins=True)


def restore(place: Place) -> None:
    """After a node's end, also a killed one's. The last node of several puts back what the first one found."""
    _update(place.number, joins=False)


def _update(number: int, *, joins: bool) -> None:
    path = runs_folder() / "tunables.json"
    with (runs_folder() / "tunables.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not joins and not path.exists():
            return
        told = json.loads(path.read_text()) if path.exists() else {"nodes": [], "found": _current()}
        nodes = set(told["nodes"]) - {number} | ({number} if joins else set())
        if nodes:
            path.write_text(json.dumps({"nodes": sorted(nodes), "found": told["found"]}))
            return
        for name, value in told["found"].items():
            (SYSCTL / name).write_text(value)
        path.unlink(missing_ok=True)


def _current() -> dict[str, str]:
    return {name: (SYSCTL / name).read_text().strip() for name in SETTINGS if (SYSCTL / name).exists()}
