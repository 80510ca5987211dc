"""Histories on disk: whole, or refused."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import a_history, rows_of_names
from vpa_inplace.domain.errors import FileRefused, UsageError
from vpa_inplace.history import History
from vpa_inplace.history.codec import ARRAYS, SCHEMA, dump, load
from vpa_inplace.observe.store import load_history, load_or_start_cold, save_history


def a_history_with_everything() -> History:
    rng = np.random.default_rng(1)
    cpu = rng.lognormal(5, 1, (3, 400))
    cpu[rng.random(cpu.shape) < 0.2] = np.nan
    history = a_history(rows_of_names("a", "b", "c"), cpu=cpu, days=400 / 288)
    return replace(history, censored=rng.random(history.usage.shape) < 0.1)


def dumped(history: History) -> bytes:
    file = io.BytesIO()
    dump(history, file)
    return file.getvalue()


WHOLE = dumped(a_history_with_everything())


def test_what_goes_in_comes_out() -> None:
    before, after = a_history_with_everything(), load(io.BytesIO(WHOLE))
    assert (after.rows, after.start, after.step, after.hour_start) == (
        before.rows,
        before.start,
        before.step,
        before.hour_start,
    )
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_an_empty_history_too() -> None:
    assert load(io.BytesIO(dumped(a_history(rows_of_names(), days=0)))).usage.shape == (2, 0, 0)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_torn_file_is_refused(length: int) -> None:
    with pytest.raises(FileRefused):
        load(io.BytesIO(WHOLE[:length]))


def refused_or_harmless(flips: list[tuple[int, int]]) -> None:
    """Bytes that nobody reads (who wrote it, at what time) may differ; the numbers may not."""
    content = bytearray(WHOLE)
    for place, value in flips:
        content[place] = value
    try:
        history = load(io.BytesIO(bytes(content)))
    except FileRefused:
        return
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(history, name), getattr(load(io.BytesIO(WHOLE)), name))


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_file_with_wrong_bytes_is_refused_or_harmless(flips: list[tuple[int, int]]) -> None:
    refused_or_harmless(flips)


def test_an_archive_with_a_wrong_byte_in_each_place_of_its_head_is_refused_or_harmless() -> None:
    # flags of encryption, unknown packing and versions stand here: each fails in a way of its own
    for place in (*range(60), *range(len(WHOLE) - 400, len(WHOLE))):
        for value in (1, 32, 64, 99, 255):
            refused_or_harmless([(place, value)])


def an_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def an_archive(**parts: object) -> bytes:
    file = io.BytesIO()
    arrays = {"manifest": np.frombuffer(json.dumps(parts.pop("manifest", {})).encode(), np.uint8), **parts}
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


A_ROW = {"workload": {"cluster": "c", "namespace": "n", "kind": "Deployment", "name": "w"}, "container": "a"}
GOOD = {"schema": SCHEMA, "version": 1, "start": 0, "step": 300, "hour_start": 0, "rows": []}
EMPTY = {
    "usage": np.zeros((2, 0, 3), np.float32),
    "censored": np.zeros((2, 0, 3), np.bool_),
    "hourly": np.zeros((2, 0, 1), np.float32),
    "born": np.zeros((2, 0), np.int64),
}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "torn or no history", id="empty"),
        pytest.param(b"hello world", "torn or no history", id="text"),
        pytest.param(pickle.dumps({"a": 1}), "torn or no history", id="pickle"),
        pytest.param(an_array(), "torn or no history", id="an-array"),
        pytest.param(an_archive(a=np.zeros(3)), "torn or no history", id="another-archive"),
        pytest.param(an_archive(manifest={**GOOD, "schema": "x"}, **EMPTY), "schema 'x'", id="another-schema"),
        pytest.param(an_archive(manifest={**GOOD, "version": 2}, **EMPTY), "version 2", id="newer"),
        pytest.param(an_archive(manifest=GOOD), "torn or no history", id="arrays-missing"),
        pytest.param(an_archive(manifest=GOOD, **{**EMPTY, "born": np.zeros((2, 1), np.int64)}), "born", id="shape"),
        pytest.param(an_archive(manifest=GOOD, **{**EMPTY, "usage": np.zeros((2, 0, 3))}), "usage", id="type"),
        pytest.param(an_archive(manifest={**GOOD, "step": 7}, **EMPTY), "start and step", id="step"),
        pytest.param(an_archive(manifest={**GOOD, "rows": [3]}, **EMPTY), "torn or no history", id="rows"),
        pytest.param(an_archive(manifest={**GOOD, "rows": [A_ROW, A_ROW]}, **EMPTY), "unique", id="a-row-twice"),
        pytest.param(
            an_archive(manifest=GOOD, **{**EMPTY, "born": np.array([[object()]])}),
            "torn or no history",
            id="objects-are-not-run",
        ),
    ],
)
def test_what_is_not_ours_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(FileRefused, match=words):
        load(io.BytesIO(content))


def test_the_archive_of_the_tests_is_good_otherwise() -> None:
    assert load(io.BytesIO(an_archive(manifest=GOOD, **EMPTY))).usage.shape == (2, 0, 3)


def test_saving_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "history.npz"
    save_history(a_history_with_everything(), path)
    save_history(a_history(rows_of_names("z")), path)
    assert [str(key) for key in load_history(path).rows] == ["test/shop/Deployment/z/app"]
    assert [p.name for p in tmp_path.iterdir()] == ["history.npz"]


def test_a_place_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        save_history(a_history(rows_of_names("z")), tmp_path / "none" / "h")


def test_a_cold_start_says_why(tmp_path: Path) -> None:
    path = tmp_path / "history.npz"
    assert load_or_start_cold(path) == (None, None)
    path.write_bytes(WHOLE[:1000])
    history, warning = load_or_start_cold(path)
    assert history is None
    assert warning is not None
    assert str(path) in warning
    assert "cold start" in warning
