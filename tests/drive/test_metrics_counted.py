"""What is counted: moves, ends, changes of mind, ticks, and room over time."""

from __future__ import annotations

import pytest

from tests.drive.status.scenes import ACTING, Clock, a_decision
from tests.drive.status.test_status import LOW, STALE, a_verdict, an_attempt
from tests.drive.test_metrics import Scraped, told
from tests.support.builders import MIB
from vpa_inplace.act.answers import Outcome
from vpa_inplace.domain.attempts import End, Ended, Phase
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.policy import Policy
from vpa_inplace.drive.metrics import LONGEST, Metrics, begun_to_hold
from vpa_inplace.drive.status import status_of
from vpa_inplace.journal import News


@pytest.fixture
def clock():
    return Clock()


def test_moves_by_intent_and_outcome(clock):
    metrics = Metrics(clock=clock)
    for outcome in (Outcome.TAKEN, Outcome.TAKEN, Outcome.CONFLICT):
        metrics.sent(Intent.SHRINK, outcome)
    seen = Scraped(metrics)
    assert seen("moves_total", intent="shrink", outcome="Taken") == 2
    assert seen("moves_total", intent="shrink", outcome="Conflict") == 1
    assert seen("moves_total", intent="rescue", outcome="Taken") == 0
    assert len(seen.of("moves_total")) == len(Intent) * len(Outcome)


def test_ends_by_intent(clock):
    metrics = Metrics(clock=clock)
    ended = Ended(attempt=an_attempt(Phase.SOAKING), end=End.REVERTED, at=0.0, reason="")
    for _ in range(2):
        told(metrics, clock, a_decision(ended=(ended,)))
    assert Scraped(metrics)("attempts_ended_total", intent="shrink", end="Reverted") == 2
    assert Scraped(metrics)("attempts_ended_total", intent="shrink", end="Settled") == 0


def test_a_refusal_that_stays_is_counted_once(clock):
    metrics = Metrics(clock=clock)
    for refusals in ((STALE,), (STALE,), (STALE, LOW), (), (STALE,)):
        told(metrics, clock, a_decision(verdicts=(a_verdict(*refusals),)))
    seen = Scraped(metrics)
    assert seen("refusal_changes_total", reason="StaleUsage") == 2  # at first, and again after it was lifted
    assert seen("refusal_changes_total", reason="LowCoverage") == 1


@pytest.mark.parametrize(
    ("before", "now", "begun"),
    [
        pytest.param({}, {("u", "SHRINK"): ("A", "B")}, {"A": 1, "B": 1}, id="new"),
        pytest.param({("u", "SHRINK"): ("A",)}, {("u", "SHRINK"): ("A",)}, {}, id="as-before"),
        pytest.param({("u", "SHRINK"): ("A", "B")}, {("u", "SHRINK"): ("A",)}, {}, id="one-lifted"),
        pytest.param({("u", "SHRINK"): ("A",)}, {("u", "GROW"): ("A",)}, {"A": 1}, id="another-intent"),
        pytest.param({}, {("u", "SHRINK"): ("A", "A")}, {"A": 1}, id="twice-for-one-move"),
        pytest.param({}, {("u", "SHRINK"): ("A",), ("v", "SHRINK"): ("A",)}, {"A": 2}, id="two-moves"),
    ],
)
def test_what_begins_to_hold(before, now, begun):
    assert begun_to_hold(before, now) == begun


def test_a_standby_counts_nothing_and_shows_what_it_sees(clock):
    leads = [False]
    metrics = Metrics(clock=clock, leads=lambda: leads[0])
    ended = Ended(attempt=an_attempt(Phase.SOAKING), end=End.SETTLED, at=0.0, reason="")
    held = a_decision(verdicts=(a_verdict(STALE),), ended=(ended,))
    told(metrics, clock, held)
    clock.now += 60
    told(metrics, clock, held)
    seen = Scraped(metrics)
    assert seen("refusals", reason="StaleUsage") == 1
    assert seen("refusal_changes_total", reason="StaleUsage") == 0
    assert seen("attempts_ended_total", intent="shrink", end="Settled") == 0
    assert seen("reserved_cpu_core_seconds_total") == 0
    leads[0] = True  # what held before it led is no news
    told(metrics, clock, held)
    assert Scraped(metrics)("refusal_changes_total", reason="StaleUsage") == 0


def test_room_over_time(clock):
    """500m and 512 Mi held for 60 s; usage of 100m and 200 Mi plus 15 % is what a static size would hold."""
    metrics = Metrics(clock=clock)
    told(metrics, clock)
    assert Scraped(metrics)("reserved_cpu_core_seconds_total") == 0, "the first tick has no time behind it"
    clock.now += 60
    told(metrics, clock)
    seen = Scraped(metrics)
    assert seen("reserved_cpu_core_seconds_total") == pytest.approx(30)
    assert seen("reserved_memory_byte_seconds_total") == pytest.approx(512 * MIB * 60)
    assert seen("static_cpu_core_seconds_total") == pytest.approx(0.115 * 60)
    assert seen("static_memory_byte_seconds_total") == pytest.approx(230 * MIB * 60)


def test_a_gap_between_ticks_is_not_made_up(clock):
    metrics = Metrics(clock=clock)
    told(metrics, clock)
    clock.now += 10 * LONGEST
    told(metrics, clock)
    assert Scraped(metrics)("reserved_cpu_core_seconds_total") == pytest.approx(0.5 * LONGEST)


def test_what_is_only_recommended_releases_nothing(clock):
    metrics = Metrics(clock=clock)
    for _ in range(2):
        told(metrics, clock, a_decision(policies=Policy()))
        clock.now += 60
    assert Scraped(metrics)("reserved_cpu_core_seconds_total") == 0


# --------------------------------------------------------------------------------------------------------------- ticks


def test_ticks_are_timed_good_or_not(clock):
    metrics = Metrics(clock=clock)
    with metrics.tick():
        clock.now += 0.2

    def fails():
        with metrics.tick():
            clock.now += 3.0
            raise SourceUnavailable("prometheus is away")

    with pytest.raises(SourceUnavailable):
        fails()
    seen = Scraped(metrics)
    assert [seen("ticks_total", result=result) for result in ("good", "failed")] == [1, 1]
    assert seen("tick_duration_seconds_count") == 2
    assert seen("tick_duration_seconds_sum") == pytest.approx(3.2)
    assert [seen("tick_duration_seconds_bucket", le=le) for le in ("0.1", "0.25", "5.0")] == [0, 1, 2]
    assert seen("last_good_tick_age_seconds") == 3.0


def test_nothing_new_is_no_news(clock):
    metrics = Metrics(clock=clock)
    decision = a_decision(policies=ACTING)
    metrics.decided(decision, status_of(decision, at=clock.now), News())
    assert Scraped(metrics)("pods") == 1
