"""What is missing for a cluster is told in one sentence, before anything is started."""

from __future__ import annotations

import os

import pytest

from tests.cluster import machine, toolchain
from tests.cluster.toolchain import Missing

V1 = """\
tmpfs /sys/fs/cgroup tmpfs rw,relatime 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
"""
HYBRID = V1 + "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n"
V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,relatime 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "version"),
    [pytest.param(V1, 1, id="v1"), pytest.param(HYBRID, 1, id="hybrid"), pytest.param(V2, 2, id="v2")],
)
def test_the_kind_of_control_groups(mounts, version):
    assert machine.cgroup_version(mounts) == version


@pytest.mark.parametrize(
    ("mounts", "sentence"),
    [
        pytest.param("proc /proc proc rw 0 0\n", "no cgroup controllers for cpu and memory", id="none"),
        pytest.param(HYBRID.replace(" rw,", " ro,"), "read-only.*--privileged", id="v1 read-only"),
        pytest.param(V2.replace(" rw,", " ro,"), "read-only.*--privileged", id="v2 read-only"),
    ],
)
def test_control_groups_that_a_kubelet_cannot_use(mounts, sentence):
    with pytest.raises(Missing, match=sentence):
        machine.cgroup_version(mounts)


def test_no_go(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "GO_FOLDERS", ())
    with pytest.raises(Missing, match=r"no Go toolchain on PATH: install Go 1\.26"):
        machine.check_control_plane()


def test_no_root(monkeypatch):
    monkeypatch.setattr(machine, "check_control_plane", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Missing, match="a kubelet needs root"):
        machine.check_node()


def test_no_runc(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "RUNC_FOLDERS", (str(tmp_path),))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match=r"no runc: .*apt-get install runc"):
        machine.runc()


def test_no_network_plugins(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CNI_FOLDERS", (tmp_path,))
    with pytest.raises(Missing, match=r"no CNI plugins: .*containernetworking-plugins"):
        machine.plugins()
