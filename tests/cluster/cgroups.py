"""One cluster's share of the control groups: made before its first process, emptied and removed after its last.

Every process of a cluster is in it: our components in `components/`, pods under the kubelet's `kubepods/`. So its end
needs no guess at what was started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

CPUSET_FILES = ("cpuset.cpus", "cpuset.mems")
PATIENCE = 10.0  # seconds for killed processes to be gone


def hierarchies() -> list[Path]:
    """Where control groups are mounted: one folder for v2, one a controller for v1; hybrids have a v2 tree as well."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted({Path(point).resolve() for _, point, kind, *_ in mounts if kind in {"cgroup", "cgroup2"}})


def make(name: str) -> None:
    """Make the group in each hierarchy, ready for a kubelet to make its own below."""
    for root in hierarchies():
        for folder in (root / name, root / name / "components"):
            folder.mkdir(exist_ok=True)
            _inherit_cpuset(folder)
        if (root / "cgroup.controllers").exists():
            _delegate(root)
            _delegate(root / name)


def _inherit_cpuset(folder: Path) -> None:
    """A new v1 cpuset is empty, and no process may enter an empty one."""
    for name in CPUSET_FILES:
        file = folder / name
        if file.exists() and not (folder / "cgroup.controllers").exists() and not file.read_text().strip():
            file.write_text((folder.parent / name).read_text())


def _delegate(folder: Path) -> None:
    for controller in (folder / "cgroup.controllers").read_text().split():
        # One that is bound elsewhere is refused; the kubelet names it if it wants it.
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def doors(name: str) -> list[Path]:
    """The files that a component writes its process number to, to be in the group."""
    return [root / name / "components" / "cgroup.procs" for root in hierarchies()]


def processes(name: str) -> set[int]:
    """All processes in the group, at any depth."""
    found: set[int] = set()
    for root in hierarchies():
        for folder in _folders(root / name):
            with contextlib.suppress(OSError):
                found.update(int(line) for line in (folder / "cgroup.procs").read_text().split())
    return found


def remove(name: str) -> None:
    """Kill what is left in the group and take the group away. No harm if there is none."""
    deadline = time.monotonic() + PATIENCE
    while (left := processes(name)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    for root in hierarchies():
        for folder in _folders(root / name):
            with contextlib.suppress(OSError):
                folder.rmdir()


def _folders(top: Path) -> list[Path]:
    """All folders from the innermost out. Groups come and go meanwhile; os.walk passes over what is gone."""
    return [Path(folder) for folder, _, _ in os.walk(top, topdown=False)]


def usable() -> bool:
    """Whether this process may make control groups here."""
    return all(os.access(root, os.W_OK) for root in hierarchies()) and bool(hierarchies()) and os.geteuid() == 0
