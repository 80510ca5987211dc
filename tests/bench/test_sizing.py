"""The small version of ``make bench-sizing``: a regression shows as a ratio to the simple rule of the same run."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.sizing import main
from tests.bench.traces import made_up
from tests.bench.train import OUT
from tests.bench.walk import matched, walk, walk_rule
from vpa_inplace.forecast.artefact import Artefact, load
from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.windows import Moments

RISKS = (0.003, 0.01, 0.03)
MARGINS = (-0.2, -0.1, 0.0, 0.1, 0.2, 0.4)


@pytest.fixture(scope="module")
def shipped() -> Artefact:
    with OUT.open("rb") as file:
        return load(file)


def test_the_shipped_model_says_where_it_comes_from(shipped: Artefact) -> None:
    card = shipped.card
    assert card.features == NAMES
    assert {entry["source"] for entry in card.trained_on}.isdisjoint({"bitbrains_rnd"})
    assert all(entry["licence"] for entry in card.trained_on)
    assert card.made_with["scikit-learn"]
    assert OUT.stat().st_size < 300_000


def test_more_is_saved_than_by_the_simple_rule_at_the_same_shortage(shipped: Artefact) -> None:
    trace = made_up()
    film = shipped.model.film(trace.usage, trace.step, Moments(0, trace.usage.shape[1]))
    ours, rule = walk(trace, film, RISKS), walk_rule(trace, MARGINS)
    # 0.34 against 0.44 when this was written; the rest is room for noise of other versions of numpy
    assert matched(ours, 0.008) < 0.88 * matched(rule, 0.008)
    asked = next(outcome for outcome in ours if outcome.risk == 0.01)
    assert 0.5 < asked.short / asked.risk < 1.3
    assert asked.resizes < 9  # of eight, while prices still settle


def test_a_delay_is_seen_by_the_prices(shipped: Artefact) -> None:
    trace = made_up(n=12, days=12)
    film = shipped.model.film(trace.usage, trace.step, Moments(0, trace.usage.shape[1]))
    (late,) = walk(trace, film, (0.01,), delay=1)
    assert late.short / late.risk < 1.6


def test_risk_and_budget_are_both_heeded(shipped: Artefact) -> None:
    trace = made_up(n=12)
    film = shipped.model.film(trace.usage, trace.step, Moments(0, trace.usage.shape[1]))
    outcomes = walk(trace, film, (0.003, 0.03), (2.0, 8.0))
    slack = {(o.risk, o.budget): o.slack for o in outcomes}
    resizes = {(o.risk, o.budget): o.resizes for o in outcomes}
    assert slack[0.03, 8.0] < slack[0.003, 8.0]
    assert resizes[0.003, 2.0] < resizes[0.003, 8.0]
    assert all(np.isfinite([*slack.values()]))


def test_without_traces_made_up_usage_is_walked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VPA_INPLACE_TRACES", raising=False)
    assert main([]) == 0
    told = capsys.readouterr()
    assert "VPA_INPLACE_TRACES" in told.err
    assert told.out.startswith("made up, budget 8")
    assert "last hour or yesterday" in told.out
