"""The replay command: a usage file in, a decision file out, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.drive.tables import MIB, START, a_table
from vpa_inplace.cli.app import run


@pytest.fixture
def usage(tmp_path: Path) -> Path:
    """Two series over two hours: 1 core and 100 MiB, then 2 cores and 100 MiB."""
    cpu = np.repeat([1.0, 2.0], 12)
    path = tmp_path / "usage.parquet"
    a_table({"a": cpu, "b": cpu}, memory={"a": np.full(24, 100.0 * MIB), "b": np.full(24, 100.0 * MIB)}).to_parquet(
        path
    )
    return path


def decided(usage: Path, *arguments: str) -> pd.DataFrame:
    out = usage.with_name("decisions.parquet")
    assert run(["replay", "--usage", str(usage), "--out", str(out), "-q", *arguments]) == 0
    return pd.read_parquet(out)


def test_decisions_of_the_simple_rule(usage: Path) -> None:
    table = decided(usage, "--forecaster", "recent", "--set", "margin=0", "--set", "memory.peakMargin=none")
    of_a = table[table.series == "a"]
    # known after the first window: 1 core; the 2 cores that begin with window 12 are known when it has ended
    assert of_a.ts.tolist() == [START + pd.Timedelta(300 * k, "s") for k in (1, 13)]
    np.testing.assert_array_equal(of_a.cpu, [1.0, 2.0])
    np.testing.assert_array_equal(of_a.mem, [100 * MIB, np.nan])
    assert set(table.series) == {"a", "b"}


@pytest.mark.parametrize(
    ("arguments", "cpu", "memory"),
    [
        # 15 % on 1 core; memory: 15 % on 100 MiB
        pytest.param((), 1.15, 115 * MIB, id="as-built-in"),
        pytest.param(("--set", "margin=50%"), 1.5, 150 * MIB, id="a-knob"),
        pytest.param(("--set", "cpu.minAllowed=3"), 3.0, 115 * MIB, id="a-field-of-the-policy"),
        pytest.param(("--set", "cpu.quantum=100m"), 1.2, 115 * MIB, id="rounded-up"),
        pytest.param(("--forecaster", "static"), 1.15, 115 * MIB, id="another-forecaster"),
        # upstream's floor of memory is 250 MiB
        pytest.param(("--profile", "vpa"), None, 250 * MIB, id="a-profile-with-its-forecaster"),
    ],
)
def test_first_size(usage: Path, arguments: tuple[str, ...], cpu: float | None, memory: float) -> None:
    first = decided(usage, *arguments).iloc[0]
    assert first.mem == memory
    if cpu is not None:
        assert first.cpu == cpu


def test_floors_stand_where_a_profile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "usage.parquet"
    a_table({"a": [0.001] * 4}).to_parquet(path)
    # 1m + 15 % rounded up is 2m; the default profile's floor is 10m
    assert decided(path).cpu.tolist() == [0.002]
    assert decided(path, "--profile", "default").cpu.tolist() == [0.01]


def test_memory_may_fall_unless_told_otherwise(tmp_path: Path) -> None:
    # three days at 400 MiB, then 100 MiB: the forecast forgets the peak after a day
    memory = np.concatenate([np.full(2 * 288, 400.0 * MIB), np.full(2 * 288, 100.0 * MIB)])
    path = tmp_path / "usage.parquet"
    a_table({"a": np.ones(len(memory))}, memory={"a": memory}).to_parquet(path)
    free = ("--set", "memory.peakMargin=none")
    assert decided(path, *free).mem.dropna().tolist() == [460 * MIB, 115 * MIB]
    assert decided(path, *free, "--profile", "default").mem.dropna().tolist() == [460 * MIB, 115 * MIB]
    assert decided(path, *free, "--set", "allowMemoryLimitDecrease=false").mem.dropna().tolist() == [460 * MIB]


def test_a_budget_can_be_given_or_taken_away(tmp_path: Path) -> None:
    hours = np.tile(np.repeat([1.0, 4.0], [24, 12]), 24)  # three days of two quiet hours and a busy one
    path = tmp_path / "usage.parquet"
    a_table({"a": hours}).to_parquet(path)
    counts = [len(decided(path, "--set", "minHistory=0s", "--max-resizes", n)) for n in ("2", "none")]
    assert counts[0] < counts[1]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(("--forecaster", "recnt"), 2, "did you mean 'recent'", id="forecaster"),
        pytest.param(("--profile", "defalt"), 2, "did you mean 'default'", id="profile"),
        pytest.param(("--set", "memory.peakMargn=none"), 2, "did you mean 'memory.peakMargin'", id="setting"),
        pytest.param(("--risk", "200%"), 2, "--risk", id="risk"),
        pytest.param(("--max-resizes", "few"), 2, "--max-resizes few: write a number above 0, or none", id="budget"),
        pytest.param(("--max-resizes", "0"), 2, "--max-resizes 0: write a number above 0, or none", id="no-resizes"),
        pytest.param(("--delay", "-1"), 2, "--delay", id="delay"),
        pytest.param(("--usage", "missing.parquet"), 1, "missing.parquet does not exist", id="no-such-file"),
        pytest.param(("--out", "no/where.parquet"), 2, "there is no folder no", id="no-folder"),
    ],
)
def test_mistakes(
    usage: Path, arguments: tuple[str, ...], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = usage.with_name("decisions.parquet")
    assert run(["replay", "--usage", str(usage), "--out", str(out), *arguments]) == code
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""
    assert not out.exists()


def test_the_usage_is_not_overwritten(usage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = usage.read_bytes()
    assert run(["replay", "--usage", str(usage), "--out", str(usage)]) == 2
    assert "would overwrite the usage" in capsys.readouterr().err
    assert usage.read_bytes() == before


def test_a_bad_table_is_refused_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "usage.parquet"
    a_table({"a": [1.0, -1.0]}).to_parquet(path)
    assert run(["replay", "--usage", str(path), "--out", str(tmp_path / "d.parquet")]) == 1
    assert f"usage file {path}: series 'a' at 2026-03-02 00:05:00+00:00 uses -1 of cpu" in capsys.readouterr().err


def test_trees_size_by_price(usage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bold, careful = (decided(usage, "-f", "trees", "--risk", risk) for risk in ("40%", "0.1%"))
    capsys.readouterr()
    for table in (bold, careful):
        assert set(table.series) == {"a", "b"}
        of_a = table[table.series == "a"].dropna(subset="cpu")
        assert of_a.cpu.iloc[0] >= 1.0  # born after a window of 1 core
        assert of_a.cpu[of_a.ts > START + pd.Timedelta("1h")].max() >= 2.0  # 2 cores were seen by then
    assert bold.cpu.iloc[0] < careful.cpu.iloc[0]


def test_what_was_done_is_said_on_stderr(usage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", "--usage", str(usage), "--out", str(usage.with_name("d.parquet")), "--risk", "5%"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "replayed 2 series: 2 resizes, 0 OOM kills" in said.err
    assert "does not heed --risk" in said.err
