"""The table that `make bench` prints. What it measures is never a test: time depends on the machine and its load."""

from __future__ import annotations

from tests.bench.figures import Figure, table


def test_the_table_says_which_budget_is_not_kept() -> None:
    lines = table(
        [
            Figure(what="quick", measured=0.1, unit="s", budget=0.4),
            Figure(what="slow", measured=3.0, unit="s", budget=2.0),
            Figure(what="ratio", measured=5.0, unit="", budget=6.0, least=True),
            Figure(what="free", measured=7.0, unit="MB", note="no budget"),
        ]
    ).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["quick", "0.1", "s", "<=", "0.4", "s", "0.25", "ok"],
        ["slow", "3", "s", "<=", "2", "s", "1.50", "OVER"],
        ["ratio", "5", ">=", "6", "0.83", "UNDER"],
        ["free", "7", "MB", "-", "-", "no", "budget"],
    ]
