"""``--set key=value`` reads knobs and policy fields as the configuration file does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from vpa_inplace.api.set_flag import parse_settings
from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.domain.policy import Policy

PLAIN = Policy()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("deadBand=0.2", replace(PLAIN, dead_band=0.2), id="the-last-name-is-enough"),
        pytest.param("updatePolicy.deadBand=20%", replace(PLAIN, dead_band=0.2), id="the-whole-path"),
        pytest.param(
            "cpu.hold=3h", replace(PLAIN, cpu=replace(PLAIN.cpu, hold=timedelta(hours=3))), id="of-one-resource"
        ),
        pytest.param(
            "memory.peakMargin=none", replace(PLAIN, memory=replace(PLAIN.memory, peak_margin=None)), id="without"
        ),
        pytest.param("maxResizesPerDay=none", replace(PLAIN, max_resizes_per_day=None), id="no-budget"),
        pytest.param(
            " cpu.minAllowed = 25m ", replace(PLAIN, cpu=replace(PLAIN.cpu, min_allowed=25)), id="spaces-do-not-matter"
        ),
        pytest.param("allowMemoryLimitDecrease=true", replace(PLAIN, allow_memory_limit_decrease=True), id="yes-or-no"),
        pytest.param(
            "controlledResources=[cpu]", replace(PLAIN, memory=replace(PLAIN.memory, controlled=False)), id="a-list"
        ),
    ],
)
def test_a_field_of_the_policy(text: str, expected: Policy) -> None:
    settings = parse_settings([text], "recent")
    assert settings.over(PLAIN) == expected
    assert not settings.knobs


def test_knobs_belong_to_the_forecaster() -> None:
    assert parse_settings(["margin=25%"], "recent").knobs == {"margin": 0.25}
    assert parse_settings(["half_life=12", "min_cpu=0"], "vpa").knobs == {"half_life": 12.0, "min_cpu": 0.0}
    with pytest.raises(UnknownName):
        parse_settings(["half_life=12"], "recent")


def test_the_last_word_wins() -> None:
    settings = parse_settings(["deadBand=20%", "margin=1", "deadBand=30%", "margin=2"], "recent")
    assert settings.over(PLAIN).dead_band == 0.3
    assert settings.knobs == {"margin": 2.0}


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        pytest.param("margin", UsageError, "write key=value", id="no-value"),
        pytest.param("=3", UsageError, "write key=value", id="no-key"),
        pytest.param("margin=", UsageError, "write key=value", id="empty-value"),
        pytest.param("margn=1", UnknownName, "did you mean 'margin'", id="misspelt-knob"),
        pytest.param("dead_band=1", UnknownName, "did you mean 'deadBand'", id="misspelt-field"),
        pytest.param("memry.hold=1h", UnknownName, "did you mean 'memory.hold'", id="misspelt-resource"),
        pytest.param("hold=1h", UsageError, "say which one, cpu.hold or memory.hold", id="two-of-that-name"),
        pytest.param("profile=default", UnknownName, "unknown setting 'profile'", id="has-its-own-flag"),
        pytest.param("margin=much", UsageError, "--set margin=much: 'much' is no number", id="knob-no-number"),
        pytest.param("cpu.hold=3", UsageError, "--set cpu.hold=3: '3' is a duration without unit", id="no-unit"),
        pytest.param("deadBand=20", UsageError, "20 per cent is 20%", id="percent"),
        pytest.param("deadBand={", UsageError, "'{' is no value of deadBand", id="no-yaml"),
        pytest.param("cpu.minAllowed=lots", UsageError, "'lots' is no quantity", id="no-quantity"),
    ],
)
def test_mistakes(text: str, kind: type[UsageError], says: str) -> None:
    with pytest.raises(kind) as error:
        parse_settings([text], "recent")
    assert says in str(error.value)


def test_an_unknown_forecaster() -> None:
    with pytest.raises(UnknownName, match="did you mean 'recent'"):
        parse_settings([], "recnt")
