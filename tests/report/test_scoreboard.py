from __future__ import annotations

import re

import pytest

from tests.report.golden import assert_golden
from vpa_inplace.report.options import Options
from vpa_inplace.report.scoreboard import Score, best, figure, scoreboard

VPA = Score(
    name="vpa",
    cpu_slack=0.524,
    violation_time=0.0831,
    throttled_work=0.0312,
    resizes_per_day=11.4,
    memory_slack=0.213,
    oom_per_day=0.0042,
)
RECENT = Score(
    name="recent",
    cpu_slack=0.41,
    violation_time=0.0061,
    throttled_work=0.0009,
    resizes_per_day=5.2,
    memory_slack=0.25,
    oom_per_day=0.0,
)
ORACLE = Score(name="oracle", cpu_slack=0.1, violation_time=0.0, throttled_work=0.0, resizes_per_day=7.0, bound=True)


def test_golden() -> None:
    assert_golden(
        "scoreboard.txt", scoreboard([VPA, RECENT, ORACLE], Options(width=120), title="Replay of 20 workloads")
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        pytest.param(None, "%", "-", id="not-measured"),
        pytest.param(0.0, "%", "0 %", id="zero"),
        pytest.param(0.00002, "%", "0.002 %", id="small-is-not-zero"),
        pytest.param(0.0000001, "", "1.0e-07", id="tiny-is-not-zero"),
        pytest.param(0.524, "%", "52.4 %", id="percent"),
        pytest.param(1234.5, "", "1,234", id="large"),  # half to even
    ],
)
def test_figure(value: float | None, unit: str, text: str) -> None:
    assert figure(value, unit) == text


def test_the_oracle_does_not_compete_and_one_alone_does_not_win() -> None:
    assert best([VPA, RECENT, ORACLE], "cpu_slack") == 0.41
    assert best([VPA, ORACLE], "cpu_slack") is None


def test_a_column_nobody_measured_is_left_out() -> None:
    text = scoreboard([Score(name="a", cpu_slack=0.5), Score(name="b", cpu_slack=0.4)], Options())
    assert "CPU slack" in text
    assert "OOM/day" not in text.splitlines()[0]
    assert re.search(r"b +40 %\*", text)


def test_names_do_no_harm() -> None:
    assert "\x1b" not in scoreboard([Score(name="\x1b[2J", cpu_slack=0.5)], Options())
