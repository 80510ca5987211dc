"""The shipped model from end to end: a usage matrix in, curves and sizes out, whatever the usage looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.builders import rows_of_names
from vpa_inplace.domain.dials import Dials
from vpa_inplace.forecast.artefact import load
from vpa_inplace.forecast.curves import weights_of
from vpa_inplace.forecast.model import Model
from vpa_inplace.forecast.table import Table
from vpa_inplace.forecast.windows import Moments
from vpa_inplace.history.history import DAY, HOUR
from vpa_inplace.plan.paced import paced
from vpa_inplace.recommend.priced import LEVELS, targets

SHIPPED = Path(__file__).parents[2] / "models" / "trees.npz"


@pytest.fixture(scope="module")
def model() -> Model:
    with SHIPPED.open("rb") as file:
        return load(file).model


def series(kind: str, step: int = 300) -> np.ndarray:
    dice = np.random.default_rng(5)
    width, day = 8 * DAY // step, DAY // step
    x = np.full(width, 50.0, np.float32)
    match kind:
        case "an-hour":
            x[: -HOUR // step] = np.nan
        case "a-day":
            x[:-day] = np.nan
        case "days-of-gaps":
            x[2 * day : 5 * day] = np.nan
        case "silent-for-an-hour":
            x[-2 * HOUR // step :] = np.nan
        case "zero":
            x[:] = 0
        case "one-spike":
            x[3 * day] = 5000
        case "a-leak":
            x += np.arange(width, dtype=np.float32)
        case "noise":
            x *= dice.lognormal(0, 1, width)
        case "one-sample":
            x[:-1] = np.nan
    return x[None]


KINDS = (
    "constant", "an-hour", "a-day", "days-of-gaps", "silent-for-an-hour", "zero", "one-spike", "a-leak", "noise",
    "one-sample",
)  # fmt: skip


@pytest.mark.parametrize("step", [60, 300, 600])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("risk", [0.0, 0.001, 0.01, 1.0])
def test_every_kind_of_usage_has_a_size(model: Model, kind: str, step: int, risk: float) -> None:
    usage = series(kind, step)
    curves = model.curves(usage, step)
    rows = rows_of_names("a")
    dials = Dials.new(rows)
    wanted = targets(curves, dials, np.full(1, risk))
    assert np.isfinite(wanted.hold).all()
    assert (wanted.hold >= 0).all()
    newest = usage[:, -1]
    born = paced(
        np.full(1, np.nan),
        wanted,
        dials,
        newest=newest,
        cut_off=np.zeros(1, np.bool_),
        seconds=step,
        may_shrink=np.ones(1, np.bool_),
    )
    assert born.size[0] >= np.nan_to_num(newest[0])
    # the most ever seen, ten times over, is more than any curve may ask for
    assert born.size[0] <= 10 * max(np.nanmax(usage), 1e-6)


def test_nothing_known_asks_for_nothing(model: Model) -> None:
    curves = model.curves(np.full((2, 2304), np.nan, np.float32), 300)
    assert np.isnan(targets(curves, Dials.new(rows_of_names("a", "b")), np.full(2, 0.01)).hold).all()
    empty = model.curves(np.empty((2, 0), np.float32), 300)
    assert np.isnan(empty.base).all()


def test_a_film_shows_what_each_moment_shows(model: Model) -> None:
    dice = np.random.default_rng(2)
    usage = dice.lognormal(3, 0.7, (5, 3000)).astype(np.float32)
    usage[dice.random(usage.shape) < 0.05] = np.nan
    film = model.film(usage, 300, Moments(2304, 600))
    for place in (0, 1, 250, 599):
        column = 2304 + place
        alone = model.curves(usage[:, column - 2304 : column], 300)
        at = film.at(place)
        np.testing.assert_array_equal(at.base, alone.base)
        # sums over different spans round differently, and a value on a threshold may then fall to its other side
        assert np.isclose(at.ratio, alone.ratio, atol=1e-5).mean() > 0.95
        np.testing.assert_allclose(at.ratio, alone.ratio, atol=0.2)


def test_a_table_stands_in_for_trees(model: Model) -> None:
    table = Table.empty(model.heads, model.levels)
    cold = Model(trees=table, heads=model.heads, levels=model.levels)
    usage = series("noise")
    known, cautious = model.curves(usage, 300), cold.curves(usage, 300)
    np.testing.assert_array_equal(known.base, cautious.base)
    weights = weights_of(model.levels, LEVELS)
    assert (np.diff(cautious.amounts(1, weights), axis=1) >= 0).all()


def test_k_times_the_usage_k_times_the_curve(model: Model) -> None:
    usage = np.random.default_rng(3).lognormal(3, 0.7, (20, 2304)).astype(np.float32)
    weights = weights_of(model.levels, LEVELS)
    one, two = (model.curves(u, 300).amounts(1, weights) for u in (usage, usage * np.float32(64)))
    # a power of two: every float32 is scaled exactly, only the logs round
    assert np.isclose(two, 64 * one, rtol=1e-3).mean() > 0.95
