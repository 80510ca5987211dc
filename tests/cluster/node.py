"""One node: containerd, and a real kubelet that runs pods in it.

Both live in a mount namespace of their own, with private /run and /var/lib: what they mount, and the folders whose
paths are compiled into them, vanish with their last process and never meet those of the machine or of another cluster.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.cluster import images, machine, tunables
from tests.cluster.build import CONTAINERD
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import ComponentFailed

NODE = "localhost"  # with address type Hostname, it is how the API server finds a kubelet on loopback
# What pods may ask for, on any machine that has as much: small, so that Deferred is within a test's reach.
ALLOCATABLE_MILLICORES = 1500
ALLOCATABLE_MIB = 3600
HOLDER = "namespace"
CONTAINERD_SECONDS, KUBELET_SECONDS = 30.0, 90.0  # seen: 0.5 s and 2 to 3 s


class Node:
    """Starts and stops the parts of a node beside a control plane."""

    def __init__(self, plane: ControlPlane, kubelet_config: Mapping[str, Any] | None = None) -> None:
        self.plane = plane
        self.kubelet_config = dict(kubelet_config or {})
        self.socket = self.folder / "containerd.sock"

    @property
    def folder(self) -> Path:
        return self.plane.folder / "node"

    @property
    def static_pods(self) -> Path:
        """A pod manifest put here is run by the kubelet without being asked by the API server."""
        return self.folder / "static-pods"

    def start(self) -> None:
        for name in ("cni", "kubelet", "static-pods", "scratch"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        tunables.remember(self.plane.place)
        self._hold_namespace()
        self.start_containerd()
        self._import_images()
        self.start_kubelet()

    def start_containerd(self) -> None:
        processes, binaries = self.plane.processes, self.plane.binaries
        config = self.folder / "containerd.toml"
        config.write_text(self._containerd_toml())
        (self.folder / "cni" / "10-pods.conflist").write_text(self._network())
        path = f"{binaries.containerd}:{os.environ.get('PATH', '')}"  # its shim is found there
        processes.start(
            "containerd", self._inside(binaries.containerd / "containerd", "--config", config), env={"PATH": path}
        )
        processes.wait("containerd", self._containerd_answers, CONTAINERD_SECONDS)

    def start_kubelet(self, **config: Any) -> None:
        """With more kubelet configuration, such as `cpuManagerPolicy="static"`; wait until the node is Ready."""
        self.kubelet_config |= config
        file = self.folder / "kubelet.yaml"
        file.write_text(yaml.safe_dump(self._kubelet_yaml()))
        kubeconfig = self.plane.kubeconfig(f"system:node:{NODE}", ("system:nodes",))
        command = [
            self.plane.binaries.kubernetes / "kubelet",
            f"--config={file}",
            f"--kubeconfig={kubeconfig}",
            f"--hostname-override={NODE}",
            f"--root-dir={self.folder / 'kubelet'}",
            f"--cert-dir={self.folder / 'kubelet' / 'pki'}",
            "--housekeeping-interval=2s",  # of cAdvisor, so that usage is fresh enough for a test
            "--v=2",
        ]
        self.plane.processes.start("kubelet", self._inside(*command), env={"CADVISOR_CONTAINERD": str(self.socket)})
        self.plane.processes.wait("kubelet", self.ready, KUBELET_SECONDS)

    def restart_kubelet(self, **config: Any) -> None:
        """A kubelet with other settings; pods go on. A changed CPU manager policy needs its old state gone."""
        self.plane.processes.stop("kubelet")
        for state in ("cpu_manager_state", "memory_manager_state"):
            (self.folder / "kubelet" / state).unlink(missing_ok=True)
        self.start_kubelet(**config)

    def ready(self) -> bool:
        answer = self.plane.api().get(f"/api/v1/nodes/{NODE}")
        conditions = answer.body["status"].get("conditions", []) if answer.code == requests.codes.ok else []
        # A node of an earlier kubelet stays Ready for 40 s after its end: the port must answer too.
        with socket.create_connection(("127.0.0.1", self.plane.place.port("kubelet")), timeout=1):
            return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def stop(self) -> None:
        """End pods as a kubelet would, then the parts. What resists is killed with the cluster's control group."""
        processes = self.plane.processes
        processes.stop("kubelet")
        if "containerd" in processes.running:
            command = [self.plane.binaries.kubernetes / "sandboxes", f"unix://{self.socket}"]
            subprocess.run(self._inside(*command), capture_output=True, check=False, timeout=30)
        for name in ("containerd", HOLDER):
            processes.stop(name)

    def _hold_namespace(self) -> None:
        """A process that does nothing but keep the mount namespace, so that its tenants may come and go."""
        private = 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && touch /run/private && exec "$@"'
        command = ["unshare", "--mount", "--propagation=private", "/bin/sh", "-c", private, HOLDER]
        self.plane.processes.start(HOLDER, [*command, self.plane.binaries.apps / "apps", "pause"])
        holder = self.plane.processes.running[HOLDER].pid
        self.plane.processes.wait(HOLDER, Path(f"/proc/{holder}/root/run/private").exists, 10)

    def _inside(self, *command: str | Path) -> list[str]:
        holder = self.plane.processes.running[HOLDER].pid
        return ["nsenter", f"--mount=/proc/{holder}/ns/mnt", f"--wd={self.folder}", *map(str, command)]

    def _import_images(self) -> None:
        archive = self.folder / "images.tar"
        images.write_archive(archive, self.plane.binaries.apps / "apps")
        ctr = [self.plane.binaries.containerd / "ctr", "--address", self.socket, "--namespace", "k8s.io"]
        # --local: unpacked by ctr itself, as containerd would have to be told of each snapshotter beforehand
        command = self._inside(*ctr, "images", "import", "--local", "--snapshotter", self._snapshotter(), archive)
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise ComponentFailed(f"the test images cannot be imported: {done.stderr.strip().splitlines()[-1:]}")
        archive.unlink()

    def _containerd_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.socket))
        return True

    def _snapshotter(self) -> str:
        return "overlayfs" if machine.overlayfs(self.folder / "scratch") else "native"

    def _network(self) -> str:
        """A cable to each pod, no bridge, no address translation: pods and host reach each other, and nobody else."""
        addresses = {"type": "host-local", "dataDir": str(self.folder / "cni-addresses")}
        ranges = {"ranges": [[{"subnet": self.plane.place.subnet}]], "routes": [{"dst": "0.0.0.0/0"}]}
        plugin = {"type": "ptp", "mtu": 1500, "ipMasq": False, "ipam": addresses | ranges}
        return json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [plugin]})

    def _containerd_toml(self) -> str:
        return f"""\
version = 3
root = "{self.folder}/containerd"
state = "{self.folder}/containerd-state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing", "io.containerd.nri.v1.nri",
]
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{self.folder}/opt"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "{self._snapshotter()}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{images.PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true  # without CAP_SYS_RESOURCE a process cannot be made less likely to be killed
  disable_apparmor = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{machine.plugins()}"]
  conf_dir = "{self.folder}/cni"
[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{machine.runc()}"
  SystemdCgroup = false
# written for containerd {CONTAINERD}
"""

    def _kubelet_yaml(self) -> dict[str, Any]:
        server = self.plane.pairs.setdefault(
            "kubelet-server", self.plane.authority.issue("kubelet-server", NODE, hosts=("127.0.0.1", NODE))
        )
        resolver = self.folder / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\n")
        millicores = (os.cpu_count() or 1) * 1000
        mebibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        signals = (
            "memory.available",
            "nodefs.available",
            "nodefs.inodesFree",
            "imagefs.available",
            "imagefs.inodesFree",
            "pid.available",
        )
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": self.plane.place.port("kubelet"),
            "readOnlyPort": 0,
            "healthzPort": 0,
            "tlsCertFile": str(server.certificate),
            "tlsPrivateKeyFile": str(server.key),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True, "cacheTTL": "10s"},
                "x509": {"clientCAFile": str(self.plane.ca)},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.plane.place.cgroup}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "enforceNodeAllocatable": [],
            "systemReserved": {
                "cpu": f"{max(millicores - ALLOCATABLE_MILLICORES, 0)}m",
                "memory": f"{max(mebibytes - ALLOCATABLE_MIB, 0)}Mi",
            },
            # Nothing of the machine's state may evict a test's pod.
            "evictionHard": dict.fromkeys(signals, "0%"),
            "imageGCHighThresholdPercent": 100,
            "localStorageCapacityIsolation": False,
            "makeIPTablesUtilChains": False,
            "resolvConf": str(resolver),
            "volumePluginDir": str(self.folder / "kubelet" / "volume-plugins"),
            "podLogsDir": str(self.folder / "pod-logs"),
            "staticPodPath": str(self.static_pods),
            "maxPods": 60,
        } | self.kubelet_config
