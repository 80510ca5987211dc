"""What the documentation shows runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from vpa_inplace.cli.app import DONE, run
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


def commands_of(name: str) -> list[list[str]]:
    """Every line of the page's shell blocks that calls the program, as arguments."""
    lines = [line.split("#")[0] for block in blocks(name, "sh") for line in block.splitlines()]
    return [shlex.split(line.split(">")[0])[1:] for line in lines if line.startswith("vpa-inplace ")]


PAGES = ("README.md", "docs/recording.md", "docs/replay.md", "docs/report.md")


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_pages_show_exist(
    page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command and each of its options is one the program knows."""
    monkeypatch.setenv("COLUMNS", "200")
    for arguments in commands_of(page):
        name, *rest = arguments
        assert run([name, *(rest[:1] if name == "config" else []), "--help"]) == DONE
        help_text = capsys.readouterr().out
        for option in (word.split("=")[0] for word in rest if word.startswith("-")):
            assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", help_text), f"{page}: {name} {option}"


def test_the_readme_shows_its_two_commands() -> None:
    text = (DOCS / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in (DOCS / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / page).read_text())
    missing = [target for target in targets if not ((DOCS / page).parent / target).exists()]
    assert missing == []
