"""The demo: what a stranger sees first, the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpa_inplace.cli.app import DONE, run
from vpa_inplace.observe.recording import read_recording


def test_it_shows_report_story_scores_and_next_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "-q", "--width", "120"]) == DONE
    shown = capsys.readouterr()
    assert shown.err == ""
    for words in (
        "What would be resized now, and why",
        "ml/llm-chat",
        "request 8",
        "without a look ahead",
        "VPA ",
        "oracle 1 h",
        "vpa-inplace recommend -p",
    ):
        assert words in shown.out


def test_it_is_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for seed in ([], [], ["--seed", "7"]):
        assert run(["demo", "-q", "--no-replay", "--width", "120", *seed]) == DONE
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] != shown[2]


def test_its_recording_can_be_recommended_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "demo.recording"
    assert run(["demo", "--no-replay", "--out", str(file)]) == DONE
    assert str(file) in capsys.readouterr().err
    assert len(read_recording(file).snapshot.rows) == 20
    assert run(["recommend", "--recording", str(file), "-q", "-o", "csv"]) == DONE
    assert len(capsys.readouterr().out.splitlines()) == 21
