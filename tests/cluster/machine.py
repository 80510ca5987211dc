"""What a node needs of the machine, looked at before anything is started: one sentence for what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.toolchain import Missing, go_binary

CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
PLUGINS = ("ptp", "host-local", "loopback")
RUNC_FOLDERS = ("/usr/sbin", "/usr/local/sbin")  # not on every PATH, and that is where Debian puts it


def check_control_plane() -> None:
    """etcd and the API server are plain programs: they only have to be built."""
    go_binary()


def check_node() -> None:
    """Raises Missing with the first thing that a kubelet and a container runtime would not find here."""
    check_control_plane()
    if os.geteuid():
        raise Missing("a kubelet needs root: run as root, or in a privileged container")
    for tool in ("unshare", "nsenter", "mount"):
        if shutil.which(tool) is None:
            raise Missing(f"no {tool} on PATH: install util-linux")
    runc()
    plugins()
    cgroup_version()
    private = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False, text=True)
    if private.returncode:
        raise Missing(f"this root may not make a mount namespace ({private.stderr.strip()}): it lacks CAP_SYS_ADMIN")


def runc() -> str:
    found = shutil.which("runc", path=os.pathsep.join([os.environ.get("PATH", ""), *RUNC_FOLDERS]))
    if found is None:
        raise Missing("no runc: on Debian and Ubuntu, apt-get install runc")
    return found


def plugins() -> Path:
    for folder in CNI_FOLDERS:
        if all((folder / name).exists() for name in PLUGINS):
            return folder
    raise Missing("no CNI plugins: on Debian and Ubuntu, apt-get install containernetworking-plugins")


def cgroup_version(mounts: str | None = None) -> int:
    """1 or 2; a hybrid (v1 controllers, an empty v2 tree beside them) counts as 1, as it does for runc.

    `mounts` is the text of /proc/self/mounts.
    """
    text = Path("/proc/self/mounts").read_text() if mounts is None else mounts
    found = [(point, kind, options.split(",")) for _, point, kind, options, *_ in map(str.split, text.splitlines())]
    v2 = [options for point, kind, options in found if kind == "cgroup2" and point == "/sys/fs/cgroup"]
    v1 = [options for _, kind, options in found if kind == "cgroup" and {"cpu", "memory"} & set(options)]
    used = v2 or v1
    if not used:
        raise Missing("no cgroup controllers for cpu and memory under /sys/fs/cgroup: a kubelet cannot run here")
    if any("ro" in options for options in used):
        raise Missing(
            "/sys/fs/cgroup is read-only and a kubelet makes cgroups there: in a container, run it --privileged"
        )
    return 2 if v2 else 1


def overlayfs(scratch: Path) -> bool:
    """Whether the kernel can stack folders there; where not, containerd copies them."""
    for name in ("lower", "upper", "work", "merged"):
        (scratch / name).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={scratch}/lower,upperdir={scratch}/upper,workdir={scratch}/work"
    script = f"mount -t overlay overlay -o {options} {scratch}/merged"
    works = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, check=False).returncode == 0
    shutil.rmtree(scratch, ignore_errors=True)
    return works
