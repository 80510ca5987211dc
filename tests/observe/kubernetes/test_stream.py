"""Lines out of pieces, and what refusals become."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.observe.kubernetes.apiserver import FakeApi, Http, Mishap, serving
from vpa_inplace.domain.errors import SourceConfused, SourceRefused, SourceUnavailable
from vpa_inplace.observe.kubernetes import KubeClient
from vpa_inplace.observe.kubernetes import stream as module
from vpa_inplace.observe.kubernetes.client import BadRequest, Forbidden, Gone, NotFound
from vpa_inplace.observe.kubernetes.stream import Cut, Silent, Stream, TryLater, _lines
from vpa_inplace.observe.kubernetes.wire import Wire

PODS = "/api/v1/pods"


@contextmanager
def streaming(api: FakeApi, folder: Path) -> Iterator[Stream]:
    with serving(api, folder) as settings:
        yield Stream(KubeClient(settings), Wire())


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line)), st.data())
def test_lines_do_not_depend_on_how_they_come(lines: list[bytes], data: st.DataObject) -> None:
    text = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert list(_lines(pieces)) == lines


def test_half_a_line_is_none() -> None:
    lines = _lines([b"one\ntw", b"o"])
    assert next(lines) == b"one"
    with pytest.raises(Cut, match="in the middle of an event"):
        next(lines)


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    assert list(_lines([b"x" * 900 + b"\n", b"y" * 900, b"\n"])) == [b"x" * 900, b"y" * 900]
    with pytest.raises(SourceConfused, match="no watch"):
        list(_lines(b"x" * 100 for _ in range(100)))


@pytest.mark.parametrize(
    ("status", "header", "error"),
    [
        pytest.param(400, None, BadRequest, id="bad-request"),
        pytest.param(401, None, SourceRefused, id="unauthorised"),
        pytest.param(403, "5", Forbidden, id="forbidden"),
        pytest.param(404, "5", NotFound, id="not-found"),
        pytest.param(410, "5", Gone, id="gone"),
        pytest.param(429, "5", TryLater, id="busy"),
        pytest.param(503, "5", TryLater, id="away-and-says-when-back"),
        pytest.param(429, None, SourceUnavailable, id="busy-and-does-not-say"),
        pytest.param(429, "Wed, 21 Oct 2026 07:28:00 GMT", SourceUnavailable, id="a-date"),
        pytest.param(500, None, SourceUnavailable, id="error"),
    ],
)
@pytest.mark.parametrize("watch", [False, True], ids=["body", "lines"])
def test_refusals(tmp_path: Path, status: int, header: str | None, error: type[Exception], watch: bool) -> None:
    api = FakeApi()
    api.mishap = lambda _: Mishap(status=status, headers={"Retry-After": header} if header else {})
    with streaming(api, tmp_path) as stream, pytest.raises(error) as raised:
        next(stream.lines(PODS, {}, 5)) if watch else stream.body(PODS, {})
    assert raised.type is error
    assert not isinstance(raised.value, TryLater) or raised.value.after == 5


def test_nobody_is_waited_for_all_day(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = lambda _: Mishap(status=429, headers={"Retry-After": "86400"})
    with streaming(api, tmp_path) as stream, pytest.raises(TryLater) as raised:
        stream.body(PODS, {})
    assert raised.value.after == 300


def test_lines_come_when_they_come(tmp_path: Path) -> None:
    api = FakeApi()
    with streaming(api, tmp_path) as stream:
        lines = stream.lines(PODS, {"watch": "true", "resourceVersion": "100", "timeoutSeconds": 30}, 20)
        assert next(lines) == b""  # accepted, before there is anything to tell
        for name in "ab":
            api.put(name)
            assert f'"name": "{name}"'.encode() in next(lines)
        lines.close()


@pytest.mark.parametrize(
    ("mishap", "error"),
    [
        pytest.param(Mishap(cut_after=0.05), Cut, id="cut"),
        pytest.param(Mishap(quiet=True), Silent, id="silent"),
        pytest.param(Mishap(end_after=0.05), StopIteration, id="ended"),
    ],
)
def test_how_lines_end(tmp_path: Path, mishap: Mishap, error: type[Exception]) -> None:
    api = FakeApi()
    api.mishap = lambda _: mishap
    with streaming(api, tmp_path) as stream:
        lines = stream.lines(PODS, {"watch": "true", "resourceVersion": "100", "timeoutSeconds": 30}, 0.3)
        next(lines)
        with pytest.raises(error) as raised:
            next(lines)
    assert raised.type is error


def test_a_proxy_that_knows_no_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP/1.0: what comes until the connection ends is the answer; a line is given before that."""
    told = threading.Event()

    def serve(_: FakeApi, http: Http) -> None:
        http.protocol_version = "HTTP/1.0"
        http.send_response(200)
        http.end_headers()
        http.wfile.write(b'{"a": 1}\n{"b"')
        told.wait(10)
        http.wfile.write(b": 2}\n")
        http.close_connection = True

    monkeypatch.setattr(FakeApi, "serve", serve)
    with streaming(FakeApi(), tmp_path) as stream:
        lines = stream.lines(PODS, {}, 20)
        assert [next(lines), next(lines)] == [b"", b'{"a": 1}']
        told.set()
        assert list(lines) == [b'{"b": 2}']
