"""Everything that can be wrong with what the command line is given: one sentence, the right exit code, no stdout."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Vpa, lines
from tests.support.servers import Answer, Request, answering, as_json, ok
from vpa_inplace.observe.recording import MANIFEST

NOWHERE = "http://127.0.0.1:9"  # the port of discard: nobody listens


@pytest.mark.parametrize(
    "command", [("recommend",), ("explain", "a/b/c"), ("record", "--out", "x.zip")], ids=lambda c: c[0]
)
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param((), 2, "where is the usage? give --prometheus URL or --recording FILE", id="no-source"),
        pytest.param(
            ("-p", NOWHERE), 1, f"prometheus {NOWHERE} cannot be reached: [Errno 111] Connection refused", id="down"
        ),
        pytest.param(("-p", "prometheus:9090"), 2, "prometheus url", id="url-without-scheme"),
        pytest.param(("-p", "http://"), 2, "write it like http://prometheus", id="url-without-host"),
        pytest.param(("-p", NOWHERE, "--header", "nonsense"), 2, "--header: write it like", id="header"),
        pytest.param(
            ("-p", NOWHERE, "--timeout", "30"),
            2,
            "--timeout: '30' is a duration without unit: write 30s",
            id="duration",
        ),
        pytest.param(("-p", NOWHERE, "--timeout", "1ms"), 2, "--timeout: '1ms' is too short", id="duration-too-short"),
        pytest.param(("-p", NOWHERE, "--history", "60d"), 2, "at most 35 d", id="history-too-long"),
        pytest.param(
            ("-p", NOWHERE, "--at", "yesterday"), 2, "--at: 'yesterday' is no time; write it like 2026-", id="time"
        ),
        pytest.param(
            ("-p", NOWHERE, "--at", "2026-03-02", "--context", "x"),
            2,
            "the API server knows the present",
            id="past-and-cluster",
        ),
        pytest.param(
            ("-p", NOWHERE, "--password-file", "nope"), 2, "password file nope: No such file", id="password-file"
        ),
        pytest.param(
            ("-p", NOWHERE, "--bearer-token-file", "nope"), 2, "bearer token file nope: No such file", id="token-file"
        ),
        pytest.param(("-p", NOWHERE, "--ca-file", "nope"), 2, "CA file nope does not exist", id="ca-file"),
        pytest.param(("-p", NOWHERE, "--kubeconfig", "nope"), 2, "kubeconfig nope does not exist", id="kubeconfig"),
        pytest.param(
            ("-p", NOWHERE, "--no-cluster", "--context", "x"), 2, "--no-cluster contradicts", id="cluster-or-not"
        ),
        pytest.param(("--config", "nope.yaml"), 2, "nope.yaml: there is no such file; check the path", id="config"),
        pytest.param(
            ("--recording", "nope.zip"), 2, "recording nope.zip does not exist; write one with", id="recording"
        ),
    ],
)
def test_sources(vpa: Vpa, command: tuple[str, ...], arguments: tuple[str, ...], code: int, says: str) -> None:
    ended = vpa(*command, *arguments)
    assert (ended.code, ended.out) == (code, "")
    *notes, error = lines(ended.err)
    assert error.startswith("error: ")
    assert says in error
    assert all(note.startswith("note: ") for note in notes)
    assert not Path("x.zip").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("-f", "resent"), "unknown forecaster 'resent': did you mean 'recent'?", id="forecaster"),
        pytest.param(("--profile", "vap"), "unknown profile 'vap': did you mean 'vpa'?", id="profile"),
        pytest.param(("-o", "jsn"), "unknown report 'jsn': did you mean 'json'?", id="report"),
        pytest.param(
            ("--risk", "101%"), "--risk: '101%' is out of range: it must lie between 0% and 100%", id="percent"
        ),
        pytest.param(("--risk", "0"), "--risk: '0' is out of range: it must lie above 0%", id="risk-zero"),
        pytest.param(("--risk", "high"), "--risk: 'high' is no fraction: write it like 15% or 0.15", id="risk-word"),
        pytest.param(("--set", "margin"), "--set margin: write key=value", id="set-without-value"),
        pytest.param(("--set", "margni=1"), "unknown setting 'margni': did you mean 'margin'?", id="knob"),
        pytest.param(("--set", "margin=-2"), "margin -2.0 must lie between", id="knob-range"),
        pytest.param(("--set", "deadBand=15"), "'15' is out of range", id="policy-percent"),
        pytest.param(("-n", "sohp"), "namespace 'sohp' is not in recording", id="namespace"),
        pytest.param(("-n", "shop", "-A"), "--namespace and --all-namespaces contradict", id="namespace-and-all"),
        pytest.param(("-l", "app=web"), "holds no labels; give -l when recording", id="selector"),
        pytest.param(("--at", "2026-03-02"), "--at: a recording shows the one moment", id="time"),
    ],
)
def test_settings(vpa: Vpa, recording: Path, arguments: tuple[str, ...], says: str) -> None:
    ended = vpa("recommend", "--recording", str(recording), *arguments)
    assert (ended.code, ended.out) == (2, "")
    (error,) = lines(ended.err)
    assert error.startswith("error: ")
    assert says in error


def cut(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[: source.stat().st_size // 2])


def newer(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, body.replace(b'"version": 1', b'"version": 99') if name == MANIFEST else body)


def foreign(_: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("letter.txt", "Dear Sir")


def text(_: Path, target: Path) -> None:
    target.write_text("no zip at all")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        pytest.param(cut, "is no recording, or it was cut off", id="truncated"),
        pytest.param(newer, "has version 99, this program reads up to 1; use a newer vpa-inplace", id="newer"),
        pytest.param(foreign, "is no recording", id="another-zip"),
        pytest.param(text, "is no recording", id="no-zip"),
    ],
)
def test_recordings(vpa: Vpa, recording: Path, tmp_path: Path, damage: Callable[[Path, Path], None], says: str) -> None:
    damage(recording, tmp_path / "bad.zip")
    ended = vpa("recommend", "--recording", str(tmp_path / "bad.zip"))
    assert (ended.code, ended.out) == (1, "")
    (error,) = lines(ended.err)
    assert error.startswith("error: ")
    assert says in error
    assert "bad.zip" in error


HTML = Answer(body=b"<html>please log in</html>", content_type="text/html")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(Answer(401), "answered 401: credentials are missing or wrong; check the token", id="401"),
        pytest.param(Answer(403), "answered 403: these credentials may not query", id="403"),
        pytest.param(HTML, "does not answer like a Prometheus API (text/html, status 200", id="html"),
        pytest.param(Answer(404, b"not found", "text/plain"), "does not answer like a Prometheus API", id="404"),
        pytest.param(Answer(body=b"{"), "does not answer like a Prometheus API", id="half-json"),
    ],
)
def test_answers_of_prometheus(vpa: Vpa, answer: Answer, says: str) -> None:
    with answering(lambda _: answer) as server:
        ended = vpa("recommend", "-p", server.url, "--no-cluster")
        assert (ended.code, ended.out) == (1, "")
        (error,) = lines(ended.err)
        assert error.startswith("error: ")
        assert server.url.removeprefix("http://") in error
        assert says in error


NOON = "1772452800"  # 2026-03-02 12:00 UTC


def empty(request: Request) -> Answer:
    """A Prometheus that knows the time and nothing else."""
    clock = request.query.get("query") == "vector(time())"
    return ok([{"metric": {}, "value": [0, NOON]}] if clock else [])


def test_an_empty_prometheus(vpa: Vpa) -> None:
    with answering(empty) as server:
        ended = vpa("recommend", "-p", server.url, "--no-cluster")
    assert (ended.code, ended.out) == (1, "")
    assert "knows no containers at that time" in ended.err
    assert "run doctor to see what is missing" in ended.err


def test_a_slow_prometheus(vpa: Vpa) -> None:
    never = threading.Event()
    with answering(lambda _: Answer(delay=never)) as server:
        ended = vpa("recommend", "-p", server.url, "--no-cluster", "--timeout", "1s")
        never.set()
    assert (ended.code, ended.out) == (1, "")
    assert "no answer within 1 s" in ended.err


def kubeconfig(url: str, path: Path) -> Path:
    path.write_text(
        f"""\
apiVersion: v1
kind: Config
current-context: here
clusters: [{{name: here, cluster: {{server: "{url}"}}}}]
users: [{{name: me, user: {{token: t}}}}]
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
"""
    )
    return path


def test_an_expired_token_is_no_reason_to_go_on_without_the_cluster(
    vpa: Vpa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(lambda _: as_json({"message": "Unauthorized"}, 401)) as server:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(server.url, tmp_path / "kubeconfig")))
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))
        ended = vpa("recommend", "-p", NOWHERE)
    assert ended.code == 1
    assert "answered 401: the credentials have expired" in ended.err
    assert "or go without the cluster: --no-cluster" in ended.err


def test_a_cluster_that_nobody_named_may_be_gone(vpa: Vpa) -> None:
    """kube-state-metrics has to do, and that is said."""
    ended = vpa("recommend", "-p", NOWHERE)
    note, error = lines(ended.err)
    assert note.startswith("note: pods come from kube-state-metrics alone: no cluster access: no kubeconfig")
    assert "cannot be reached" in error
    assert len(lines(vpa("recommend", "-p", NOWHERE, "-q").err)) == 1


def test_a_cluster_that_was_named_must_be_there(vpa: Vpa, tmp_path: Path) -> None:
    ended = vpa("recommend", "-p", NOWHERE, "--kubeconfig", str(kubeconfig(NOWHERE, tmp_path / "k")))
    assert (ended.code, len(lines(ended.err))) == (1, 1)
    assert f"kubernetes {NOWHERE} cannot be reached" in ended.err
    ended = vpa("recommend", "-p", NOWHERE, "--kubeconfig", str(tmp_path / "k"), "--context", "elsewhere")
    assert ended.code == 2
    assert "elsewhere" in ended.err


def test_a_namespace_that_does_not_exist_in_the_cluster(vpa: Vpa, tmp_path: Path) -> None:
    def api(request: Request) -> Answer:
        names = [{"metadata": {"name": "shop"}}] if request.path == "/api/v1/namespaces" else []
        return as_json({"gitVersion": "v1.35.0"} if request.path == "/version" else {"items": names})

    with answering(api) as kube, answering(empty) as prometheus:
        config = str(kubeconfig(kube.url, tmp_path / "k"))
        ended = vpa("recommend", "-p", prometheus.url, "--kubeconfig", config, "-n", "sohp")
    assert (ended.code, ended.out) == (2, "")
    assert f"namespace 'sohp' does not exist on {kube.url}; did you mean 'shop'?" in ended.err
