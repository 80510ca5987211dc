"""The kill switch: what pulls it, what does not, and what counts as pulled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.observe.kubernetes.seen import CORE, FORBIDDEN, Json, an_object, views
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.store import State
from vpa_inplace.observe.kubernetes.switch import TRUSTED, paused

SWITCH = ("shop", "vpa-inplace")
NAME = "ConfigMap shop/vpa-inplace"


def a_switch(**data: Any) -> Json:
    return an_object(CORE, "ConfigMap", "vpa-inplace", data=data or None)


PULLED = a_switch(paused="true", reason="the sale")


@pytest.mark.parametrize(
    ("data", "pulled"),
    [
        pytest.param({"paused": "true"}, True, id="true"),
        pytest.param({"paused": "True\n"}, True, id="as-an-editor-leaves-it"),
        pytest.param({"paused": "yes"}, True, id="yes"),
        pytest.param({"paused": "1"}, True, id="one"),
        pytest.param({"paused": "ture"}, True, id="in-a-hurry"),
        pytest.param({"paused": "false"}, False, id="false"),
        pytest.param({"paused": " False "}, False, id="a-loud-false"),
        pytest.param({"paused": "no"}, False, id="no"),
        pytest.param({"paused": "off"}, False, id="off"),
        pytest.param({"paused": "0"}, False, id="zero"),
        pytest.param({"paused": ""}, False, id="empty"),
        pytest.param({"reason": "the sale"}, False, id="only-a-reason"),
        pytest.param({}, False, id="no-data"),
    ],
)
def test_what_pulls_it(data: Json, pulled: bool) -> None:
    assert bool(paused(views(a_switch(**data)), SWITCH)) is pulled


def test_who_and_why() -> None:
    assert paused(views(PULLED), SWITCH) == f"{NAME} says so: the sale"
    assert paused(views(a_switch(paused="true")), SWITCH) == f"{NAME} says so: it gives no reason"


def test_a_switch_that_is_not_there_is_not_pulled() -> None:
    assert paused(views(), SWITCH) == ""
    assert paused(views(PULLED), ("shop", "other")) == ""
    assert paused(views(PULLED), None) == ""


@pytest.mark.parametrize("state", [State.BROKEN, State.FORBIDDEN])
def test_what_was_seen_stays(state: State) -> None:
    """For a while. Then one that was seen not pulled counts as pulled: nobody would hear of it."""
    for age in (60.0, TRUSTED):
        lost = (state, "no answer", age)
        assert paused(views(PULLED, ConfigMap=lost), SWITCH) == f"{NAME} says so: the sale"
        assert paused(views(a_switch(), ConfigMap=lost), SWITCH) == ""
        assert paused(views(ConfigMap=lost), SWITCH) == ""
    lost = (state, "no answer", TRUSTED + 60)
    assert paused(views(PULLED, ConfigMap=lost), SWITCH) == f"{NAME} says so: the sale"
    said = f"{NAME}, the kill switch, was last read 16 min ago: no answer"  # 900 s + 60 s
    assert paused(views(a_switch(), ConfigMap=lost), SWITCH) == said
    assert paused(views(ConfigMap=lost), SWITCH) == said


def test_one_that_could_never_be_read_counts_as_pulled_and_names_the_right() -> None:
    said = paused(views(PULLED, ConfigMap=FORBIDDEN), SWITCH)
    assert said == f"{NAME}, the kill switch, cannot be read: these credentials may not list it"


def test_one_that_nobody_watches_counts_as_pulled() -> None:
    """A mistake of ours, which is better found on the first day than on that of need."""
    said = paused(Views({}), SWITCH)
    assert said == f"{NAME}, the kill switch, cannot be read: ConfigMap is not watched"


def test_one_that_is_no_switch_counts_as_pulled() -> None:
    odd = an_object(CORE, "ConfigMap", "vpa-inplace", data={"paused": True})  # no API server lets that pass
    assert paused(views(odd), SWITCH).startswith(f"{NAME}, the kill switch, cannot be read: Expected `str`, got `bool`")
