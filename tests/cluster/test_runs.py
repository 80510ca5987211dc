"""Places of clusters: held while the holder lives, no two alike, around ports that others use."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.cluster import runs
from tests.cluster.toolchain import Missing

HOLDER = "from tests.cluster import runs; place = runs.take_place(); print(place.number, flush=True); input()"


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    """Apart from places that real clusters use on this machine meanwhile: other folders, other ports."""
    monkeypatch.setenv("VPA_INPLACE_CLUSTERS", str(tmp_path))
    monkeypatch.setattr(runs, "FIRST_PORT", 27_000)


def test_two_places_share_nothing():
    first, second = runs.take_place(), runs.take_place()
    for what in ("number", "folder", "cgroup", "subnet"):
        assert getattr(first, what) != getattr(second, what)
    assert not {first.port(name) for name in runs.NAMES} & {second.port(name) for name in runs.NAMES}
    first.release()
    second.release()


def test_a_released_place_is_taken_again():
    first = runs.take_place()
    first.release()
    again = runs.take_place()
    assert again.number == first.number
    again.release()


def test_a_killed_holder_gives_its_place_back(pytestconfig):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=pytestconfig.rootpath,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        number = int(holder.stdout.readline())
        assert runs.lock_place(number) is None
        holder.kill()
        holder.wait()
    place = runs.lock_place(number)
    assert place is not None
    place.release()


def test_a_place_whose_port_is_taken_is_passed_over():
    with socket.create_server(("127.0.0.1", runs.FIRST_PORT + runs.NAMES.index("kubelet"))):
        place = runs.take_place()
    assert place.number == 1
    place.release()


def test_no_place_left_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(runs, "PLACES", 1)
    first = runs.take_place()
    with pytest.raises(Missing, match=r"each of 1 places is in use, or one of its ports 27000 to 27019 is taken"):
        runs.take_place()
    first.release()
