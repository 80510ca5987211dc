"""Replays on public traces against figures that an independent back-test got on them.

The independent back-test has no guards, no budget and no floors, keeps amounts as they come, and its VPA weighs CPU
samples by the request of the moment, as upstream did before it stopped to. docs/replay.md puts figures to each of the
differences; the tolerances below leave room for them and for nothing else.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.support.components import traces
from vpa_inplace.domain.policy import Policy
from vpa_inplace.drive.decisions import usage_of
from vpa_inplace.drive.replay import floorless
from vpa_inplace.drive.score import Entrant, scoreboard
from vpa_inplace.forecast import make_forecaster

NOMINAL = {"borg2011_jobs": (32, 2**37), "jumpstarter_d2": (16, 1)}  # cores and bytes of the largest machine
FREE = floorless(replace(Policy(), max_resizes_per_day=None, memory=replace(Policy().memory, peak_margin=None)))

pytestmark = [pytest.mark.needs_shared, pytest.mark.slow]


def folder() -> Path:
    found = traces()
    assert found is not None
    return found


def usage_table(source: str) -> pd.DataFrame:
    table = pd.read_parquet(folder() / f"{source}.parquet")
    for column, size in zip(("cpu", "mem"), NOMINAL[source], strict=True):
        if column in table:
            table[column] = table[column].astype(float) * size
    return table


@pytest.mark.parametrize(
    ("source", "forecaster", "knobs", "stored", "slack", "short"),
    [
        # guards and whole millicores only
        pytest.param("borg2011_jobs", "recent", {}, "seas1d+15", 0.001, 0.0001, id="borg-simple-rule"),
        pytest.param("jumpstarter_d2", "recent", {}, "seas1d+15", 0.001, 0.0001, id="jumpstarter-simple-rule"),
        # and the weights of upstream's CPU samples
        pytest.param(
            "borg2011_jobs", "vpa", {"min_cpu": 0, "min_memory": 0}, "vpa_p90+15", 0.005, 0.0006, id="borg-vpa"
        ),
    ],
)
def test_cpu_figures(
    source: str, forecaster: str, knobs: dict[str, float], stored: str, slack: float, short: float
) -> None:
    expected = json.loads((folder() / "baselines.json").read_text())["fixed"][source]["res"]["cpu"]
    entrant = Entrant(name=forecaster, forecaster=make_forecaster(forecaster, knobs), policy=FREE)
    score, hour, _ = scoreboard(usage_of(usage_table(source)), [entrant])
    assert score.cpu_slack == pytest.approx(expected[stored]["rel_slack_tot"], abs=slack)
    assert score.violation_time == pytest.approx(expected[stored]["viol_time"], abs=short)
    assert score.throttled_work == pytest.approx(expected[stored]["viol_work"], abs=short)
    # no simulation in it: only the scorers themselves are compared
    assert hour.cpu_slack == pytest.approx(expected["oracle_1h"]["rel_slack_tot"], abs=0.0005)
    assert hour.violation_time == 0
