"""An API server of one kind, in memory: pages, watches from a version, forgets old versions, and misbehaves when told.

What it does when it behaves, `test_cache.py` sees a real one do: changes in their order, a version that is gone, kinds
that are missing or forbidden. It is there for what a real one cannot be made to do: cuts in mid-line, silence, storms.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vpa_inplace.observe.kubernetes import KubeSettings

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and when it came (seconds of a clock of no meaning)."""

    path: str
    query: dict[str, str]
    at: float

    @property
    def is_watch(self) -> bool:
        return "watch" in self.query


@dataclass(frozen=True, slots=True)
class Mishap:
    """What happens instead of an answer, or in the middle of one."""

    status: int = 0  # instead of an answer
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""  # with the status; or after the first events of a watch
    hang: bool = False  # instead of an answer, until the client goes away
    quiet: bool = False  # a watch that tells nothing, not even an end
    cut_after: float | None = None  # seconds into a watch: the connection is reset
    cut_in_line: bool = False  # half of the first event, then the connection is reset
    end_after: float | None = None  # seconds into a watch: it ends as if the time that was asked for were over


GOOD = Mishap()


class FakeApi:
    """Serves ``kind`` objects; every request is kept. ``mishap`` says what goes wrong with a request."""

    def __init__(self, path: str = "/api/v1/pods", page: int = 2, bookmarks: float | None = None) -> None:
        self.path, self.page, self.bookmarks = path, page, bookmarks
        self.asked: list[Asked] = []
        self.mishap: Callable[[Asked], Mishap] = lambda _: GOOD
        self.version = 100
        self.objects: dict[tuple[str, str], Object] = {}
        self._history: list[tuple[int, str, Object]] = []
        self._oldest = 100  # version to watch from
        self._life = 0  # grows with each restart
        self._changed = threading.Condition(threading.RLock())
        self.closing = False

    def put(self, name: str, namespace: str = "shop", uid: str = "", **more: Any) -> None:
        """Create an object, or change it."""
        with self._changed:
            self.version += 1
            kind = "MODIFIED" if (namespace, name) in self.objects else "ADDED"
            metadata = {
                "name": name,
                "namespace": namespace,
                "uid": uid or f"uid-{name}",
                "resourceVersion": str(self.version),
            }
            item = {"metadata": metadata | more.pop("metadata", {}), "spec": {"containers": [{"name": "app"}]}} | more
            self.objects[namespace, name] = item
            self._tell(kind, item)

    def delete(self, name: str, namespace: str = "shop") -> None:
        with self._changed:
            self.version += 1
            item = self.objects.pop((namespace, name))
            # the last state, with the version of the deletion
            self._tell("DELETED", item | {"metadata": item["metadata"] | {"resourceVersion": str(self.version)}})

    def forget(self, change: Callable[[], None] = lambda: None) -> None:
        """Restart: watches are cut, what changes meanwhile is never told, and who goes on from before is told 410."""
        with self._changed:
            change()
            self.version += 1
            self._oldest = self.version
            self._history.clear()
            self._life += 1
            self._changed.notify_all()

    @property
    def lists(self) -> list[Asked]:
        """First pages."""
        return [asked for asked in self.asked if not asked.is_watch and "continue" not in asked.query]

    @property
    def watches(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.is_watch]

    def _tell(self, kind: str, item: Object) -> None:
        self._history.append((self.version, kind, item))
        self._changed.notify_all()

    # ------------------------------------------------------------------------------------------------------- answers

    def serve(self, http: Http) -> None:
        parts = urlsplit(http.path)
        asked = Asked(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}, time.monotonic())
        self.asked.append(asked)
        mishap = self.mishap(asked)
        if mishap.hang:
            http.rfile.read(1)  # nothing comes until the client is gone
            return
        if mishap.status:
            http.whole(mishap.status, mishap.body, mishap.headers)
        elif asked.path != self.path:
            http.whole(404, b"404 page not found\n")
        elif asked.is_watch:
            self._watch(http, asked, mishap)
        else:
            self._list(http, asked)

    def _list(self, http: Http, asked: Asked) -> None:
        start, version = (int(n) for n in asked.query.get("continue", f"0/{self.version}").split("/"))
        if version < self._oldest:
            http.whole(410, _status(410, "the provided continue parameter is too old"))
            return
        with self._changed:
            wanted = asked.query.get("fieldSelector", "").removeprefix("metadata.name=")
            items = [item for (_, name), item in sorted(self.objects.items()) if wanted in {"", name}]
        more = f"{start + self.page}/{version}" if start + self.page < len(items) else ""
        meta = {"resourceVersion": str(version)} | ({"continue": more} if more else {})
        http.whole(200, json.dumps({"metadata": meta, "items": items[start : start + self.page] or None}).encode())

    def _watch(self, http: Http, asked: Asked, mishap: Mishap) -> None:
        http.begin()
        began = last = time.monotonic()
        seen, life = int(asked.query["resourceVersion"]), self._life
        if seen < self._oldest:
            http.chunk(_line("ERROR", json.loads(_status(410, f"too old resource version: {seen}"))))
            http.end()
            return
        limit = float(asked.query["timeoutSeconds"]) if mishap.end_after is None else mishap.end_after
        while not self.closing:
            with self._changed:
                news = [] if mishap.quiet else self._since(seen)
                if not news:
                    self._changed.wait(0.01)
                    news = [] if mishap.quiet else self._since(seen)
                told = self.version  # all up to here
            for version, line in news:
                if mishap.cut_in_line:
                    http.chunk(line[: len(line) // 2])
                    http.reset()
                    return
                http.chunk(line)
                seen, last = version, time.monotonic()
            now = time.monotonic()
            if not mishap.quiet and self.bookmarks is not None and now - last >= self.bookmarks:
                last, seen = now, told
                http.chunk(_line("BOOKMARK", {"metadata": {"resourceVersion": str(seen)}}))
            if mishap.body and not news:
                http.chunk(mishap.body)
                http.end()
                return
            if life != self._life or (mishap.cut_after is not None and now - began >= mishap.cut_after):
                http.reset()
                return
            if not mishap.quiet and now - began >= limit:
                http.end()
                return

    def _since(self, version: int) -> list[tuple[int, bytes]]:
        return [(at, _line(kind, item)) for at, kind, item in self._history if at > version]


def _line(kind: str, item: Object) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def _status(code: int, message: str) -> bytes:
    return json.dumps({"kind": "Status", "code": code, "message": message}).encode()


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: FakeApi

    def do_GET(self) -> None:
        self.api.serve(self)

    def whole(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def reset(self) -> None:
        """As a proxy that dies: no end of the answer, no goodbye."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that went away is part of most tests."""


@contextmanager
def serving(api: FakeApi, folder: Path) -> Iterator[KubeSettings]:
    """The server on a free port of loopback, and how to reach it."""
    http = _Quiet(("127.0.0.1", 0), type("Bound", (Http,), {"api": api}))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    kubeconfig = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{http.server_address[1]}"}}],
        "users": [{"name": "u", "user": {"token": "t0ken"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "here",
    }
    kubeconfig.write_text(json.dumps(config))
    try:
        yield KubeSettings(kubeconfig=kubeconfig)
    finally:
        api.closing = True
        http.shutdown()
        http.server_close()
        thread.join(5)
