"""A cluster to play with: `make playground`, and `make playground-down`.

A real node with Prometheus, an inference server under a bursty load, a web application that follows a day of ten
minutes, and one that leaks memory. It stays when the command returns, until it is taken down.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cluster import cgroups, machine
from tests.cluster.api import Api, until
from tests.cluster.build import build
from tests.cluster.cluster import Cluster, end_cluster, fresh_place, start_cluster, sweep
from tests.cluster.fixtures import VERSION
from tests.cluster.images import APPS
from tests.cluster.observed import observe
from tests.cluster.processes import ComponentFailed, end_remembered
from tests.cluster.runs import Place, lock_place, runs_folder
from tests.cluster.toolchain import Missing

NAMESPACE = "playground"
DAY = "10m"  # how long a day of the web application and of the load lasts
SPEED = 144  # 24 h in ten minutes
RUN_SECONDS = 90.0  # until all pods run; seen: 3 s
SCRAPE = {"prometheus.io/scrape": "true"}


def up() -> None:
    """Start it, or say where it runs already."""
    if (told := _running()) is not None:
        print(told["text"])
        return
    machine.check_node()
    binaries = build(VERSION)
    print("starting a cluster of one node", file=sys.stderr, flush=True)
    place = fresh_place()
    # The lock goes to every component, so that the place stays taken when this process is gone.
    cluster = start_cluster(place, binaries, keep=(place.lock,))
    try:
        text = _furnish(cluster)
    except BaseException:
        end_cluster(cluster)
        raise
    _note().write_text(json.dumps({"place": place.number, "text": text}))
    print(text)


def down() -> None:
    """End the components, which gives the place back; then leave it as if nothing had been there."""
    told = _running()
    if told is None:
        print("no playground is running")
        return
    place = Place(told["place"], -1)
    end_remembered(place)
    cgroups.remove(place.cgroup)
    held = until(lambda: lock_place(place.number), "the playground's place to be free", 10)
    sweep(held)
    held.release()
    _note().unlink()
    print("the playground is gone")


def _furnish(cluster: Cluster) -> str:
    """Prometheus, apps and load; returns what to tell."""
    prometheus = observe(cluster)
    api = cluster.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}}).expect()
    for name, replicas, container in APPLICATIONS:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
        api.create(path, deployment(name, replicas, container)).expect()
    wanted = sum(replicas for _, replicas, _ in APPLICATIONS)
    until(lambda: len(_addresses(api, "")) == wanted, "all pods to run", RUN_SECONDS)
    urls = ",".join(f"http://{address}:8000" for address in _addresses(api, "app=inference"))
    load = ["load", "-generate", "-loop", "-speed", SPEED, "-rate", "0.004", "-url", urls, "-progress", "1m"]
    cluster.plane.processes.start("load", [cluster.plane.binaries.apps / "apps", *load])
    return _told(cluster, prometheus.url)


def deployment(name: str, replicas: int, container: dict[str, Any]) -> dict[str, Any]:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels, "annotations": SCRAPE},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": name, "image": APPS, **container}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def _resources(requests: tuple[str, str], limits: tuple[str, str] | None = None) -> dict[str, Any]:
    """Each pair is CPU and memory."""
    given = {"requests": requests} | ({"limits": limits} if limits else {})
    return {kind: {"cpu": cpu, "memory": memory} for kind, (cpu, memory) in given.items()}


# Requests are too large on purpose, as people's are.
APPLICATIONS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    (
        "inference",
        2,
        {
            "args": ["inference", "-width", "128", "-layers", "2"],
            "ports": [{"containerPort": 8000}],
            "resources": _resources(("400m", "256Mi"), ("1", "512Mi")),
        },
    ),
    (
        "web",
        1,
        {
            "args": [
                "burner",
                "-cpu",
                "0.12",
                "-memory",
                "64",
                "-profile",
                "daily",
                "-period",
                DAY,
                "-amplitude",
                "0.8",
            ],
            "ports": [{"containerPort": 8080}],
            "resources": _resources(("400m", "256Mi")),
        },
    ),
    (
        "leaker",
        1,
        {
            "args": ["burner", "-cpu", "0.02", "-memory", "32", "-leak", "4"],
            "ports": [{"containerPort": 8080}],
            "resources": _resources(("50m", "128Mi"), ("200m", "512Mi")),
        },
    ),
)


def _addresses(api: Api, selector: str) -> list[str]:
    pods = api.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={selector}").expect()["items"]
    return [
        pod["status"]["podIP"] for pod in pods if pod["status"].get("phase") == "Running" and "podIP" in pod["status"]
    ]


def _told(cluster: Cluster, prometheus: str) -> str:
    kubeconfig = cluster.kubeconfig()
    kubectl = cluster.plane.binaries.kubernetes / "kubectl"
    inference = _addresses(cluster.api(), "app=inference")[0]
    program = Path(sys.executable).with_name("vpa-inplace")
    patch = '{"spec":{"containers":[{"name":"web","resources":{"requests":{"cpu":"250m"}}}]}}'
    return f"""\
Kubernetes {cluster.plane.binaries.version} with one node is running.

  kubeconfig     {kubeconfig}
  API server     {cluster.plane.url}
  Prometheus     {prometheus}
  an inference   http://{inference}:8000/metrics
  logs           {cluster.place.folder / "logs"}

To try:

  export KUBECONFIG={kubeconfig} PATH={kubectl.parent}:{program.parent}:$PATH
  kubectl get pods --all-namespaces --output wide
  vpa-inplace explain {NAMESPACE}/deployment/web --prometheus {prometheus}     # after a minute or two
  kubectl --namespace {NAMESPACE} patch pod --subresource resize --patch '{patch}' $(kubectl --namespace {NAMESPACE} get pod --selector app=web --output name | cut -d/ -f2)

It stays until `make playground-down`."""


def _note() -> Path:
    return runs_folder() / "playground.json"


def _running() -> dict[str, Any] | None:
    """What was told when it was started, if it still runs."""
    if not _note().exists():
        return None
    told: dict[str, Any] = json.loads(_note().read_text())
    free = lock_place(told["place"])
    if free is None:
        return told
    free.release()  # its components are gone: the machine was restarted, or somebody killed them
    _note().unlink()
    return None


def main(arguments: list[str]) -> None:
    commands = {"up": up, "down": down}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.exit("usage: python -m tests.cluster.playground up|down")
    try:
        commands[arguments[0]]()
    except (Missing, ComponentFailed) as trouble:
        sys.exit(str(trouble))
    except subprocess.CalledProcessError as trouble:
        sys.exit(f"{trouble}: {trouble.stderr}")


if __name__ == "__main__":
    main(sys.argv[1:])
