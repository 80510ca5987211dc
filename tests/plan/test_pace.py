"""The pace in the whole of a decision: what priced rows ask for, what they owe, and what they may spend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import MIB, NOON, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.decide import Decision, decide
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.policy import Policies, Policy, ResourceRule, UpdateMode
from vpa_inplace.forecast import make_forecaster
from vpa_inplace.forecast.curves import Curves
from vpa_inplace.history import History
from vpa_inplace.recommend import Why

LONG = 1e9  # hours owed: any price is paid
MEMORY = 230 * MIB  # 200 MiB of use and 15 %: memory stays as it is


def pods(*cpu: int) -> list[Pod]:
    return [a_pod(a_container(cpu=amount, memory=MEMORY), name=f"web-{i}") for i, amount in enumerate(cpu)]


def flat(history: History, amount: float, sure: float = 1.0) -> Curves:
    """Every level of the coming hour is ``amount``, and of three hours ``sure`` times that: no price changes it."""
    n = len(history.rows)
    ratio = np.zeros((2, n, 2), np.float32)
    ratio[1] = np.log(sure)
    base = np.full(n, np.log(amount), np.float32)
    peak = np.full(n, amount, np.float32)
    return Curves(heads=(3600, 3 * 3600), levels=(0.5, 0.9), base=base, peak=peak, ratio=ratio)


def decided(
    members: list[Pod],
    wanted: float,
    *,
    sure: float = 1.0,
    owed: float = 0.0,
    spent: float = 0.0,
    policy: Policy = Policy(),
    history: History | None = None,
    obey_mode: bool = False,
) -> Decision:
    """A tick five minutes after the last one, of a row whose curve stands at ``wanted`` millicores."""
    snapshot = a_snapshot(*members, history=history)
    history = a_history(snapshot.rows) if history is None else history
    policies = Policies.uniform(policy, len(snapshot.rows))
    outlook = make_forecaster("recent").foresee(history, None, policies.risk)
    dials = replace(Dials.new(snapshot.rows), owed=np.array([owed]))
    ledger = replace(
        Ledger.empty(snapshot.rows),
        at=NOON.timestamp() - 300,
        spent=np.array([spent]),
        dials=dials,
        in_force=np.full(1, np.nan),
    )
    outlook = replace(outlook, curves=flat(history, wanted, sure))
    return decide(snapshot, outlook, ledger, policies, obey_mode=obey_mode)


def asked(decision: Decision) -> list[tuple[str, int | None]]:
    return [(m.intent.name, c.requests.cpu) for m in decision.admitted for c in m.changes]


QUANTA = replace(Policy().cpu, quantum=50)


@pytest.mark.parametrize(
    ("decision", "moves"),
    [
        pytest.param(decided(pods(300), 300), [], id="as-it-should-be"),
        # within the dead band of 10 %: prices decide, not the band
        pytest.param(decided(pods(300), 310), [("GROW", 310)], id="the-next-hour-needs-a-little-more"),
        pytest.param(decided(pods(300), 300, sure=2), [], id="only-later-hours-need-more"),
        pytest.param(decided(pods(300), 301, sure=2), [("GROW", 602)], id="then-for-all-three-hours"),
        pytest.param(decided(pods(300), 200), [], id="room-is-not-given-back-at-once"),
        pytest.param(decided(pods(300), 200, owed=LONG), [("SHRINK", 200)], id="but-when-it-has-cost-a-resize"),
        pytest.param(decided(pods(300), 290, owed=LONG), [], id="too-little-to-be-worth-one"),
        pytest.param(decided(pods(50), 20), [("RESCUE", 100)], id="usage-is-above-whatever-was-foreseen"),
        pytest.param(decided(pods(300), 310, policy=Policy(cpu=QUANTA)), [("GROW", 350)], id="in-whole-quanta"),
        pytest.param(
            decided(pods(300), 900, policy=Policy(cpu=replace(Policy().cpu, max_allowed=400))),
            [("GROW", 400)],
            id="up-to-max-allowed",
        ),
        pytest.param(
            decided(pods(50), 20, policy=Policy(cpu=replace(Policy().cpu, max_allowed=60))),
            [("RESCUE", 60)],
            id="nor-does-demand-go-beyond",
        ),
        pytest.param(decided(pods(300, 300, 100), 290), [("GROW", 300)], id="one-that-stands-apart-joins-the-others"),
        pytest.param(decided(pods(300, 300, 300), 310), [("GROW", 310)] * 3, id="all-pods-of-a-row-together"),
    ],
)
def test_what_is_asked_for(decision: Decision, moves: list[tuple[str, int | None]]) -> None:
    assert asked(decision) == moves


@pytest.mark.parametrize(
    ("budget", "spent", "shrinks"),
    [
        # twice the average of 8; five minutes refill 16 / 288 = 0.06
        pytest.param(8.0, 14.0, True, id="two-of-sixteen-left"),
        pytest.param(8.0, 14.1, False, id="less-than-two-left"),
        pytest.param(0.0, 0.0, False, id="none-allowed"),
        pytest.param(None, 1000.0, True, id="no-budget"),
    ],
)
def test_one_row_may_spend_twice_the_average(budget: float | None, spent: float, shrinks: bool) -> None:
    policy = Policy(max_resizes_per_day=budget)
    assert bool(asked(decided(pods(300), 200, owed=LONG, spent=spent, policy=policy))) is shrinks


def owed(decision: Decision) -> float:
    assert decision.ledger.dials is not None
    assert decision.before.dials is not None
    assert decision.before.dials.owed[0] == decision.ledger.dials.owed[0]  # kept when the moves cannot be sent, too
    return float(decision.ledger.dials.owed[0])


def test_what_is_owed() -> None:
    # 100 of 300 unused for five minutes is 1/36 of an hour
    assert owed(decided(pods(300), 200)) == pytest.approx(1 / 36)
    assert owed(decided(pods(300), 200, owed=LONG)) == 0.0  # paid
    young = a_history(rows_of(pods(300)), days=0.5)
    assert decided(pods(300), 200, owed=LONG, history=young).admitted == ()  # a guard speaks against it
    assert owed(decided(pods(300), 200, owed=LONG, history=young)) == LONG  # and it asks again


@pytest.mark.parametrize("mode", list(UpdateMode))
def test_prices_learn_from_what_they_set(mode: UpdateMode) -> None:
    decision = decided(pods(50), 20, policy=Policy(update_mode=mode), obey_mode=True)
    assert decision.ledger.dials is not None
    assert bool(decision.ledger.dials.shortage[0] > 0) is mode.acts  # usage of 100m on 50m is short, by somebody's will


def test_rows_without_a_curve_are_left_to_the_dead_band() -> None:
    snapshot = a_snapshot(*pods(110))
    policies = Policies.uniform(Policy(), 1)
    outlook = make_forecaster("recent").foresee(a_history(snapshot.rows), None, policies.risk)
    curves = flat(a_history(snapshot.rows), 500)
    silent = replace(outlook, curves=replace(curves, base=np.full(1, np.nan, np.float32)))
    one, other = (decide(snapshot, o, Ledger.empty(snapshot.rows), policies) for o in (outlook, silent))
    assert one.verdicts == other.verdicts
    np.testing.assert_array_equal(one.sizes.target, other.sizes.target)
    assert other.ledger.dials is None


def test_the_price_is_what_set_the_size() -> None:
    why = decided(pods(300), 290).sizes.why[:, 0].tolist()
    assert why == [Why.WORTH_ITS_PRICE, Why.FORECAST]  # of memory, constant: the peak on record asks for no more
    assert decided(pods(300), 2).sizes.why[0, 0] == Why.MIN_ALLOWED


def test_a_resource_that_is_not_controlled_has_no_price() -> None:
    rule: ResourceRule = replace(Policy().cpu, controlled=False)
    assert asked(decided(pods(300), 900, policy=Policy(cpu=rule))) == []


@given(st.floats(0, 1), st.floats(0, 1), st.floats(1, 20))
def test_more_risk_never_asks_for_more(one: float, other: float, sure: float) -> None:
    snapshot = a_snapshot(*pods(300))
    history = a_history(snapshot.rows)
    ratio = np.log(np.array([[[1, sure]], [[1, sure * 1.5]]], np.float32))
    sizes = []
    for risk in (min(one, other), max(one, other)):
        policies = Policies.uniform(Policy(risk=risk), 1)
        outlook = make_forecaster("recent").foresee(history, None, policies.risk)
        outlook = replace(outlook, curves=replace(flat(history, 100), ratio=ratio))
        sizes.append(decide(snapshot, outlook, Ledger.empty(snapshot.rows), policies).sizes)
    careful, bold = sizes
    assert (bold.target <= careful.target).all()
    assert (bold.lower <= careful.lower).all()


def test_a_first_request_is_a_change() -> None:
    # 300m for a container that asked for memory alone
    member = a_pod(a_container(cpu=None, memory=MEMORY))
    (move,) = decided([member], 300).admitted
    assert (move.intent, move.changes[0].requests) == (Intent.GROW, Amounts(cpu=300))
