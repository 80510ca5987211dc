from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.objects.examples import a_spec
from tests.api.objects.scene import ALL, API, CONFIG, IN_PLACE, PODS, a_claim, policy, reasons, resolved, seen
from tests.support.builders import NOON, WEB, a_pod
from vpa_inplace.api.config import parse_config
from vpa_inplace.api.policies import NO_OVERRIDES, Overrides, policies_for
from vpa_inplace.api.set_flag import parse_settings
from vpa_inplace.domain.policy import UpdateMode

# ------------------------------------------------------------------------------------------------------ precedence


@pytest.mark.parametrize(
    ("spec", "config", "flags", "risk", "mode"),
    [
        pytest.param({}, "", NO_OVERRIDES, 0.01, "Off", id="built-in"),
        pytest.param({}, CONFIG, NO_OVERRIDES, 0.02, "InPlace", id="configuration-over-built-in"),
        pytest.param({}, CONFIG, Overrides(risk=0.03), 0.03, "InPlace", id="flag-over-configuration"),
        pytest.param(
            {"forecast": {"risk": 0.04}}, CONFIG, NO_OVERRIDES, 0.04, "InPlace", id="object-over-configuration"
        ),
        pytest.param(
            {"forecast": {"risk": 0.04}}, CONFIG, Overrides(risk=0.03), 0.04, "InPlace", id="object-over-flag"
        ),
        pytest.param(
            {"updatePolicy": {"updateMode": "Off"}}, CONFIG, NO_OVERRIDES, 0.02, "Off", id="an-off-of-the-owner"
        ),
        pytest.param(
            {"updatePolicy": {"updateMode": "Off"}},
            CONFIG,
            Overrides(policies=parse_settings(["updateMode=InPlace"], "recent").policies),
            0.02,
            "Off",
            id="no-flag-overrides-an-owners-off",
        ),
    ],
)
def test_precedence(spec: dict[str, Any], config: str, flags: Overrides, risk: float, mode: str) -> None:
    found = resolved(a_claim(a_spec(**spec)), config=config, flags=flags)
    assert (policy(found).risk, policy(found).update_mode.value) == (risk, mode)
    assert set(found.in_force) == {WEB}
    assert not found.held


def test_an_objects_profile_is_where_its_policy_starts_from() -> None:
    config = """\
profiles: {slow: {description: x, forecast: {risk: 0.1%}, updatePolicy: {deadBand: 30%, maxResizesPerDay: 1}}}
defaults: {updatePolicy: {maxResizesPerDay: 4}}
"""
    found = resolved(a_claim(a_spec(forecast={"profile": "slow"})), config=config)
    one = policy(found)
    assert (one.profile, one.risk, one.dead_band) == ("slow", 0.001, 0.3)
    assert one.max_resizes_per_day == 4  # what the file says itself wins over a profile
    assert policy(found, workload=API).profile == "default"


def test_none_of_one_object_is_not_the_silence_of_another() -> None:
    """To pydantic the two are equal: both budgets are None."""
    none = a_claim(a_spec(updatePolicy={"maxResizesPerDay": "none"}))
    silent = a_claim({"targetRef": {"kind": "Deployment", "name": "api"}}, name="api")
    found = resolved(none, silent, config=CONFIG)
    assert policy(found).max_resizes_per_day is None
    assert policy(found, workload=API).max_resizes_per_day == 4


def test_containers_have_their_own_policies() -> None:
    policies = [
        {"containerName": "*", "maxAllowed": {"cpu": "2"}},
        {"containerName": "proxy", "controlledValues": "RequestsOnly"},
    ]
    found = resolved(a_claim(a_spec(resourcePolicy={"containerPolicies": policies})))
    assert (policy(found).cpu.max_allowed, policy(found, "proxy").cpu.max_allowed) == (2000, None)


def test_without_objects_all_is_as_the_configuration_says() -> None:
    config = parse_config(CONFIG)
    expected = policies_for(config, seen().rows)
    assert [resolved(config=CONFIG).policies[i] for i in range(3)] == [expected[i] for i in range(3)]


# --------------------------------------------------------------------------------------- two objects, one workload

LATER = NOON + timedelta(hours=1)


def test_the_older_of_two_wins() -> None:
    old = a_claim(a_spec(forecast={"risk": 0.05}), name="zebra", created=NOON)
    young = a_claim(a_spec(forecast={"risk": 0.2}), name="ant", created=LATER)
    found = resolved(young, old)
    assert policy(found).risk == 0.05
    assert (reasons(found, "zebra"), reasons(found, "ant")) == ([], ["TargetTaken"])
    assert found.in_force == {WEB: old}
    assert found.held == {}
    (problem,) = found.judged[1].problems
    assert problem.message == ("spec.targetRef: Deployment web belongs to InPlacePodAutoscaler zebra, which is older")


def test_of_the_same_second_the_first_by_name_wins() -> None:
    found = resolved(a_claim(name="b"), a_claim(name="a"))
    assert (reasons(found, "a"), reasons(found, "b")) == ([], ["TargetTaken"])


def test_a_broken_object_keeps_its_place() -> None:
    """Otherwise mending it would take the workload from the younger one."""
    old = a_claim(a_spec(forecast={"timeZone": "Nowhere/Else"}), name="old", created=NOON)
    young = a_claim(a_spec(**IN_PLACE), name="young", created=LATER)
    found = resolved(young, old, config=CONFIG)
    assert policy(found).update_mode is UpdateMode.OFF
    assert reasons(found, "young") == ["TargetTaken"]


def test_the_same_name_in_another_namespace_is_another_workload() -> None:
    there = replace(WEB, namespace="test")
    known = seen(*PODS, a_pod(name="web-9", workload=there), workloads=ALL | {there})
    found = resolved(a_claim(), a_claim(created=LATER, namespace="test"), known=known)
    assert set(found.in_force) == {WEB, there}


SPECS = st.sampled_from(
    [
        a_spec(**IN_PLACE),
        a_spec(forecast={"timeZone": "Nowhere/Else"}),
        {"targetRef": {"kind": "Deployment", "name": "api"}, **IN_PLACE},
        {"targetRef": {"kind": "Deployment", "name": "nothing"}, **IN_PLACE},
        {"targetRef": {"kind": "Pod", "name": "web-1"}},
        {},
    ]
)


@given(st.lists(SPECS, max_size=6), st.randoms(use_true_random=False))
def test_any_objects_in_any_order_give_one_answer(specs: list[dict[str, Any]], dice: Any) -> None:
    claims = [a_claim(spec, name=f"a{i}", created=NOON + timedelta(minutes=i)) for i, spec in enumerate(specs)]
    shuffled = claims[:]
    dice.shuffle(shuffled)
    found, again = resolved(*claims, config=CONFIG), resolved(*shuffled, config=CONFIG)
    assert found.judged == again.judged
    assert [found.policies[i] for i in range(3)] == [again.policies[i] for i in range(3)]
    assert len(found.judged) == len(claims)
    assert not set(found.in_force) & set(found.held)
    for workload in found.held.keys() & {WEB, API}:
        assert policy(found, workload=workload).update_mode is UpdateMode.OFF
