"""When ticks came, by a clock of the test's own."""

from __future__ import annotations

from tests.drive.status.scenes import Clock
from vpa_inplace.drive.pulse import Pulse


def test_before_the_first_tick_the_start_counts():
    clock = Clock()
    pulse = Pulse(clock)
    clock.now += 7
    assert (pulse.silence, pulse.well_age, pulse.was_well) == (7, 7, False)


def test_a_tick_that_hangs_is_silence_from_its_begin():
    clock = Clock()
    pulse = Pulse(clock)
    clock.now += 60
    pulse.begin()
    clock.now += 5
    assert (pulse.silence, pulse.well_age) == (5, 65)


def test_a_failed_tick_breaks_the_silence_and_is_no_good_one():
    clock = Clock()
    pulse = Pulse(clock)
    for well in (True, False):
        pulse.begin()
        clock.now += 10
        pulse.end(well=well)
    clock.now += 1
    assert (pulse.silence, pulse.well_age, pulse.was_well) == (1, 11, True)
