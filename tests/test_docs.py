"""What the documentation shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vpa_inplace.observe.recording import read_recording

DOCS = Path(__file__).parents[1]


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)


def test_the_example_of_the_recording_page_writes_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("docs/recording.md", "python")
    exec(compile(example, "docs/recording.md", "exec"), {})
    (key,) = read_recording(tmp_path / "mine.recording").snapshot.rows
    assert str(key) == "mine/shop/Deployment/web/app"
