"""What every report must do, whatever its format; a new line in the registry is covered without a new test."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.report.scene import HOSTILE, document, hostile, reported
from tests.support.builders import a_history, a_pod, rows_of
from vpa_inplace.domain.errors import UnknownName
from vpa_inplace.report.options import Options
from vpa_inplace.report.registry import REPORTS, make_report

EVERY = pytest.mark.parametrize("name", REPORTS)


@EVERY
def test_it_ends_in_one_newline_and_says_the_same_twice(name: str) -> None:
    first, second = (REPORTS[name](document(), Options()) for _ in range(2))
    assert first == second
    assert first.endswith("\n")
    assert not first.endswith("\n\n")


@EVERY
def test_without_colour_there_are_no_escape_codes(name: str) -> None:
    assert "\x1b" not in REPORTS[name](document(), Options(width=100))


@EVERY
@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_steers_a_terminal(name: str, evil: str) -> None:
    text = REPORTS[name](hostile(evil), Options(width=100))
    text.encode()
    assert all(character.isprintable() or character in "\n\u200b" for character in text)


@EVERY
def test_it_names_every_container_but_patches_movers_only(name: str) -> None:
    text = REPORTS[name](document(), Options())
    workloads = {row.workload for row in document().rows if name != "patch" or row.verdicts}
    assert [workload for workload in workloads if workload not in text] == []


@EVERY
def test_nothing_known_is_reported_too(name: str) -> None:
    nan = a_history(rows_of([a_pod()]), cpu=float("nan"), memory=float("nan"))
    assert REPORTS[name](reported(a_pod(), history=nan), Options(width=100))


def test_an_unknown_report_suggests_the_nearest() -> None:
    assert make_report("csv") is REPORTS["csv"]
    with pytest.raises(UnknownName, match="did you mean 'json'"):
        make_report("jsn")


def test_the_registry_loads_nothing_heavy() -> None:
    """``--help`` lists the reports; it must not wait for rich, pandas or yaml."""
    program = (
        "import sys, vpa_inplace.report.registry as r; print(*({'rich', 'yaml', 'pandas', 'jinja2'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
