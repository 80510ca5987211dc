from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Vpa
from vpa_inplace.demo.fleet import make_fleet
from vpa_inplace.demo.observation import observation_of
from vpa_inplace.observe.recording import read_recording


def test_everything_there_is_to_see(vpa: Vpa) -> None:
    """Four days are enough for every part; the replay lasts half as long then."""
    ended = vpa("demo", "--days", "4", "--width", "100", "-q")
    assert (ended.code, ended.err) == (0, "")
    headings = [line for line in ended.out.splitlines() if line[:3] in {"1. ", "2. ", "3. "} or line == "Next"]
    assert headings == [
        "1. What would be resized now, and why",
        "2. How one size comes about",
        "3. The same past once more, decided every 5 minutes without a look ahead",
        "Next",
    ]
    assert "with 4 days of usage behind it. Nothing in it" in " ".join(ended.out.split())
    names = ["VPA", "simple rule", "vpa-inplace", "static", "oracle 1 h (b)", "oracle 3 h (b)"]
    board = ended.out.partition("Forecaster")[2].splitlines()[2:8]
    assert [line[:14].strip() for line in board] == names
    # a third of four days is warm-up
    assert "The first 1.33 days of each container" in " ".join(ended.out.split())
    assert max(map(len, ended.out.splitlines())) <= 100


def test_the_same_every_time_and_another_with_another_seed(vpa: Vpa) -> None:
    first, again, other = (vpa("demo", "--no-replay", *more).out for more in ((), (), ("--seed", "1")))
    assert first == again != other
    assert "Forecaster" not in first


def test_verbose_tells_what_each_workload_is_there_for(vpa: Vpa) -> None:
    assert "unknown is not zero" not in vpa("demo", "--no-replay").out
    out = vpa("demo", "--no-replay", "-v").out
    for story in make_fleet(days=1).stories.values():
        assert story in " ".join(out.split())


def test_a_recording_of_it_gives_the_same_report(vpa: Vpa, tmp_path: Path) -> None:
    target = tmp_path / "demo.recording"
    ended = vpa("demo", "-o", "json", "--out", str(target))
    assert ended.code == 0
    assert ended.err == f"recording of 20 containers in {target}\n"
    assert json.loads(ended.out) == json.loads(vpa("recommend", "--recording", str(target), "-o", "json").out)
    again = read_recording(target)
    truth = observation_of(make_fleet())
    assert again.snapshot.pods == truth.snapshot.pods
    assert len(again.snapshot.latency) == 4
    explained = vpa("explain", "shop/deploy/checkout", "--recording", str(target))
    assert explained.code == 0
    assert "demo/shop/Deployment/checkout/checkout" in explained.out


def test_a_file_that_is_there_is_kept_unless_forced(vpa: Vpa, tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    target.write_text("precious")
    ended = vpa("demo", "--no-replay", "--out", str(target))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: {target} exists already; choose another name, or replace it with --force\n"
    assert target.read_text() == "precious"
    assert vpa("demo", "--no-replay", "--out", str(target), "--force").code == 0
    assert len(read_recording(target).snapshot.rows) == 20


def test_the_next_steps_name_the_file_that_was_written(vpa: Vpa, tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    kept = vpa("demo", "--no-replay", "--out", str(target)).out
    assert f"recommend --recording {target}" in kept
    assert "keep the fleet" not in kept
    assert "vpa-inplace demo --no-replay --out demo.recording" in vpa("demo", "--no-replay").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("-o", "tabel"), "did you mean 'table'?", id="unknown-format"),
        pytest.param(("--days", "0"), "--days", id="no-days"),
        pytest.param(("--days", "61"), "--days", id="too-many-days"),
        pytest.param(("--seed", "-1"), "--seed", id="negative-seed"),
        pytest.param(("--out", "nowhere/demo.recording"), "nowhere/demo.recording cannot be written", id="no-folder"),
    ],
)
def test_usage_errors(vpa: Vpa, arguments: tuple[str, ...], says: str) -> None:
    ended = vpa("demo", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
