"""One thread ends another's waiting, wherever it waits; and nobody else's."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.api import until
from tests.observe.kubernetes.apiserver import FakeApi, Mishap, serving
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.wire import Wire

PODS = "/api/v1/pods"


class Caller:
    """A thread that asks once over a wire."""

    def __init__(self, client: KubeClient, wire: Wire) -> None:
        self.error: Exception | None = None
        self._client, self._wire = client, wire
        self.thread = threading.Thread(target=self._call, daemon=True)
        self.thread.start()

    def _call(self) -> None:
        try:
            with self._wire.in_use():
                self._client.get(PODS)
        except SourceUnavailable as error:
            self.error = error

    def ended(self) -> bool:
        self.thread.join(1.0)
        return not self.thread.is_alive()


def test_waiting_for_an_answer_is_ended(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = lambda _: Mishap(hang=True)
    with serving(api, tmp_path) as settings:
        wire = Wire()
        caller = Caller(KubeClient(settings), wire)
        until(lambda: api.asked, "asked")
        wire.cut()
        assert caller.ended()
    assert caller.error is not None


def test_over_a_connection_that_was_used_before(tmp_path: Path) -> None:
    """The pool gives it again, connected already."""
    api = FakeApi()
    with serving(api, tmp_path) as settings:
        client, wire = KubeClient(settings), Wire()
        client.get(PODS)
        api.mishap = lambda _: Mishap(hang=True)
        caller = Caller(client, wire)
        until(lambda: len(api.asked) == 2, "asked")
        wire.cut()
        assert caller.ended()


def test_a_wire_that_is_cut_stays_cut(tmp_path: Path) -> None:
    api = FakeApi()
    api.mishap = lambda _: Mishap(hang=True)
    with serving(api, tmp_path) as settings:
        wire = Wire()
        wire.cut()
        assert Caller(KubeClient(settings), wire).ended()


def test_nobody_elses_connection_is_touched(tmp_path: Path) -> None:
    """The wire was used, and let go of its connection; the next to use that is another thread."""
    api = FakeApi()
    with serving(api, tmp_path) as settings:
        client, wire = KubeClient(settings), Wire()
        with wire.in_use():
            client.get(PODS)
        held = threading.Event()

        def cut_between(_: object) -> Mishap:
            wire.cut()
            held.set()
            return Mishap()

        api.mishap = cut_between
        client.get(PODS)
        assert held.is_set()


@contextmanager
def mute() -> Iterator[tuple[str, threading.Event]]:
    """A port that takes connections and says nothing; the event is set by the first."""
    came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def accept() -> None:
            held.append(server.accept()[0])
            came.set()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.getsockname()[1]}", came
        finally:
            for connection in held:
                connection.close()


def test_agreeing_on_tls_is_ended(tmp_path: Path) -> None:
    with mute() as (url, came):
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
            "current-context": "here",
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        wire = Wire()
        caller = Caller(KubeClient(KubeSettings(kubeconfig=tmp_path / "kubeconfig")), wire)
        assert came.wait(10)
        until(lambda: wire._socket is not None, "connected")
        wire.cut()
        assert caller.ended()


def test_names_in_messages_stay_plain(tmp_path: Path) -> None:
    with serving(FakeApi(), tmp_path) as settings:
        client = KubeClient(settings)
    with pytest.raises(SourceUnavailable, match=r"cannot be reached: Failed to establish a new connection"):
        client.get(PODS)
