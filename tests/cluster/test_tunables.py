"""Kernel settings are put back by the last node that goes, as the first one found them."""

from __future__ import annotations

import pytest

from tests.cluster import tunables
from tests.cluster.runs import Place


@pytest.fixture
def sysctl(tmp_path, monkeypatch):
    """A stand-in for /proc/sys, with two of the settings."""
    monkeypatch.setenv("VPA_INPLACE_CLUSTERS", str(tmp_path / "clusters"))
    (tmp_path / "clusters").mkdir()
    for name, value in {"kernel/panic": "1", "vm/overcommit_memory": "0"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(value)
    monkeypatch.setattr(tunables, "SYSCTL", tmp_path)
    return tmp_path


def _change(sysctl):
    """What a kubelet does at its start."""
    (sysctl / "kernel/panic").write_text("10")
    (sysctl / "vm/overcommit_memory").write_text("1")


def _now(sysctl):
    return [(sysctl / name).read_text() for name in ("kernel/panic", "vm/overcommit_memory")]


def test_the_last_node_puts_back_what_the_first_one_found(sysctl):
    first, second = Place(0, -1), Place(1, -1)
    tunables.remember(first)
    _change(sysctl)
    tunables.remember(second)  # finds what the first one's kubelet has set
    tunables.restore(first)
    assert _now(sysctl) == ["10", "1"], "the second node still wants them"
    tunables.restore(second)
    assert _now(sysctl) == ["1", "0"]


def test_a_node_that_was_killed_and_swept_counts_once(sysctl):
    tunables.remember(Place(0, -1))
    _change(sysctl)
    tunables.remember(Place(0, -1))  # the next harness in the same place
    tunables.restore(Place(0, -1))
    assert _now(sysctl) == ["1", "0"]


def test_without_a_node_nothing_is_touched(sysctl):
    _change(sysctl)
    tunables.restore(Place(0, -1))
    assert _now(sysctl) == ["10", "1"]
