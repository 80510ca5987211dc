"""One port for those who watch us: /healthz, /readyz and /metrics.

Alive is not well: a process whose ticks come and fail because Prometheus is away is left alone, for a new one would fare
no better. One whose ticks do not come any more is not alive. Ready is who could act within a tick.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Final
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, MetricsHandler
from prometheus_client.exposition import choose_encoder

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.drive.metrics import Metrics
from vpa_inplace.drive.pulse import Pulse
from vpa_inplace.drive.status import Status
from vpa_inplace.observe.kubernetes.store import State

ALIVE: Final = 600.0
"""Seconds without a tick's begin or end after which the process is taken for hung. A tick is due each minute, and the
slowest one, a cold start against a slow Prometheus, is given the ten minutes that its start-up probe has."""
WARM: Final = 300.0
"""Seconds since the last good tick for which a standby could take over at once: five ticks."""
PATIENCE: Final = 10.0  # seconds for a client to say what it wants, or to take its answer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so; ``trouble`` is a sentence, empty where it is."""

    name: str
    trouble: str = ""

    def __str__(self) -> str:
        return f"[-] {self.name}: {self.trouble}" if self.trouble else f"[+] {self.name}"


Checks = Callable[[], Sequence[Check]]


def alive(pulse: Pulse, within: float = ALIVE) -> tuple[Check, ...]:
    """Whether ticks still come, good or not."""
    silence = pulse.silence
    late = "" if silence < within else f"no tick has begun or ended for {silence:.0f} s; {within:.0f} s are allowed"
    return (Check("ticks", late),)


def ready(status: Status | None, pulse: Pulse, *, leads: bool, within: float = WARM) -> tuple[Check, ...]:
    """Whether this replica could act within a tick: what it has to know is there, and it leads or is warm."""
    if status is None:
        return (Check("first tick", "no tick has come to a decision yet"),)
    pods = status.watches.get("Pod")
    listed = pods is not None and pods.age < float("inf") and pods.state is not State.FORBIDDEN
    warm = leads or (pulse.was_well and pulse.well_age < within)
    return (
        Check("pods", "" if listed else "the pods of the cluster were not listed"),
        Check("usage", "" if status.usage_seen else "no container has a sample of the last day"),
        Check("leader" if leads else "standby", "" if warm else f"its last good tick was {pulse.well_age:.0f} s ago"),
    )


def serve(address: str, metrics: Metrics) -> Server:
    """Start to answer about these; stop it with ``stop``.

    Raises:
        UsageError: the address is none, or is taken.
    """
    return Server(
        address,
        metrics.registry,
        healthz=lambda: alive(metrics.pulse),
        readyz=lambda: ready(metrics.status, metrics.pulse, leads=metrics.leads()),
    )


class Server:
    """Answers from now on, on threads of its own, which end with the process at the latest."""

    def __init__(
        self,
        address: str,
        registry: CollectorRegistry,
        *,
        healthz: Checks,
        readyz: Checks,
        patience: float = PATIENCE,
    ) -> None:
        pages = {"/healthz": healthz, "/readyz": readyz}
        handler = type("Handler", (_Handler,), {"registry": registry, "pages": pages, "timeout": patience})
        try:
            family, place = _place(*host_and_port(address))
            server = type("Http", (_Http,), {"address_family": family})
            self._http: ThreadingHTTPServer = server(place, handler)
        except OSError as error:
            raise UsageError(f"cannot listen on {address}: {error.strerror}; give another address") from error
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """That it listens on: the one that was asked for, or for 0 the one that was free."""
        port: int = self._http.server_address[1]
        return port

    def stop(self) -> None:
        """Take no more requests and free the port. Answers under way are not waited for."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def host_and_port(address: str) -> tuple[str, int]:
    """``127.0.0.1:8080``, ``[::1]:8080``, or ``:8080`` for every address of this machine.

    Raises:
        UsageError: it is none of these.
    """
    refusal = UsageError(f"{address!r} is no address to listen on; write it like :8080, 127.0.0.1:8080 or [::1]:8080")
    try:
        parts = urlsplit(f"//{address}")
        port = parts.port
    except ValueError as error:
        raise refusal from error
    if port is None or parts.netloc != address or "@" in address:
        raise refusal
    return parts.hostname or "", port


def _place(host: str, port: int) -> tuple[int, tuple[str, int]]:
    """Address family, and where to bind; without a host every address of both families, where there are both."""
    if not host and socket.has_dualstack_ipv6():
        return socket.AF_INET6, ("::", port)
    kind, flags = socket.SOCK_STREAM, socket.AI_PASSIVE
    family, _, _, _, place = socket.getaddrinfo(host or None, port, type=kind, flags=flags)[0]
    return family, (str(place[0]), int(place[1]))


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """As the base does, but DNS is not asked for our own name, and ``::`` takes IPv4 too."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Clients go away and send rubbish; that is no trouble of ours."""
        _log.debug("a request from %s failed", client_address, exc_info=True)


class _Handler(MetricsHandler):
    """GET and HEAD; the base answers 501 to every other method, and /metrics in the format that is asked for."""

    server_version = "vpa-inplace"
    sys_version = ""
    pages: dict[str, Checks] = {}  # noqa: RUF012 - set once, by the class that is made for a server

    def do_GET(self) -> None:  # noqa: N802 - the base's name
        path = urlsplit(self.path).path
        if path == "/metrics":
            self._metrics()
        elif path in self.pages:
            self._checks(self.pages[path])
        else:
            self._say(HTTPStatus.NOT_FOUND, "there is /healthz, /readyz and /metrics\n")

    do_HEAD = do_GET  # noqa: N815 - the base's name

    def _metrics(self) -> None:
        if self.command == "HEAD":
            self._say(HTTPStatus.OK, "", choose_encoder(self.headers.get("Accept", ""))[1])
            return
        try:
            super().do_GET()
        except OSError:  # the client went away
            raise
        except Exception:  # noqa: BLE001 - whatever a collector raises, the next scrape may be fine
            _log.exception("metrics could not be collected")
            self._say(HTTPStatus.INTERNAL_SERVER_ERROR, "metrics could not be collected, see the log\n")

    def _checks(self, checks: Checks) -> None:
        found = checks()
        fine = not any(check.trouble for check in found)
        text = "".join(f"{check}\n" for check in found)
        self._say(HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE, text)

    def _say(self, status: HTTPStatus, text: str, content_type: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if self.command != "HEAD" or body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
