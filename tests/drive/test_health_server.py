"""The server behind the health port: what it answers, what it withstands, and that it ends."""

from __future__ import annotations

import http.client
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.drive.status.scenes import Clock
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.drive.health import Check, Server, host_and_port
from vpa_inplace.drive.metrics import Metrics

FINE = (Check("all"),)


@contextmanager
def serving(
    healthz: Callable = lambda: FINE,
    readyz: Callable = lambda: FINE,
    registry=None,
    address: str = "127.0.0.1:0",
    **more: float,
) -> Iterator[Server]:
    registry = CollectorRegistry() if registry is None else registry
    server = Server(address, registry, healthz=healthz, readyz=readyz, **more)
    try:
        yield server
    finally:
        server.stop()


def ask(server: Server, path: str, method: str = "GET", host: str = "127.0.0.1", **headers: str):
    connection = http.client.HTTPConnection(host, server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def test_checks_are_told_a_line_each():
    troubled = (Check("pods"), Check("usage", "no container has a sample of the last day"))
    with serving(readyz=lambda: troubled) as server:
        assert ask(server, "/healthz")[:2] == (200, "[+] all\n")
        status, body, _ = ask(server, "/readyz?verbose")
    assert (status, body) == (503, "[+] pods\n[-] usage: no container has a sample of the last day\n")


def test_metrics_in_the_format_that_is_asked_for():
    metrics = Metrics(clock=Clock())
    with serving(registry=metrics.registry) as server:
        _, plain, _ = ask(server, "/metrics")
        accept = "application/openmetrics-text;version=1.0.0"
        _, opened, headers = ask(server, "/metrics", Accept=accept)
        _, one, _ = ask(server, "/metrics?name[]=vpa_inplace_leader")
    assert "vpa_inplace_leader 1.0\n" in plain
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert "vpa_inplace_leader" in {family.name for family in text_string_to_metric_families(opened)}
    assert [line for line in one.splitlines() if line[0] != "#"] == ["vpa_inplace_leader 1.0"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("HEAD", "/healthz", 200, id="head-of-health"),
        pytest.param("HEAD", "/metrics", 200, id="head-of-metrics"),
        pytest.param("HEAD", "/nothing", 404, id="head-of-nothing"),
    ],
)
def test_head_has_no_body(method: str, path: str, status: int):
    with serving() as server:
        found, body, headers = ask(server, path, method)
    assert (found, body) == (status, "")
    assert headers["Content-Type"].startswith("text/plain")


def test_after_the_head_the_connection_ends():
    """A client that keeps to the letter would take a body for the next answer."""
    with serving() as server, socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"HEAD /healthz HTTP/1.1\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/healthz/x", "/../metrics", "/debug", "/favicon.ico"])
def test_everything_else_is_not_found(path: str):
    with serving() as server:
        assert ask(server, path)[:2] == (404, "there is /healthz, /readyz and /metrics\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(method: str):
    with serving() as server:
        assert ask(server, "/healthz", method)[0] == 501


def test_it_does_not_say_what_it_runs_on():
    with serving() as server:
        assert ask(server, "/healthz")[2]["Server"].strip() == "vpa-inplace"


@pytest.mark.parametrize(
    "rubbish",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="tls"),
        pytest.param(b"GET\r\n\r\n", id="no-path"),
        pytest.param(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", id="endless-path"),
        pytest.param(b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", id="endless-headers"),
        pytest.param(b"GET //[ HTTP/1.1\r\n\r\n", id="path-that-is-no-url"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_rubbish_hurts_nobody(rubbish: bytes, capfd: pytest.CaptureFixture[str]):
    with serving() as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            client.sendall(rubbish)
            client.shutdown(socket.SHUT_WR)
            client.recv(1000)
        assert ask(server, "/healthz")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_slow_client_keeps_nobody_waiting():
    with serving() as server, socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert ask(server, "/healthz")[0] == 200


def test_a_client_that_says_nothing_is_let_go():
    with (
        serving(patience=0.2) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent,
    ):
        assert silent.recv(1) == b""


def test_a_client_that_goes_away_is_no_trouble_of_ours(caplog: pytest.LogCaptureFixture):
    gone, logged = threading.Event(), threading.Event()

    class Slow:
        def collect(self):
            gone.wait(10)
            return []

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            levels.append(record.levelname)
            logged.set()

    levels: list[str] = []
    log, told = logging.getLogger("vpa_inplace.drive.health"), Told()
    registry = CollectorRegistry()
    registry.register(Slow())
    with caplog.at_level(logging.DEBUG, log.name), serving(registry=registry) as server:
        log.addHandler(told)
        client = socket.create_connection(("127.0.0.1", server.port))
        client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        # closed with a reset, so that the answer meets nobody
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        gone.set()
        assert logged.wait(10)
        log.removeHandler(told)
    assert levels == ["DEBUG"]


def test_a_collector_that_fails_is_an_error_of_one_scrape(caplog: pytest.LogCaptureFixture):
    class Broken:
        def collect(self):
            raise ValueError("a bug of ours")

    registry = CollectorRegistry()
    registry.register(Broken())
    with serving(registry=registry) as server:
        assert ask(server, "/metrics")[0] == 500
        assert ask(server, "/healthz")[0] == 200
    assert "metrics could not be collected" in caplog.text


def test_it_stops_within_a_second_whatever_hangs():
    """A scrape that never ends and a client that says nothing are not waited for."""
    stuck, entered = threading.Event(), threading.Event()

    class Stuck:
        def collect(self):
            entered.set()
            stuck.wait(30)
            return []

    registry = CollectorRegistry()
    registry.register(Stuck())
    server = Server("127.0.0.1:0", registry, healthz=lambda: FINE, readyz=lambda: FINE)
    with (
        socket.create_connection(("127.0.0.1", server.port)) as scrape,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        scrape.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert entered.wait(10)
        stopping = threading.Thread(target=server.stop, daemon=True)
        stopping.start()
        stopping.join(1.0)
        stopped = not stopping.is_alive()
    stuck.set()
    assert stopped
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_a_stopped_port_is_free_again():
    with serving() as first:
        port = first.port
    with serving(address=f"127.0.0.1:{port}") as second:
        assert ask(second, "/healthz")[0] == 200


def test_a_taken_address_is_said():
    with serving() as server, pytest.raises(UsageError, match=rf"cannot listen on 127.0.0.1:{server.port}: .* in use"):
        Server(f"127.0.0.1:{server.port}", CollectorRegistry(), healthz=lambda: FINE, readyz=lambda: FINE)


def test_without_a_host_it_listens_everywhere():
    """A cluster of IPv6 alone has probes that come by IPv6."""
    with serving(address=":0") as server:
        assert [ask(server, "/healthz", host=host)[0] for host in ("127.0.0.1", "::1")] == [200, 200]


def test_it_listens_where_it_is_told():
    with serving(address="[::1]:0") as server:
        assert ask(server, "/healthz", host="::1")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            ask(server, "/healthz", host="127.0.0.1")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param("127.0.0.1:8080", ("127.0.0.1", 8080), id="one-address"),
        pytest.param(":8080", ("", 8080), id="every-address"),
        pytest.param("[::1]:8080", ("::1", 8080), id="ipv6"),
        pytest.param("localhost:0", ("localhost", 0), id="any-free-port"),
    ],
)
def test_addresses(text: str, where: tuple[str, int]):
    assert host_and_port(text) == where


@pytest.mark.parametrize(
    "text", ["", "8080", "localhost", "localhost:http", ":99999", "a:1/x", "u@a:1", "http://a:1", "[::1:1"]
)
def test_what_is_no_address(text: str):
    with pytest.raises(UsageError, match="is no address to listen on; write it like :8080"):
        host_and_port(text)
