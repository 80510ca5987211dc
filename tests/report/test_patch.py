"""The script is run by real shells, with a kubectl that writes down what it was called with."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.golden import assert_golden
from tests.report.scene import HOSTILE, document, hostile, reported
from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import ContainerKind
from vpa_inplace.report.document import Document
from vpa_inplace.report.options import Options
from vpa_inplace.report.patch import body, comment, patch

KUBECTL = """#!/bin/sh
printf '%s\\0' "$@" >> "$CALLS"
printf '\\n' >> "$CALLS"
"""
SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]


def calls(report: Document, folder: Path, shell: str = "sh", context: str | None = None) -> list[list[str]]:
    """Arguments of every kubectl that the script runs; nothing else may be run or written."""
    tools, work = folder / "tools", folder / "work"
    tools.mkdir()
    work.mkdir()
    kubectl = tools / "kubectl"
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)
    script = patch(report, Options(context=context))
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "CALLS": str(folder / "calls"), "HOME": str(folder)}
    done = subprocess.run([shell], input=script, text=True, cwd=work, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not [*work.iterdir()]
    written = folder / "calls"
    lines = written.read_text().split("\n")[:-1] if written.exists() else []
    return [line.split("\0")[:-1] for line in lines]


def test_golden() -> None:
    assert_golden("patch.sh", patch(document(), Options(context="prod")))


@pytest.mark.parametrize("shell", SHELLS)
def test_one_command_for_each_resize_that_may_be_made(shell: str, tmp_path: Path) -> None:
    report = document()
    made = calls(report, tmp_path, shell, context="my cluster's")
    assert len(made) == report.summary.moves.admitted == sum(move.admitted for move in report.moves)
    moves = [move for move in report.moves if move.admitted]
    for arguments, move in zip(made, moves, strict=True):
        options = ["--subresource", "resize", "--type", "strategic", "--patch"]
        assert arguments[:-1] == ["--context", "my cluster's", "patch", "pod", move.pod, "-n", move.namespace, *options]
        assert json.loads(arguments[-1]) == body(move)


def test_the_patch_names_changed_containers_and_fields_only() -> None:
    pod = a_pod(
        a_container(cpu=500, memory=230 * MIB, limits=Amounts(cpu=1000)),
        a_container("proxy", cpu=500, memory=230 * MIB, kind=ContainerKind.SIDECAR),
        a_container("fine", cpu=115, memory=230 * MIB),
    )
    (move,) = reported(pod).moves
    assert body(move) == {
        "spec": {
            "containers": [{"name": "app", "resources": {"requests": {"cpu": "115m"}, "limits": {"cpu": "230m"}}}],
            "initContainers": [{"name": "proxy", "resources": {"requests": {"cpu": "115m"}}}],
        }
    }


def test_what_is_held_back_is_a_comment_with_its_reason() -> None:
    lines = patch(document(), Options()).splitlines()
    (held,) = [line for line in lines if "NotEnoughHistory" in line]
    assert held.startswith("#   held back, NotEnoughHistory: app has 2 h of cpu usage, need 1 d, lifted by 22 h more")
    assert not any("young-0" in line for line in lines if line.startswith("kubectl"))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_not_written_as_commands(name: str, tmp_path: Path) -> None:
    assert calls(hostile(name), tmp_path) == []
    script = patch(hostile(name), Options())
    assert all(line == "" or line.startswith("# ") for line in script.splitlines())
    assert "not written: a name in it is no Kubernetes name" in script


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_comments_are_harmless_where_a_shell_runs_them(name: str, tmp_path: Path) -> None:
    """An interactive zsh takes a pasted comment for a command called #; so does bash when told to."""
    script = patch(hostile(name), Options())
    shell = ["bash", "--norc", "-O", "extglob", "+O", "interactive_comments", "-i"]
    done = subprocess.run(shell, input=script, text=True, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert not [*tmp_path.iterdir()]
    ran = re.findall(r"bash: (.*?): command not found", done.stderr)
    assert set(ran) == {"#"}


@given(st.text(st.characters(codec=None)))
def test_a_comment_holds_harmless_characters_only(text: str) -> None:
    assert re.fullmatch(r"# [A-Za-z0-9 .,:/_%+-]*", comment(text))
