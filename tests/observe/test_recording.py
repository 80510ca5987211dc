"""Recordings: whole or refused, the same bytes for the same facts."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.observe.test_sources_agree import same_facts
from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import FileRefused, UsageError
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import ContainerKind, Node
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import LatencySeries
from vpa_inplace.history import History
from vpa_inplace.observe.recording import MANIFEST, RecordingSource, read_recording, write_recording
from vpa_inplace.observe.source import Observation, Scope

DB = WorkloadKey("test", "data", "StatefulSet", "db")


def an_observation(seed: int = 0, *, days: float = 1.5) -> Observation:
    """Pods of every kind, usage with gaps, a censored step, an hour of the past, latency with an infinite bound."""
    rng = np.random.default_rng(seed)
    pods = (
        a_pod(
            a_container("app", limits=Amounts(1000, 512 * MIB), last_oom=NOON, restarts=2),
            a_container("proxy", cpu=None, memory=None, kind=ContainerKind.SIDECAR),
            a_container("migrate", kind=ContainerKind.INIT, restart_on_resize=frozenset({Resource.MEMORY})),
            created=NOON - timedelta(days=1, microseconds=7),
        ),
        a_pod(a_container("db", cpu=0), name="db-0", workload=DB, static=True, os="windows", node=None),
    )
    rows = rows_of(pods)
    width = round(days * 288)
    cpu, memory = rng.lognormal(5, 2, (3, width)), rng.lognormal(19, 1, (3, width))
    cpu[rng.random(cpu.shape) < 0.2] = np.nan
    memory[2] = np.nan
    plain = a_history(rows, cpu=cpu, memory=memory, days=days)
    history = History.of(
        rows,
        start=plain.start,
        step=300,
        usage=plain.usage,
        censored=rng.random(plain.usage.shape) < 0.1,  # gaps too: a container was killed and nothing was scraped
    )
    hour = history.start - history.start % 3600
    history = history.with_past(np.full((2, 3, 5), 7.0, np.float32), start=hour - 5 * 3600)
    counts = np.array([[1, 2, 3], [np.nan, 2, 2]], np.float32)
    latency = LatencySeries(
        metric="vllm:ttft", namespace="shop", pod="web-1", bounds=(0.1, 0.25, np.inf), start=0, step=300, counts=counts
    )
    node = Node(name="node-1", allocatable=Amounts(4000, 2**34), unschedulable=True)
    snapshot = replace(a_snapshot(*pods, history=history), nodes={"node-1": node}, latency=(latency,))
    skips = (Skip("test/shop/Deployment/web/migrate", "InitContainer", "over"),)
    return Observation(snapshot=snapshot, history=history, skips=skips, warnings=("w",), cleaned={"cpuNegative": 3})


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([0.125, 1.5, 8.0]))
def test_what_goes_in_comes_out(tmp_path_factory: pytest.TempPathFactory, seed: int, days: float) -> None:
    path = tmp_path_factory.mktemp("r") / "a"
    observation = an_observation(seed, days=days)
    write_recording(observation, path)
    same_facts(observation, read_recording(path))


def test_an_empty_cluster_can_be_recorded(tmp_path: Path) -> None:
    history = a_history(rows_of([]))
    empty = Observation(snapshot=replace(a_snapshot(history=history), pods=()), history=history)
    write_recording(empty, tmp_path / "a")
    assert read_recording(tmp_path / "a").snapshot.pods == ()


def test_the_same_facts_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_recording(an_observation(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.recording"
    write_recording(an_observation(), path)
    return path


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.9999))
def test_a_recording_that_was_cut_off_is_refused(recording: Path, share: float) -> None:
    whole = recording.read_bytes()
    cut = recording.with_name("cut")
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(FileRefused, match="record it again"):
        read_recording(cut)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 0.9999), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_harmless(recording: Path, share: float, bit: int) -> None:
    """Every member has a checksum: what is read at all is what was written."""
    whole = bytearray(recording.read_bytes())
    whole[int(len(whole) * share)] ^= 1 << bit
    bent = recording.with_name("bent")
    bent.write_bytes(whole)
    try:
        read = read_recording(bent)
    except FileRefused:
        return
    same_facts(read_recording(recording), read)


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy whose manifest was changed; members that ``change`` returns by name are left out."""
    copy = path.with_name("copy")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        manifest = json.loads(old.read(MANIFEST))
        dropped = change(manifest)
        for name in old.namelist():
            if name != dropped:
                new.writestr(name, json.dumps(manifest) if name == MANIFEST else old.read(name))
    return copy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda m: m.update(version=2), "version 2, this program reads up to 1", id="newer"),
        pytest.param(lambda m: m.update(schema="krr"), "no recording", id="foreign-zip"),
        pytest.param(lambda _: MANIFEST, "manifest.json", id="no-manifest"),
        pytest.param(lambda _: "usage.parquet", "usage.parquet", id="no-usage"),
        pytest.param(lambda m: m["rows"].pop(), "does not hold what its manifest says", id="row-missing"),
        pytest.param(lambda m: m.update(columns=3), "does not hold", id="fewer-columns"),
        pytest.param(lambda m: m.update(now="soon"), "does not hold", id="odd-field"),
        pytest.param(lambda m: m.update(now="2026-03-02T12:00:00"), "now has no time zone", id="time-without-zone"),
        pytest.param(
            lambda m: m["pods"][0]["containers"][0].update(last_oom="2026-03-02T12:00:00"),
            "last_oom of shop/web-1/app has no time zone",
            id="oom-without-zone",
        ),
        pytest.param(lambda m: m.update(step=0), "step 0 must divide an hour", id="no-step"),
        pytest.param(lambda m: m.update(step=7), "step 7 must divide an hour", id="odd-step"),
        pytest.param(lambda m: m.update(start=m["start"] + 1), "start must be a multiple", id="between-steps"),
        pytest.param(lambda m: m.update(columns=10**12), "columns must cover", id="longer-than-memory"),
        pytest.param(lambda m: m.update(hours=-1), "hours must cover", id="negative"),
        pytest.param(lambda m: m["latency"][0].update(windows=1), "outside of its latency", id="fewer-windows"),
        pytest.param(lambda m: m["latency"][0].update(windows=10**12), "windows of vllm", id="endless-latency"),
        pytest.param(lambda m: m["latency"].clear(), "does not hold", id="latency-of-nobody"),
    ],
)
def test_other_files_are_refused(recording: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    with pytest.raises(FileRefused, match=words) as caught:
        read_recording(rewritten(recording, change))
    assert "copy" in str(caught.value)


def test_a_table_without_a_column_names_it(recording: Path) -> None:
    copy = with_table(recording, lambda table: table.drop(columns="ts"))
    with pytest.raises(FileRefused, match=r"usage.parquet has no column ts"):
        read_recording(copy)


def test_tables_may_come_from_pandas(recording: Path) -> None:
    """In any order of lines and columns, with pandas' own types and without the marks."""
    whole = read_recording(recording)
    plain = with_table(
        recording,
        lambda table: (
            table.drop(columns=["cpu_censored", "memory_censored"])
            .astype({"row": "int64", "cpu": "float64", "memory": "float64"})
            .iloc[::-1, ::-1]
        ),
    )
    read = read_recording(plain).history
    np.testing.assert_array_equal(read.usage, whole.history.usage)
    assert not read.censored.any()


def with_table(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A copy whose usage was changed by pandas."""
    copy = path.with_name("copy")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "usage.parquet":
                body = change(pd.read_parquet(io.BytesIO(body))).to_parquet(index=False)
            new.writestr(name, body)
    return copy


def test_a_file_that_may_not_be_read(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(zipfile, "ZipFile", refuse)  # root, as in CI, may read everything
    with pytest.raises(FileRefused, match=r"fleet\.recording cannot be read: Permission denied"):
        read_recording(recording)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "empty-zip"])
def test_no_recording_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match="no recording"):
        read_recording(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_recording(tmp_path / "none")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_recording(an_observation(), tmp_path / "none" / "a")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, recording: Path) -> None:
    before = recording.read_bytes()
    broken = replace(an_observation(), cleaned={"x": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        write_recording(broken, recording)
    assert recording.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [recording.name]


def test_the_scope_narrows(recording: Path) -> None:
    data = RecordingSource(recording).observe(Scope(namespaces=("data",)))
    assert [str(key) for key in data.snapshot.rows] == ["test/data/StatefulSet/db/db"]
    assert data.snapshot.latency == ()
    assert data.skips == ()
    whole = read_recording(recording)
    np.testing.assert_array_equal(data.history.usage[:, 0], whole.history.usage[:, 0])


def test_what_the_scope_excludes_is_said(recording: Path) -> None:
    seen = RecordingSource(recording).observe(Scope(excluded_namespaces=("data",)))
    assert {pod.namespace for pod in seen.snapshot.pods} == {"shop"}
    assert [(skip.what, skip.reason) for skip in seen.skips][:1] == [("data", "NamespaceExcluded")]


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        pytest.param(Scope(namespaces=("dta",)), "did you mean 'data'", id="near"),
        pytest.param(Scope(namespaces=("zzz",)), "there are: data, shop", id="far"),
        pytest.param(Scope(selector="a=b"), "holds no labels", id="selector"),
    ],
)
def test_scopes_that_a_recording_cannot_serve(recording: Path, scope: Scope, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        RecordingSource(recording).observe(scope)
