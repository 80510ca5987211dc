"""The command line as its users meet it: in a process of its own or in ours, always in the same empty surroundings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.report.scene import scene
from vpa_inplace.cli.app import run
from vpa_inplace.observe.recording import write_recording


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Vpa = Callable[..., Ended]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No kubeconfig, no cluster around, no settings in the environment, no proxy."""
    for name in list(os.environ):
        ours = name.startswith("VPA_INPLACE_") and name != "VPA_INPLACE_REQUIRE_ALL"
        if ours or name.startswith("KUBE") or name.lower().endswith("_proxy") or name == "NO_COLOR":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def vpa(capsys: pytest.CaptureFixture[str]) -> Vpa:
    """Runs a command in this process."""

    def ended(*arguments: str) -> Ended:
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return ended


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene of the report tests: 9 containers in 14 pods of three namespaces, at noon."""
    path = tmp_path_factory.mktemp("recording") / "scene.zip"
    write_recording(scene()[1], path)
    return path


def lines(text: str) -> Sequence[str]:
    return text.rstrip("\n").split("\n")
