"""Exit codes, streams and words for everything that can end a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Vpa, lines
from vpa_inplace import __version__
from vpa_inplace.cli import app, lazy
from vpa_inplace.domain.errors import ConfigError, FileRefused, SourceRefused, SourceUnavailable, UsageError

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-c", "from vpa_inplace.cli.app import main; main()")


def test_version(vpa: Vpa) -> None:
    assert vpa("--version") == Ended(0, f"vpa-inplace {__version__}\n", "")


def test_help_names_every_command_on_stdout(vpa: Vpa) -> None:
    for flag in ("--help", "-h"):
        ended = vpa(flag)
        assert (ended.code, ended.err) == (0, "")
        assert all(name in ended.out for name in app.COMMANDS)


@pytest.mark.parametrize("name", sorted(app.COMMANDS))
def test_every_command_has_help(vpa: Vpa, name: str) -> None:
    ended = vpa(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert f"vpa-inplace {name}" in ended.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(("recomend",), "No such command 'recomend'. Did you mean 'recommend'", id="command"),
        pytest.param(("recommend", "--prometeus", "x"), "No such option: --prometeus", id="option"),
        pytest.param(("recommend", "--width", "x"), "--width", id="number"),
        pytest.param(("recommend", "--width", "10"), "--width", id="number-out-of-range"),
        pytest.param(("recommend", "extra"), "unexpected extra argument", id="argument"),
        pytest.param(("explain",), "Missing argument 'NS/KIND/NAME[/CONTAINER]'", id="missing-argument"),
        pytest.param(("record",), "Missing option '--out'", id="missing-option"),
        pytest.param(("recommend", "-p"), "requires an argument", id="missing-value"),
        pytest.param(("doctor", "-o", "yaml"), "'yaml' is not one of", id="word"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(vpa: Vpa, arguments: tuple[str, ...], says: str) -> None:
    ended = vpa(*arguments)
    assert (ended.code, ended.out) == (2, "")
    (line,) = lines(ended.err)
    assert line.startswith("error: ")
    assert says.lower() in line.lower()
    assert "--help)" in line


@pytest.mark.parametrize("arguments", [(), ("config",)], ids=["program", "group"])
def test_without_a_command_there_is_help_and_exit_code_2(vpa: Vpa, arguments: tuple[str, ...]) -> None:
    ended = vpa(*arguments)
    assert ended.code == 2
    assert "Usage: vpa-inplace" in ended.out + ended.err


def raising(error: BaseException) -> Callable[[], None]:
    def recommend() -> None:
        raise error

    return recommend


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, vpa: Vpa) -> Callable[..., Ended]:
    """Runs a program whose only command raises."""

    def ended(error: BaseException, *arguments: str) -> Ended:
        monkeypatch.setattr(
            lazy, "import_module", lambda _: type("module", (), {"recommend": staticmethod(raising(error))})
        )
        return vpa("recommend", *arguments)

    return ended


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        pytest.param(UsageError("wrong"), 2, ["error: wrong"], id="usage"),
        pytest.param(ConfigError("f.yaml", ["a", "b"]), 2, ["error: f.yaml: a", "error: f.yaml: b"], id="config"),
        pytest.param(SourceUnavailable("down"), 1, ["error: down"], id="source"),
        pytest.param(SourceRefused("no"), 1, ["error: no"], id="refused"),
        pytest.param(FileRefused("torn"), 1, ["error: torn"], id="file"),
        pytest.param(KeyboardInterrupt(), 130, ["interrupted; nothing was changed"], id="interrupt"),
        pytest.param(SourceUnavailable("a\nb \x1b[2J c"), 1, [r"error: a\nb \x1b[2J c"], id="hostile"),
    ],
)
def test_errors(broken: Callable[..., Ended], error: BaseException, code: int, says: list[str]) -> None:
    ended = broken(error)
    assert (ended.code, ended.out, list(lines(ended.err))) == (code, "", says)


def test_a_bug_says_so_in_one_line(broken: Callable[..., Ended]) -> None:
    ended = broken(ZeroDivisionError("by zero"))
    assert (ended.code, ended.out) == (1, "")
    assert lines(ended.err) == [
        "error: this is a bug of vpa-inplace: ZeroDivisionError: by zero; -v shows where. Please report it."
    ]


def test_a_bug_shows_where_in_verbose_mode(broken: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPA_INPLACE_VERBOSE", "1")
    ended = broken(ZeroDivisionError("by zero"))
    assert "Traceback" in ended.err
    assert "-v shows where" not in ended.err


def program(*arguments: str, **more: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen((*PROGRAM, *arguments), env=environment, **more)  # type: ignore[call-overload]  # as Popen's


def test_a_reader_who_goes_away_ends_it_quietly(recording: Path) -> None:
    read, write = os.pipe()
    os.close(read)  # gone before the first byte
    process = program("recommend", "--recording", str(recording), stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (141, b"")  # 128 + SIGPIPE, what a shell reports of kubectl


def test_interrupt(tmp_path: Path) -> None:
    fifo = tmp_path / "config.yaml"
    os.mkfifo(fifo)  # the command waits for a writer until it is interrupted
    process = program("config", "check", str(fifo), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with fifo.open("wb"):  # returns when the command has opened its end
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, b"", b"interrupted; nothing was changed\n")
