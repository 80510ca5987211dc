from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Vpa
from vpa_inplace.cli.app import COMMANDS
from vpa_inplace.cli.lazy import load


def options(name: str) -> Iterator[Any]:
    command = load(COMMANDS[name], name)
    for sub in (command, *getattr(command, "commands", {}).values()):
        yield from (p for p in sub.params if p.param_type_name == "option" and p.name != "help")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_kebab_case_and_has_its_mirror_in_the_environment(name: str) -> None:
    for parameter in options(name):
        (long,) = (name for name in parameter.opts if name.startswith("--"))
        assert long == long.lower().replace("_", "-")
        assert parameter.envvar == "VPA_INPLACE_" + long.removeprefix("--").replace("-", "_").upper()
        assert parameter.help


SHORT = {"-n": "--namespace", "-A": "--all-namespaces", "-l": "--selector", "-p": "--prometheus", "-o": "--output"}
SHORT |= {"-f": "--forecaster", "-q": "--quiet", "-v": "--verbose"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_short_forms_mean_the_same_everywhere(name: str) -> None:
    for parameter in options(name):
        assert all(SHORT[short] in parameter.opts for short in parameter.opts if not short.startswith("--"))


def test_headers_in_the_environment_stand_one_a_line(vpa: Vpa, monkeypatch: pytest.MonkeyPatch) -> None:
    # each line is one header although its value has blanks; the second line is the one that is wrong
    monkeypatch.setenv("VPA_INPLACE_HEADER", "Authorization: Bearer a b c\nnonsense\n")
    ended = vpa("recommend", "-p", "http://127.0.0.1:9", "--no-cluster")
    assert (ended.code, ended.err) == (2, "error: --header: write it like 'X-Scope-OrgID: tenant-1'\n")
    monkeypatch.setenv("VPA_INPLACE_HEADER", "Authorization: Bearer a b c\n")
    assert "cannot be reached" in vpa("recommend", "-p", "http://127.0.0.1:9", "--no-cluster").err


@pytest.mark.parametrize(
    ("mirror", "flags", "code"),
    [
        pytest.param({"RECORDING": "nope.zip"}, ("-p", "http://127.0.0.1:9"), 1, id="recording-yields-to-prometheus"),
        pytest.param({"PROMETHEUS": "nonsense"}, ("--recording", "RECORDING"), 0, id="prometheus-yields-to-recording"),
        pytest.param({"ALL_NAMESPACES": "1"}, ("-n", "shop", "--recording", "RECORDING"), 0, id="all-yields-to-one"),
        pytest.param({"NAMESPACE": "nope"}, ("-A", "--recording", "RECORDING"), 0, id="one-yields-to-all"),
        pytest.param(
            {"CONTEXT": "x"}, ("--no-cluster", "-p", "http://127.0.0.1:9"), 1, id="context-yields-to-no-cluster"
        ),
        pytest.param({}, ("--recording", "RECORDING", "-p", "http://127.0.0.1:9"), 2, id="both-on-the-command-line"),
        pytest.param({"PROMETHEUS": "http://x", "RECORDING": "RECORDING"}, (), 2, id="both-in-the-environment"),
    ],
)
def test_a_flag_wins_over_the_mirror_of_what_contradicts_it(
    vpa: Vpa,
    recording: Path,
    monkeypatch: pytest.MonkeyPatch,
    mirror: dict[str, str],
    flags: tuple[str, ...],
    code: int,
) -> None:
    for name, value in mirror.items():
        monkeypatch.setenv(f"VPA_INPLACE_{name}", value.replace("RECORDING", str(recording)))
    ended = vpa("recommend", *(flag.replace("RECORDING", str(recording)) for flag in flags))
    assert ended.code == code, ended.err
    assert code != 1 or "cannot be reached" in ended.err
    assert code != 2 or "contradict each other; leave one out" in ended.err
