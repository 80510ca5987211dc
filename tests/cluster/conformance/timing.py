"""How long a resize takes on this machine: from the answer to the PATCH to the cgroup, and to a status that says done.

python -m tests.cluster.conformance.timing [-n 50]     KUBERNETES=1.37.2 picks another version
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import requests

from tests.cluster.api import Api
from tests.cluster.cluster import cluster
from tests.cluster.conformance.pods import MIB, idle
from tests.cluster.conformance.seen import Group, done, group
from tests.cluster.fixtures import VERSION, Namespace, change, fresh_namespace

PATIENCE = 60.0  # seconds
BREATH = 0.0005  # seconds between two looks at a cgroup file
HEAD = f"{'resize':<12}{'answer':>16}{'in the cgroup':>16}{'done':>16}"


@dataclass(frozen=True, slots=True)
class Step:
    """One resize: what is asked for, and the cgroup's value then. Steps go round in a circle."""

    name: str
    asked: dict[str, Any]
    value: Callable[[Group], int | None]
    wanted: int
    took: tuple[list[float], list[float], list[float]] = field(default_factory=lambda: ([], [], []))  # seconds


def steps() -> list[Step]:
    """Up and down, CPU and memory. 1.33 does not lower memory limits."""
    cpu = [
        Step("cpu up", change(requests={"cpu": "80m"}, limits={"cpu": "160m"}), Group.millicores, 160),
        Step("cpu down", change(requests={"cpu": "50m"}, limits={"cpu": "100m"}), Group.millicores, 100),
    ]
    memory = [
        Step("memory up", change(limits={"memory": "192Mi"}), Group.bytes, 192 * MIB),
        Step("memory down", change(limits={"memory": "96Mi"}), Group.bytes, 96 * MIB),
    ]
    return cpu if VERSION.startswith("1.33.") else [*cpu, *memory]


def follow(api: Api, path: str, seen: SimpleQueue[tuple[float, Any]]) -> None:
    """Put every state of the pod into the queue with the moment at which it came, until the server goes away."""
    namespaced, _, name = path.rpartition("/")
    query = f"?watch=true&fieldSelector=metadata.name={name}"
    ended = suppress(requests.exceptions.ChunkedEncodingError)  # how such an answer ends
    with ended, api._session.get(api.url + namespaced + query, stream=True, timeout=PATIENCE) as answer:
        for line in answer.iter_lines():
            seen.put((time.perf_counter(), json.loads(line)["object"]))


def measure(pods: Namespace, step: Step, files: Group, seen: SimpleQueue[tuple[float, Any]]) -> None:
    asked = time.perf_counter()
    generation = pods.resize("pod", step.asked).expect()["metadata"]["generation"]
    answered = time.perf_counter()
    while step.value(files) != step.wanted:
        if time.perf_counter() > answered + PATIENCE:
            raise TimeoutError(f"{step.name}: not in the cgroup after {PATIENCE:.0f} s")
        time.sleep(BREATH)
    written = time.perf_counter()
    while True:
        came, pod = seen.get(timeout=PATIENCE)
        if pod["metadata"]["generation"] == generation and done(pod):
            break
    for seconds, value in zip(step.took, (answered - asked, written - answered, came - answered), strict=True):
        seconds.append(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=50, help="how often each way (default: 50)")
    times = parser.parse_args().n
    circle = steps()
    with cluster(VERSION) as running, fresh_namespace(running.api(), "timing") as pods:
        files = group(running, pods.run("pod", idle()))
        seen: SimpleQueue[tuple[float, Any]] = SimpleQueue()
        watched = running.api(), pods.path("pods", "pod"), seen
        threading.Thread(target=follow, args=watched, daemon=True).start()
        for _ in range(times):
            for step in circle:
                measure(pods, step, files, seen)
        load = os.getloadavg()[0]
    print(f"Kubernetes {VERSION}, {os.cpu_count()} cores, load {load:.1f}, {times} times each; ms: median / worst")
    print(HEAD)
    for step in circle:
        told = [f"{1000 * statistics.median(seconds):.0f} / {1000 * max(seconds):.0f}" for seconds in step.took]
        print(f"{step.name:<12}" + "".join(f"{text:>16}" for text in told))


if __name__ == "__main__":
    main()
