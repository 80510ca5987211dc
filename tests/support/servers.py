"""HTTP servers that behave as told: slow, refusing, lying, breaking off. And a small API server that pages."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    claimed_length: int | None = None  # more than there is: the answer breaks off
    delay: threading.Event | None = None  # answered when set
    hold_open: float = 0.0  # seconds of silence after the body, before the connection ends


def ok(result: object, kind: str = "vector") -> Answer:
    """A Prometheus envelope."""
    return Answer(body=json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode())


def as_json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


@dataclass(slots=True)
class Server:
    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def answering(answer: Callable[[Request], Answer]) -> Iterator[Server]:
    """A server on a free port of the loopback; every request is kept."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for the client to acknowledge its headers

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            is_form = "form" in self.headers.get("Content-Type", "")
            fields = parse_qs(parts.query) | (parse_qs(form) if is_form else {})
            query = {name: values[0] for name, values in fields.items()}
            request = Request(self.command, parts.path, query, {k.title(): v for k, v in self.headers.items()})
            server.requests.append(request)
            told = answer(request)
            if told.delay is not None:
                told.delay.wait(10)
            self.send_response(told.status)
            self.send_header("Content-Type", told.content_type)
            self.send_header("Content-Length", str(told.claimed_length or len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)
            time.sleep(told.hold_open)
            if told.claimed_length is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that went away is part of some tests."""

    http = Quiet(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)
