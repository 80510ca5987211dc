"""What plan says of a node's coming day speaks against a shrink."""

from __future__ import annotations

import pytest

from tests.guard.builders import SHRINK, a_move, a_world, intents, refused, refuses
from tests.support.builders import MIB
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Crowding
from vpa_inplace.domain.resource import Resource
from vpa_inplace.guard.regrow import RegrowAtRisk

FULL = Crowding(Resource.CPU, 7, 4200, 3800)


@pytest.mark.parametrize(
    ("crowding", "requests", "expected"),
    [
        pytest.param((), Amounts(100, 100 * MIB), False, id="nothing is said"),
        pytest.param((FULL,), Amounts(cpu=100), True, id="what falls is short later"),
        pytest.param((FULL,), Amounts(memory=100 * MIB), False, id="the other resource falls"),
        pytest.param((FULL,), Amounts(cpu=900, memory=100 * MIB), False, id="it is the other that falls"),
        pytest.param(
            (FULL, Crowding(Resource.MEMORY, 3, 2 * MIB, MIB)), Amounts(memory=100 * MIB), True, id="one of two"
        ),
    ],
)
def test_regrow_at_risk(crowding, requests, expected):
    assert refuses(RegrowAtRisk(), a_move(None, SHRINK, requests, crowding=crowding)) is expected


def test_only_shrinks_wait():
    assert intents(RegrowAtRisk(), a_world(), crowding=(FULL,)) == {SHRINK}


def test_hour_and_amounts_are_told():
    refusal = refused(RegrowAtRisk(), a_move(crowding=(FULL,)))
    assert refusal.message == (
        "pod shop/web-1 will need its cpu back, and in 7 h the pods of node node-1 may need 4.2 together, of which it has 3.8"
    )
