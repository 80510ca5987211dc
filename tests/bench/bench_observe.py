"""What it takes to know every pod of a large cluster: a list in pages, a list anew, changes one by one, a look at all.

Server and client are processes of their own, so that each one's time and memory are its own. The server gives bodies of
the size that real pods have, managedFields included, made beforehand.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

if __name__ == "__main__":  # run as a file: its own folder is on the path, the checkout is not
    sys.path[0] = str(Path(__file__).parents[2])

from tests.bench.figures import Figure, table

PODS: Final = 30_000
CHANGES: Final = 2_000
PAGE: Final = 500
SINCE: Final = "2026-11-01T10:00:00Z"
AMOUNTS: Final = {"cpu": "250m", "memory": "256Mi"}


def run(pods: int = PODS) -> Iterator[Figure]:
    """The figures for so many pods of two containers each."""
    with tempfile.TemporaryDirectory() as folder:
        size = write_pages(Path(folder), pods)
        here = [sys.executable, __file__]
        with subprocess.Popen([*here, "serve", folder], stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                port = server.stdout.readline().strip()
                client = subprocess.run([*here, "watch", folder, port], check=True, capture_output=True, text=True)
            finally:
                server.terminate()
    got = json.loads(client.stdout)
    what, each = f"{pods:,} pods", f"{size / pods / 1000:.1f} kB each"
    yield Figure(what=f"list {what}, wall", measured=got["list"], unit="s", budget=4.0, note=each)
    yield Figure(what=f"list {what}, client CPU", measured=got["list_cpu"], unit="s")
    yield Figure(what=f"list {what}, peak memory", measured=got["list_peak"], unit="MB", budget=350.0)
    yield Figure(
        what=f"list {what} anew, peak memory", measured=got["again_peak"], unit="MB", note="both lists at once"
    )
    yield Figure(what=f"memory kept for {what}", measured=got["kept"], unit="MB", note=f"start: {got['start']:.0f} MB")
    yield Figure(what="a change of a pod, client CPU", measured=got["change_cpu"] * 1000, unit="ms")
    yield Figure(what=f"a look at {what} after a change", measured=got["view"] * 1000, unit="ms")
    yield Figure(what=f"topmost controllers of {what}", measured=got["tops"] * 1000, unit="ms", note="once a tick")


# ------------------------------------------------------------------------------------------------------------ objects


def write_pages(folder: Path, pods: int) -> int:
    """Files with the pages of lists: of pods, twenty a Deployment, and of what owns them. Returns the bytes of all pods."""
    written = 0
    starts = range(0, pods, PAGE)
    for number, start in enumerate(starts):
        items = [a_pod(i) for i in range(start, min(start + PAGE, pods))]
        written += _write(folder / f"pods-{number}", items, str(number + 1) if number + 1 < len(starts) else "")
    _write(folder / "replicasets-0", [a_replica_set(i) for i in range(pods // 20)], "")
    _write(folder / "deployments-0", [a_deployment(i) for i in range(pods // 20)], "")
    changes = [a_pod(i) | {"metadata": a_pod(i)["metadata"] | {"resourceVersion": "9000000"}} for i in range(CHANGES)]
    lines = (json.dumps({"type": "MODIFIED", "object": item}) for item in changes)
    (folder / "changes").write_text("\n".join(lines) + "\n")
    return written


def _write(path: Path, items: list[Any], token: str) -> int:
    meta = {"resourceVersion": "8000000"} | ({"continue": token} if token else {})
    return path.write_text(json.dumps({"metadata": meta, "items": items}))


def a_deployment(i: int) -> Any:
    meta = {"name": f"web-{i}", "namespace": f"team-{i // 30}", "uid": f"d-{i}", "resourceVersion": "1"}
    return {"metadata": meta, "spec": {"replicas": 20}, "status": {"replicas": 20, "readyReplicas": 20}}


def a_replica_set(i: int) -> Any:
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"web-{i}", "uid": f"d-{i}", "controller": True}
    meta = {"name": f"web-{i}-5d4f", "namespace": f"team-{i // 30}", "uid": f"r-{i}", "resourceVersion": "1"}
    return {"metadata": meta | {"ownerReferences": [owner]}, "spec": {"replicas": 20}, "status": {"replicas": 20}}


def a_pod(i: int) -> Any:
    app = i // 20
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"web-{app}-5d4f", "uid": f"r-{app}"}
    fields = {f"f:{a}": {f"f:{b}": {} for b in "abcdefghijklmnop"} for a in ("metadata", "spec", "status", "labels")}
    conditions = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "metadata": {
            "name": f"web-{app}-5d4f-{i:05d}",
            "namespace": f"team-{app // 30}",
            "uid": f"{i:08d}-1111-2222-3333-444455556666",
            "resourceVersion": str(1_000_000 + i),
            "generation": 1,
            "creationTimestamp": SINCE,
            "labels": {
                "app.kubernetes.io/name": f"web-{app}",
                "app.kubernetes.io/instance": f"web-{app}",
                "team": f"team-{app // 30}",
                "pod-template-hash": "5d4f",
            },
            "annotations": {"checksum/config": f"{i:064d}"},
            "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
            "managedFields": [{"manager": m, "operation": "Update", "fieldsV1": fields} for m in ("kcm", "kubelet")],
        },
        "spec": {
            "containers": [a_container("app"), a_container("proxy")],
            "nodeName": f"node-{i % 500}",
            "priority": 0,
            "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
        },
        "status": {
            "phase": "Running",
            "qosClass": "Burstable",
            "observedGeneration": 1,
            "conditions": [{"type": c, "status": "True", "lastTransitionTime": SINCE} for c in conditions],
            "containerStatuses": [a_status("app", app), a_status("proxy", app)],
        },
    }


def a_container(name: str) -> Any:
    return {
        "name": name,
        "image": f"registry.example.com/team/{name}:v1",
        "resources": {"requests": AMOUNTS, "limits": {"memory": "512Mi"}},
        "env": [{"name": f"VARIABLE_{i}", "value": f"some value {i}"} for i in range(15)],
        "resizePolicy": [{"resourceName": key, "restartPolicy": "NotRequired"} for key in AMOUNTS],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
    }


def a_status(name: str, app: int) -> Any:
    return {
        "name": name,
        "state": {"running": {"startedAt": SINCE}},
        "lastState": {},
        "ready": True,
        "started": True,
        "restartCount": 0,
        "imageID": f"registry.example.com/team/{name}@sha256:{app:064d}",
        "allocatedResources": AMOUNTS,
        "resources": {"requests": AMOUNTS, "limits": {"memory": "512Mi"}},
    }


# ------------------------------------------------------------------------------------------------------------- server


def serve(folder: Path) -> None:
    """Pages from files; the first watch is told that its version is gone, the second of the changes, by and by."""
    watches = iter(range(1_000_000))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query, kind = parse_qs(parts.query), parts.path.rpartition("/")[2]
            self.send_response(200)
            if "watch" not in query:
                body = (folder / f"{kind}-{query.get('continue', ['0'])[0]}").read_bytes()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if kind == "pods":
                self.news(next(watches))
            threading.Event().wait()

        def news(self, watch: int) -> None:
            if watch == 0:
                self.chunk(b'{"type": "ERROR", "object": {"code": 410}}\n')
                self.wfile.write(b"0\r\n\r\n")
                return
            time.sleep(1.0)  # so that what the list cost is over
            for line in (folder / "changes").read_bytes().splitlines(keepends=True):
                self.chunk(line)

        def chunk(self, line: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    print(http.server_address[1], flush=True)
    http.serve_forever()


# ------------------------------------------------------------------------------------------------------------- client


def watch(folder: Path, port: str) -> dict[str, float]:
    """Watch pods and their owners on this server; seconds, and megabytes of resident memory."""
    from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
    from vpa_inplace.observe.kubernetes.cache import Cache
    from vpa_inplace.observe.kubernetes.kinds import KINDS, Deployment, Pod, ReplicaSet
    from vpa_inplace.observe.kubernetes.owners import Owners
    from vpa_inplace.observe.kubernetes.watch import Listed, Notice

    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "here",
    }
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    client = KubeClient(KubeSettings(kubeconfig=kubeconfig))
    client.get("/api/v1/replicasets")  # what the first request loads is not the list's
    lists: list[tuple[float, float, float]] = []  # when, CPU until then, peak until then

    def note(notice: Notice) -> None:
        if isinstance(notice, Listed) and notice.kind == "Pod":
            lists.append((time.perf_counter(), time.process_time(), resident("VmHWM")))

    kinds = [kind for kind in KINDS if kind.item in {Pod, ReplicaSet, Deployment}]
    cache = Cache(client, kinds=kinds, report=note)
    start, began, cpu = resident("VmRSS"), time.perf_counter(), time.process_time()
    cache.start()
    while len(lists) < 2:
        time.sleep(0.01)
    kept, before, spent = resident("VmRSS"), cache.views().of(Pod).version, time.process_time()
    looks = [_timed(cache.views)]
    while looks[-1][0].of(Pod).version < before + CHANGES:
        time.sleep(0.2)
        looks.append(_timed(cache.views))
    change_cpu = (time.process_time() - spent) / CHANGES
    views, view = looks[-1][0], max(seconds for _, seconds in looks)
    pods, owners = views.of(Pod), Owners(client)
    tops, seconds = _timed(lambda: owners.tops(pods.objects.values(), views))
    assert {(top.kind, top.doubt) for top in tops.values()} == {("Deployment", "")}
    cache.stop()
    return {
        "start": start,
        "list": lists[0][0] - began,
        "list_cpu": lists[0][1] - cpu,
        "list_peak": lists[0][2],
        "again_peak": lists[1][2],
        "kept": kept - start,
        "change_cpu": change_cpu,
        "view": view,
        "tops": seconds,
    }


def _timed(work: Any) -> tuple[Any, float]:
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def resident(which: str) -> float:
    """Megabytes of resident memory: now (VmRSS), or the peak (VmHWM)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(status[which].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", folder]:
            serve(Path(folder))
        case ["watch", folder, port]:
            print(json.dumps(watch(Path(folder), port)))
        case _:
            print(table(run()))
