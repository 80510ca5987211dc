"""The trained model where it has something to say, the simple rule where it has not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.builders import a_history, rows_of_names
from vpa_inplace.api.models import model_for
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.curves import Curves
from vpa_inplace.forecast.outlook import Filming
from vpa_inplace.forecast.pooled import Pooled
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.history import History

MODEL = model_for("trees")
TRAINED = Pooled(model=MODEL)
THREE = rows_of_names("a", "b", "c")
RISK = np.full(3, 0.01)


def bursts(seed: int = 0, *, days: float = 8.0, times: float = 1.0) -> History:
    rng = np.random.default_rng(seed)
    width = int(days * 288)
    level = np.exp(np.cumsum(rng.normal(0, 0.05, (3, width)), axis=1)) * np.array([[50.0], [200.0], [900.0]])
    return a_history(THREE, cpu=(level * times).astype(np.float32), days=days)


def test_without_a_model_it_is_the_simple_rule() -> None:
    history, bare = bursts(), Pooled()
    found, rule = bare.foresee(history, None, RISK), Recent().foresee(history, None, RISK)
    np.testing.assert_array_equal(found.ceiling, rule.ceiling)
    assert (found.curves, found.experts[found.expert[0]], bare.uses_risk) == (None, "recent", False)


def test_memory_stays_with_the_rule() -> None:
    history = bursts()
    found, rule = TRAINED.foresee(history, None, RISK), Recent().foresee(history, None, RISK)
    for one, other in ((found.ceiling, rule.ceiling), (found.low, rule.low), (found.high, rule.high)):
        np.testing.assert_array_equal(one[Resource.MEMORY], other[Resource.MEMORY])


def test_hours_ahead_are_those_of_the_heads_and_then_of_the_rule() -> None:
    # one head of 1 h and one of 3 h; at risk 10 % each is exactly its upper knot: e^0.5 and e^1 times the base of 100
    knots = np.array([[[0.0, 0.5]], [[0.5, 1.0]]], np.float32)
    base, peak = np.log(np.full(1, 100, np.float32)), np.full(1, 100, np.float32)
    curves = Curves(heads=(3600, 10800), levels=(0.5, 0.9), base=base, peak=peak, ratio=knots)
    cpu = np.full(2 * 288, 100.0)
    cpu[-288 + 10 * 12] = 1000  # yesterday, ten hours from now
    history = a_history(rows_of_names("a"), cpu=cpu, days=2)
    ceiling = TRAINED.outlook(history, curves, np.array([0.1])).ceiling[Resource.CPU, 0]
    np.testing.assert_allclose(ceiling[0], 100 * np.exp(0.5), rtol=1e-6)
    np.testing.assert_allclose(ceiling[1:9], 100 * np.exp(1), rtol=1e-6)  # the rule's 115 is less
    np.testing.assert_allclose(ceiling[9:11], 1150, rtol=1e-6)  # an hour before its peak to its end, + 15 %
    np.testing.assert_allclose(ceiling[12:], 100 * np.exp(1), rtol=1e-6)


def test_a_row_that_was_not_seen_for_a_day_has_no_curve() -> None:
    history = bursts(days=6)
    usage = history.usage.copy()
    usage[Resource.CPU, 1, -300:] = np.nan  # 25 hours; the model would still know last week's level
    found = TRAINED.foresee(replace(history, usage=usage), None, RISK)
    assert found.curves is not None
    assert np.isfinite(found.curves.base).tolist() == [True, False, True]
    assert [found.experts[e] for e in found.expert] == ["trees", "recent", "trees"]


@settings(max_examples=20)
@given(seed=st.integers(0, 50), one=st.floats(0, 1), other=st.floats(0, 1))
def test_more_risk_never_foresees_more(seed: int, one: float, other: float) -> None:
    history = bursts(seed, days=2)
    careful, bold = (TRAINED.foresee(history, None, np.full(3, r)).ceiling for r in (min(one, other), max(one, other)))
    assert (bold <= careful).all()


@pytest.mark.parametrize("times", [0.25, 2.0, 1024.0])
def test_usage_times_k_is_foreseen_times_k(times: float) -> None:
    # powers of two scale floats without rounding; logs do not, hence one part in ten thousand
    one, other = (TRAINED.foresee(bursts(times=k), None, RISK).ceiling[Resource.CPU] for k in (1.0, times))
    np.testing.assert_allclose(other, one * times, rtol=1e-4)


def test_a_film_shows_what_each_moment_would_have_foreseen() -> None:
    history = bursts(3)
    assert isinstance(TRAINED, Filming)
    film = TRAINED.film(history, 2000, 288)
    assert film is not None
    for column in (2000, 2001, 2150, 2287):
        past = history.until(history.start + column * history.step)
        alone = TRAINED.foresee(past, None, RISK)
        filmed = TRAINED.outlook(past, film.at(column - 2000), RISK)
        np.testing.assert_allclose(filmed.ceiling, alone.ceiling, rtol=1e-4)


def test_a_film_does_not_look_ahead() -> None:
    history = bursts(4)
    usage = history.usage.copy()
    usage[:, :, 2100:] *= 50
    films = [TRAINED.film(h, 2000, 288) for h in (history, replace(history, usage=usage))]
    one, other = (film.ratio for film in films if film is not None)
    np.testing.assert_array_equal(one[:101], other[:101])  # the moment of column 2100 sees those before it
    assert not np.array_equal(one[101:], other[101:])
