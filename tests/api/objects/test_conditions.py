from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import NOON
from vpa_inplace.api.objects.conditions import LONGEST, Finding, conditions_after
from vpa_inplace.api.objects.status import Condition, ConditionType, Truth

PROVIDED, RESIZING = ConditionType.RECOMMENDATION_PROVIDED, ConditionType.RESIZING
MINUTE = timedelta(minutes=1)


def after(*findings: Finding, before: tuple[Condition, ...] = (), minutes: int = 0) -> tuple[Condition, ...]:
    return conditions_after(before, findings, generation=minutes + 1, now=NOON + minutes * MINUTE)


def test_the_time_moves_only_where_the_status_flips() -> None:
    first = after(Finding(RESIZING, True, "Resizing", "1 pod"))
    second = after(Finding(RESIZING, True, "Resizing", "2 pods"), before=first, minutes=1)
    third = after(Finding(RESIZING, False, "AtRest"), before=second, minutes=2)
    fourth = after(Finding(RESIZING, None, "NotKnown"), before=third, minutes=3)
    told = [
        (one.status.value, one.last_transition_time - NOON, one.message, one.observed_generation)
        for (one,) in (first, second, third, fourth)
    ]
    assert told == [
        ("True", 0 * MINUTE, "1 pod", 1),
        ("True", 0 * MINUTE, "2 pods", 2),
        ("False", 2 * MINUTE, "", 3),
        ("Unknown", 3 * MINUTE, "", 4),
    ]


@pytest.mark.parametrize(
    ("type_", "shown"), [(PROVIDED, True), (RESIZING, False), (ConditionType.CONFIG_UNSUPPORTED, False)]
)
def test_what_never_was_so_is_left_out_but_for_the_recommendation(type_: ConditionType, shown: bool) -> None:
    assert bool(after(Finding(type_, False, "No"))) == shown


def test_others_conditions_stay() -> None:
    foreign = Condition(type="Zoned", status=Truth.TRUE, last_transition_time=NOON, reason="Theirs", colour="red")
    resizing = Condition(type="Resizing", status=Truth.TRUE, last_transition_time=NOON)
    found = after(Finding(PROVIDED, True, "Recommended"), before=(foreign, resizing), minutes=1)
    assert [one.type for one in found] == ["RecommendationProvided", "Resizing", "Zoned"]
    assert found[1:] == (resizing, foreign)
    assert found[2].written()["colour"] == "red"


def test_times_are_whole_seconds_and_messages_are_short() -> None:
    (one,) = conditions_after((), [Finding(PROVIDED, True, "R", "x" * 5000)], generation=1, now=NOON + MINUTE / 7)
    assert one.last_transition_time == NOON + timedelta(seconds=8)  # 60 s / 7 = 8.57 s
    assert len(one.message) == LONGEST
    assert one.message.endswith("...")


FINDING = st.builds(
    Finding, st.sampled_from(ConditionType), st.sampled_from([True, False, None]), st.sampled_from("AB")
)


@given(st.lists(st.lists(FINDING, max_size=4), max_size=6))
def test_a_time_of_transition_is_that_of_the_last_flip(ticks: list[list[Finding]]) -> None:
    """Against a record of every status that was ever shown."""
    conditions: tuple[Condition, ...] = ()
    shown: dict[str, tuple[Truth, int]] = {}
    for minute, findings in enumerate(ticks):
        conditions = after(*findings, before=conditions, minutes=minute)
        assert after(*findings, before=conditions, minutes=minute) == conditions  # to say it again changes nothing
        for one in conditions:
            status, _ = shown.get(one.type, (None, 0))
            if one.status is not status:
                shown[one.type] = (one.status, minute)
    assert {one.type: (one.status, (one.last_transition_time - NOON) // MINUTE) for one in conditions} == shown
