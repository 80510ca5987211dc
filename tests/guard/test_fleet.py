"""What stops everybody at once."""

from __future__ import annotations

from tests.guard.builders import GROW, SHRINK, a_move, a_world, intents, refused
from vpa_inplace.guard.fleet import FleetBrake, Paused


def test_harm_stops_shrinks_and_says_which():
    braked = "5 of 12 shrinks had to be taken back"
    assert intents(FleetBrake(), a_world(braked=braked)) == {SHRINK}
    assert intents(FleetBrake(), a_world()) == set()
    assert refused(FleetBrake(), a_move(), a_world(braked=braked)).message == braked


def test_the_kill_switch_leaves_rescues_and_undos():
    assert intents(Paused(), a_world(paused="ops: incident 12")) == {GROW, SHRINK}
    assert intents(Paused(), a_world()) == set()


def test_who_pulled_it_is_told():
    message = refused(Paused(), a_move(), a_world(paused="ops: incident 12")).message
    assert message == "everything but rescues and undos is paused: ops: incident 12"
