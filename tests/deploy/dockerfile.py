"""A Dockerfile read, and the steps of one of its stages run without Docker: in a folder that stands for the image's root.

Commands run as they are written, but for the paths that the Dockerfile itself makes, which are moved below that folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

MADE = re.compile(r"(?<![\w.$-])/(?=(?:opt|src|wheels)(?:/|\s|:|$))")  # the root of a path that a step makes


@dataclass(frozen=True, slots=True)
class Step:
    word: str  # RUN, COPY, ENV, ...
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    base: str
    name: str  # empty: the last one, which becomes the image
    steps: list[Step] = field(default_factory=list)

    def texts(self, word: str) -> list[str]:
        return [step.text for step in self.steps if step.word == word]


def read(path: Path) -> list[Stage]:
    stages: list[Stage] = []
    for step in _steps(path.read_text()):
        if step.word == "FROM":
            base, *name = re.split(r"\s+AS\s+", step.text)
            stages.append(Stage(base, "".join(name)))
        else:
            stages[-1].steps.append(step)
    return stages


def _steps(text: str) -> Iterator[Step]:
    whole = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    for line in whole.splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield Step(word, rest.strip())


@dataclass(frozen=True, slots=True)
class Context:
    """The folder that an image is made from, without what its ignore file leaves out."""

    folder: Path
    ignore: Path

    def has(self, name: str) -> bool:
        """Whether a file, by its path below the folder, goes to the builder. The last line that matches decides."""
        left_out = False
        for line in self.ignore.read_text().splitlines():
            pattern = line.removeprefix("!")
            if not line or line.startswith("#"):
                continue
            parents = [name, *(str(parent) for parent in Path(name).parents)]
            if any(fnmatch(part, pattern) or fnmatch(f"/{part}", pattern.replace("**", "*")) for part in parents):
                left_out = not line.startswith("!")
        return not left_out

    def copy(self, source: str, to: Path) -> None:
        """A file, or what is in a folder."""
        path = self.folder / source
        assert path.exists(), f"COPY {source}: it is not there"
        files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
        sent = [one for one in files if self.has(str(one.relative_to(self.folder)))]
        assert sent, f"COPY {source}: the ignore file leaves it out"
        for one in sent:
            target = to / (one.name if path.is_file() else one.relative_to(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(one, target)


@dataclass(slots=True)
class Builder:
    """Runs a stage. ``after_run`` may look at the root after each RUN."""

    context: Context
    root: Path
    environment: dict[str, str]
    after_run: Callable[[], None] = lambda: None
    said: list[str] = field(default_factory=list)
    place: str = "/"

    def run(self, stage: Stage) -> None:
        python = (
            self.root / "usr" / "bin" / "python"
        )  # of the base image; a script, since a link would lead a venv astray
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys._base_executable)} "$@"\n')  # type: ignore[attr-defined]
        python.chmod(0o755)
        self.environment["PATH"] = f"{python.parent}:{os.defpath}"
        for step in stage.steps:
            getattr(self, f"_{step.word.lower()}")(step.text)

    def at(self, path: str) -> Path:
        return self.root / str(Path(self.place) / path).lstrip("/")

    def moved(self, text: str) -> str:
        return MADE.sub(f"{self.root}/", text)

    def _workdir(self, text: str) -> None:
        self.place = text
        self.at(".").mkdir(parents=True, exist_ok=True)

    def _env(self, text: str) -> None:
        for pair in shlex.split(text):
            name, _, value = pair.partition("=")
            self.environment[name] = self.moved(value).replace("$PATH", self.environment["PATH"])

    def _copy(self, text: str) -> None:
        *sources, to = text.split()
        for source in sources:
            self.context.copy(source, self.at(to))

    def _run(self, text: str) -> None:
        command = ["/bin/sh", "-e", "-c", self.moved(text)]
        done = subprocess.run(
            command, cwd=self.at("."), env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"RUN {text}\n{done.stdout}{done.stderr}"
        self.said.append(done.stdout)
        self.after_run()
