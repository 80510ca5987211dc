"""The playground as a newcomer meets it: one command up, what it prints is true, one command down."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import requests

from tests.cluster import machine
from tests.cluster.fixtures import or_skip
from tests.support.components import require_prometheus

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def playground():
    """Runs the command in a place of its own; whatever happens, it is taken down."""
    or_skip(machine.check_node)
    require_prometheus()
    folder = tempfile.mkdtemp(prefix="vpai-")  # short: sockets lie below it, and their paths may have 107 characters
    env = {**os.environ, "VPA_INPLACE_CLUSTERS": folder}

    def run(command: str) -> str:
        called = [sys.executable, "-m", "tests.cluster.playground", command]
        done = subprocess.run(called, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    yield run
    run("down")
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.xdist_group("cluster")  # so that two nodes do not start at once
def test_up_and_down(playground):
    told = playground("up")
    assert playground("up") == told, "the second time it says where it runs"
    lines = [line.split() for line in told.splitlines()]
    values = {line[0]: line[-1] for line in lines if len(line) in {2, 3, 4}}
    assert requests.get(f"{values['Prometheus']}/-/ready", timeout=5).status_code == 200
    assert "vllm:num_requests_running" in requests.get(values["an"], timeout=5).text

    export = next(line for line in told.splitlines() if "export KUBECONFIG" in line)
    listing = f"{export}\nkubectl get pods --namespace playground --output name"
    pods = subprocess.run(["bash", "-c", listing], capture_output=True, text=True, timeout=60, check=True).stdout
    assert len(pods.split()) == 4

    resize = next(line for line in told.splitlines() if "--subresource resize" in line)
    assert (
        "patched"
        in subprocess.run(
            ["bash", "-c", f"{export}\n{resize}"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    )

    assert "gone" in playground("down")
    assert "no playground is running" in playground("down")
    with pytest.raises(requests.ConnectionError):
        requests.get(values["Prometheus"], timeout=5)
