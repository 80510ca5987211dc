"""Models are read once, and only for forecasters that need one."""

from __future__ import annotations

import pytest

from vpa_inplace.api.config import Config
from vpa_inplace.api.models import model_for
from vpa_inplace.api.policies import Overrides, forecaster_of


@pytest.mark.parametrize("name", ["recent", "static", "vpa", "no-such-forecaster"])
def test_rules_need_no_model(name: str) -> None:
    assert model_for(name) is None


def test_the_model_of_the_trees_is_read_once() -> None:
    model = model_for("trees")
    assert model is not None
    assert model.heads == (3600, 3 * 3600)  # what prices are weighed for: see recommend/priced.py
    assert model_for("trees") is model


def test_a_configured_forecaster_comes_with_its_model() -> None:
    chosen = forecaster_of(Config(), Overrides(forecaster="trees", knobs={"margin": 0.3}))
    assert (chosen.name, chosen.uses_risk) == ("trees", True)
    assert not forecaster_of(Config()).uses_risk
