from __future__ import annotations

from typing import Any

import pytest

from tests.api.objects.examples import WHOLE, a_spec, an_autoscaler
from tests.support.builders import MIB
from vpa_inplace.api.objects.autoscaler import AutoscalerSpec, InPlacePodAutoscaler
from vpa_inplace.api.objects.layers import HELD, layers_of
from vpa_inplace.api.policy_file import PolicyFile, laid_over
from vpa_inplace.domain.policy import ControlledValues, Policy, UpdateMode


def spec(raw: dict[str, Any]) -> AutoscalerSpec:
    return InPlacePodAutoscaler.read(an_autoscaler(raw)).spec


def layer(raw: dict[str, Any], container: str = "app") -> PolicyFile:
    return layers_of(spec(raw)).of(container)


def test_all_that_has_an_effect_reaches_the_policy() -> None:
    policy = laid_over(Policy(), layer(WHOLE))
    assert policy.update_mode is UpdateMode.IN_PLACE
    assert (policy.max_resizes_per_day, policy.risk) == (8.0, 0.01)
    assert (policy.controlled_values, policy.allow_memory_limit_decrease) == (
        ControlledValues.REQUESTS_AND_LIMITS,
        False,
    )
    assert (policy.cpu.controlled, policy.cpu.min_allowed, policy.cpu.max_allowed) == (True, 50, 8000)
    assert (policy.memory.controlled, policy.memory.max_allowed) == (True, 4096 * MIB)


def test_a_silent_object_changes_nothing() -> None:
    assert laid_over(Policy(risk=0.07), layer(a_spec())) == Policy(risk=0.07)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param({"controlledResources": ["memory"]}, (False, True), id="one-resource"),
        pytest.param({"controlledResources": []}, (False, False), id="neither"),
        pytest.param({"mode": "Off"}, (False, False), id="off"),
        pytest.param({"mode": "Off", "controlledResources": ["cpu"]}, (False, False), id="off-wins"),
        pytest.param({"mode": "Auto"}, (True, True), id="auto"),
    ],
)
def test_what_is_controlled(raw: dict[str, Any], expected: tuple[bool, bool]) -> None:
    policies = {"containerPolicies": [{"containerName": "app", **raw}]}
    policy = laid_over(Policy(), layer(a_spec(resourcePolicy=policies)))
    assert (policy.cpu.controlled, policy.memory.controlled) == expected


def test_a_bound_that_is_not_written_is_the_configurations() -> None:
    policies = {"containerPolicies": [{"containerName": "*", "maxAllowed": {"memory": "1Gi"}}]}
    policy = laid_over(Policy(), layer(a_spec(resourcePolicy=policies)))
    assert (policy.memory.max_allowed, policy.memory.min_allowed) == (1024 * MIB, Policy().memory.min_allowed)
    assert policy.cpu == Policy().cpu


def test_a_budget_of_none_lifts_the_configurations() -> None:
    policy = laid_over(Policy(max_resizes_per_day=2), layer(a_spec(updatePolicy={"maxResizesPerDay": "none"})))
    assert policy.max_resizes_per_day is None


def test_containers_under_one_policy_share_their_layer() -> None:
    layers = layers_of(spec(WHOLE))
    assert layers.of("app") is layers.of("worker")
    assert layers.of("app") is not layers.of("proxy")


def test_objects_that_say_the_same_share_their_layers() -> None:
    one, other = (spec(a_spec(updatePolicy={"updateMode": "Off"})) for _ in range(2))
    assert layers_of(one).others is layers_of(other).others


def test_a_name_wins_over_all_others() -> None:
    assert not laid_over(Policy(), layer(WHOLE, "proxy")).cpu.controlled
    assert laid_over(Policy(), layer(WHOLE, "proxy")).cpu.max_allowed is None


def test_held_only_looks() -> None:
    before = Policy(update_mode=UpdateMode.IN_PLACE, risk=0.05)
    assert laid_over(before, HELD) == Policy(update_mode=UpdateMode.OFF, risk=0.05)
