from datetime import UTC, datetime, timedelta

import pytest

from vpa_inplace.demo.lives import Generation, Life, Nightly, Rollout, Since, Steady
from vpa_inplace.demo.shapes import DAY, HOUR

NOON = int(datetime(2026, 3, 9, 12, tzinfo=UTC).timestamp())
OLD = NOON - 20 * DAY


@pytest.mark.parametrize(
    ("life", "generations"),
    [
        pytest.param(Steady(), [Generation(born=OLD)], id="the-same-pods-all-the-time"),
        pytest.param(Since(timedelta(hours=2)), [Generation(born=NOON - 2 * HOUR)], id="young"),
        pytest.param(
            Rollout(timedelta(days=1)),
            [Generation(born=OLD, gone=NOON - DAY + 600, deleted=NOON - DAY + 600), Generation(born=NOON - DAY)],
            id="old-pods-leave-ten-minutes-after-new-ones-came",
        ),
        pytest.param(Rollout(timedelta(days=9)), [Generation(born=NOON - 9 * DAY)], id="rollout-before-the-record"),
    ],
)
def test_generations(life: Life, generations: list[Generation]) -> None:
    assert list(life(NOON - 3 * DAY, NOON)) == generations


def test_nightly_runs_leave_their_objects_until_three_more_have_ended() -> None:
    runs = Nightly(hour=2, lasting=timedelta(minutes=90))(NOON - 5 * DAY, NOON)
    night = NOON - 10 * HOUR  # 02:00 of the last day
    assert [run.born for run in runs] == [night - i * DAY for i in (4, 3, 2, 1, 0)]
    assert all(run.finished and run.gone == run.born + 5400 for run in runs)
    assert [run.deleted for run in runs] == [night - DAY + 5400, night + 5400, None, None, None]


def test_a_run_that_the_record_would_cut_is_left_out() -> None:
    life = Nightly(hour=11, lasting=timedelta(minutes=90))
    assert [run.born for run in life(NOON - DAY, NOON)] == []  # yesterday's began before, today's ends after
    assert [run.born for run in life(NOON - DAY - HOUR, NOON)] == [NOON - DAY - HOUR]
