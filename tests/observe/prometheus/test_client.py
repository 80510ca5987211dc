"""What a user is told when a Prometheus does not do as hoped."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.support.servers import Answer, Request, answering, as_json, ok
from vpa_inplace.domain.errors import SourceConfused, SourceRefused, SourceUnavailable, UsageError, VpaInplaceError
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings
from vpa_inplace.observe.prometheus import client as client_module
from vpa_inplace.observe.prometheus.client import Busy, TooMuch

HTML = Answer(200, b"<html><title>Sign in</title></html>", "text/html; charset=utf-8")


def ask_both(url: str, **settings: object) -> list[VpaInplaceError]:
    """The errors of a small query and of a range; both must fail alike."""
    found = []
    with PromClient(PrometheusSettings(url=url, **settings)) as client:  # type: ignore[arg-type]
        for ask in (lambda: client.instant("up"), lambda: client.range("up", 0, 600, 300)):
            with pytest.raises(VpaInplaceError) as caught:
                ask()
            found.append(caught.value)
    return found


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        pytest.param(Answer(401), SourceRefused, ("401", "credentials are missing or wrong"), id="no-credentials"),
        pytest.param(Answer(403), SourceRefused, ("403", "may not query"), id="not-allowed"),
        pytest.param(HTML, SourceConfused, ("login page", "text/html"), id="html"),
        pytest.param(as_json({"version": 3}), SourceConfused, ("another product",), id="another-product"),
        pytest.param(as_json([1, 2]), SourceConfused, ("another product",), id="json-of-another-shape"),
        pytest.param(Answer(404, b"not found", "text/plain"), SourceConfused, ("404",), id="wrong-path"),
        pytest.param(
            Answer(200, b'{"status":"suc', claimed_length=9000), SourceUnavailable, ("broke off",), id="broken-off"
        ),
        pytest.param(Answer(200, b'{"status": nonsense}'), SourceConfused, ("Prometheus",), id="not-json-inside"),
        pytest.param(
            as_json({"status": "error", "error": "bad"}, 400), SourceUnavailable, ("400", "bad"), id="bad-query"
        ),
        pytest.param(as_json({"error": "too many samples"}, 422), TooMuch, ("422", "too many samples"), id="too-large"),
        pytest.param(Answer(504, b"timeout", "text/plain"), TooMuch, ("504",), id="gateway-timeout"),
    ],
)
def test_bad_answers(answer: Answer, kind: type[Exception], words: tuple[str, ...]) -> None:
    with answering(lambda _: answer) as server:
        for error in ask_both(server.url):
            assert isinstance(error, kind)
            for word in (*words, server.url):
                assert word in str(error)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for error in ask_both(url):
            assert isinstance(error, SourceUnavailable)
            assert "cannot be reached" in str(error)
            assert "object at 0x" not in str(error)


def test_a_server_that_takes_too_long() -> None:
    never = threading.Event()
    with answering(lambda _: Answer(delay=never)) as server:
        try:
            for error in ask_both(server.url, read_timeout=timedelta(seconds=0.3)):
                assert isinstance(error, TooMuch)
                assert "no answer within 0.3 s" in str(error)
        finally:
            never.set()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PAUSES", (0.0, 0.0))
    answers = iter([Answer(status), Answer(status), ok([])])
    with answering(lambda _: next(answers)) as server, PromClient(PrometheusSettings(url=server.url)) as client:
        assert client.instant("up") == []
        assert len(server.requests) == 3


def test_a_server_that_stays_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PAUSES", (0.0, 0.0))
    with answering(lambda _: Answer(503)) as server:
        for error in ask_both(server.url):
            assert isinstance(error, Busy)
            assert "fewer namespaces" in str(error)


def test_values_arrive_as_they_are() -> None:
    values = [[0, "1.5"], [300, "NaN"], [600, "+Inf"], [900, "-1e-3"]]
    series = [{"metric": {"pod": "a"}, "values": values}, {"metric": {}, "values": []}]
    with answering(lambda _: ok(series, "matrix")) as server, PromClient(PrometheusSettings(url=server.url)) as client:
        first, second = client.range("up", 0, 900, 300)
    np.testing.assert_array_equal(first.values, [1.5, np.nan, np.inf, -0.001])
    assert first.labels == {"pod": "a"}
    assert len(second.times) == 0


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        pytest.param(lambda url, _: {"url": url, "bearer_token": SECRET}, f"Bearer {SECRET}", id="token"),
        pytest.param(lambda url, file: {"url": url, "bearer_token_file": file}, f"Bearer {SECRET}", id="token-file"),
        pytest.param(lambda url, _: {"url": url, "headers": {"Authorization": SECRET}}, SECRET, id="header"),
        pytest.param(
            lambda url, _: {"url": url, "username": "u", "password": SECRET}, "Basic dTpzM2NyM3Q=", id="basic"
        ),
        pytest.param(
            lambda url, _: {"url": url.replace("//", f"//u:{SECRET}@")}, "Basic dTpzM2NyM3Q=", id="basic-in-the-url"
        ),
    ],
)
def test_credentials_are_sent_and_never_shown(
    settings: Callable[[str, Path], dict[str, object]], header: str, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    with answering(lambda _: Answer(401)) as server:
        given = PrometheusSettings(**settings(server.url, file))  # type: ignore[arg-type]
        with PromClient(given) as client, pytest.raises(SourceRefused) as caught:
            client.range("up", 0, 300, 300)
        assert server.requests[0].headers["Authorization"] == header
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(given)


def test_a_password_in_the_address_is_percent_decoded() -> None:
    assert PrometheusSettings(url="http://u%40corp:p%40ss%2F@host").basic_auth == ("u@corp", "p@ss/")


def test_a_token_of_two_lines_is_refused_without_repeating_it() -> None:
    for error in ask_both("http://127.0.0.1:9", bearer_token=f"{SECRET}\nmore"):
        assert isinstance(error, UsageError)
        assert "on one line" in str(error)
        assert SECRET not in str(error)
        assert error.__suppress_context__


def test_a_server_that_falls_silent_within_an_answer_is_asked_for_less() -> None:
    with answering(lambda _: Answer(body=b'{"status":', claimed_length=9000, hold_open=1.0)) as server:
        for error in ask_both(server.url, read_timeout=timedelta(seconds=0.3)):
            assert isinstance(error, TooMuch)


def test_the_given_ca_is_used_by_small_queries_and_ranges(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that names another bundle does not overrule the one asked for."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "environment.pem"))
    used: list[object] = []

    def send(_: object, request: requests.PreparedRequest, **options: object) -> requests.Response:
        used.append(options["verify"])
        raise requests.exceptions.SSLError("no")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    ask_both("https://localhost", ca_file=tmp_path / "own.pem")
    assert used == [str(tmp_path / "own.pem")] * 2


def test_a_server_that_does_not_know_the_time() -> None:
    with (
        answering(lambda _: ok([])) as server,
        PromClient(PrometheusSettings(url=server.url)) as client,
        pytest.raises(SourceConfused, match="does not know the time"),
    ):
        client.now()


def test_answers_are_not_compressed_unless_asked() -> None:
    with answering(lambda _: ok([], "matrix")) as server:
        for encoding in ("identity", "gzip"):
            with PromClient(PrometheusSettings(url=server.url, accept_encoding=encoding)) as client:
                client.range("up", 0, 300, 300)
            assert server.requests[-1].headers["Accept-Encoding"] == encoding


@pytest.mark.parametrize("url", ["prometheus:9090", "ftp://prometheus", "http://", ""])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="prometheus url"):
        PrometheusSettings(url=url)


def test_a_token_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="token file"):
        PromClient(PrometheusSettings(url="http://localhost", bearer_token_file=tmp_path / "none"))


def test_the_moment_of_the_settings_is_the_moment_of_queries() -> None:
    from tests.support.builders import NOON

    def answer(request: Request) -> Answer:
        return ok([{"metric": {}, "value": [float(request.query["time"]), "1"]}])

    with answering(answer) as server, PromClient(PrometheusSettings(url=server.url, at=NOON)) as client:
        client.instant("up")
        assert client.now() == NOON.timestamp()
        assert float(server.requests[0].query["time"]) == NOON.timestamp()
