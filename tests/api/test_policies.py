from __future__ import annotations

import pytest

from tests.support.builders import MIB
from vpa_inplace.api.config import parse_config
from vpa_inplace.api.fields import Section
from vpa_inplace.api.policies import NO_OVERRIDES, Overrides, default_policy, forecaster_of, policies_for, unmatched
from vpa_inplace.api.set_flag import parse_settings
from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.policy import ControlledValues, Policy, UpdateMode
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.forecast.static import Static
from vpa_inplace.forecast.vpa import Vpa

WEB = ContainerKey.of("c", "shop", "Deployment", "web", "app")
PROXY = ContainerKey.of("c", "shop", "Deployment", "web", "envoy")
LLM = ContainerKey.of("c", "team-ml", "StatefulSet", "llm", "vllm")


def policy_of(text: str, key: ContainerKey = WEB, flags: Overrides = NO_OVERRIDES) -> Policy:
    return policies_for(parse_config(text), Index.of([key]), flags)[0]


def test_every_key_of_a_policy_reaches_it() -> None:
    policy = policy_of(
        """\
defaults:
  updatePolicy: {updateMode: InPlace, maxResizesPerDay: 4, deadBand: 20%}
  resourcePolicy:
    controlledResources: [memory]
    controlledValues: RequestsOnly
    allowMemoryLimitDecrease: true
    cpu: {hold: 2h, peakMargin: 5%, minAllowed: 20m, maxAllowed: 4, quantum: 5m}
    memory: {hold: 12h, peakMargin: none, nearUsage: 25%, minAllowed: 1Gi, maxAllowed: none, quantum: 16Mi}
  forecast: {risk: 0.5%}
  evidence: {minHistory: 2d, minCoverage: 80%, staleAfter: 10m, oomHold: 3d}
"""
    )
    assert policy.update_mode is UpdateMode.IN_PLACE
    assert (policy.max_resizes_per_day, policy.dead_band, policy.risk) == (4.0, 0.2, 0.005)
    assert policy.controlled_values is ControlledValues.REQUESTS_ONLY
    assert policy.allow_memory_limit_decrease
    cpu, memory = policy.cpu, policy.memory
    assert (cpu.controlled, memory.controlled) == (False, True)
    assert (cpu.hold.total_seconds(), cpu.peak_margin, cpu.min_allowed, cpu.max_allowed, cpu.quantum) == (
        7200,
        0.05,
        20,
        4000,
        5,
    )
    assert (memory.hold.total_seconds(), memory.peak_margin, memory.near_usage) == (43200, None, 0.25)
    assert (memory.min_allowed, memory.max_allowed, memory.quantum) == (1024 * MIB, None, 16 * MIB)
    assert (policy.min_history.days, policy.min_coverage, policy.stale_after.seconds, policy.oom_hold.days) == (
        2,
        0.8,
        600,
        3,
    )


@pytest.mark.parametrize("spelling", ["Off", '"Off"'])
def test_a_bare_off_is_a_word_although_yaml_reads_false(spelling: str) -> None:
    text = f"defaults: {{updatePolicy: {{updateMode: {spelling}}}}}"
    assert policy_of(text).update_mode is UpdateMode.OFF


LAYERS = """\
profiles:
  careful: {description: x, forecast: {risk: 0.1%}, updatePolicy: {deadBand: 5%, maxResizesPerDay: 2}}
profile: careful
defaults: {updatePolicy: {deadBand: 20%}}
workloads:
- {match: {namespace: shop}, updatePolicy: {maxResizesPerDay: none}}
- {match: {container: envoy}, updatePolicy: {maxResizesPerDay: 3}, forecast: {profile: default}}
"""


@pytest.mark.parametrize(
    ("key", "flags", "risk", "dead_band", "resizes", "profile"),
    [
        pytest.param(LLM, Overrides(), 0.001, 0.2, 2, "careful", id="profile-then-defaults"),
        pytest.param(WEB, Overrides(), 0.001, 0.2, None, "careful", id="an-entry-lifts-the-budget"),
        pytest.param(PROXY, Overrides(), 0.01, 0.2, 3, "default", id="the-last-entry-wins-its-profile-too"),
        pytest.param(PROXY, Overrides(risk=0.05), 0.05, 0.2, 3, "default", id="flags-win"),
        pytest.param(PROXY, Overrides(profile="careful"), 0.001, 0.2, 3, "careful", id="the-file-wins-over-a-profile"),
        pytest.param(
            WEB,
            Overrides(policies=parse_settings(["deadBand=30%", "deadBand=40%"], "recent").policies),
            0.001,
            0.4,
            None,
            "careful",
            id="set-wins-the-last-one",
        ),
    ],
)
def test_precedence(
    key: ContainerKey, flags: Overrides, risk: float, dead_band: float, resizes: float | None, profile: str
) -> None:
    policy = policy_of(LAYERS, key, flags)
    assert (policy.risk, policy.dead_band, policy.max_resizes_per_day, policy.profile) == (
        risk,
        dead_band,
        resizes,
        profile,
    )


@pytest.mark.parametrize(
    ("match", "matches"),
    [
        pytest.param("{namespace: shop}", (WEB, PROXY), id="exact"),
        pytest.param('{namespace: "team-*"}', (LLM,), id="glob"),
        pytest.param('{namespace: [shop, "team-*"]}', (WEB, PROXY, LLM), id="list"),
        pytest.param("{kind: deployment}", (WEB, PROXY), id="kinds-in-any-case"),
        pytest.param("{name: WEB}", (), id="names-in-their-own-case"),
        pytest.param("{namespace: shop, container: envoy}", (PROXY,), id="all-keys-must-match"),
        pytest.param('{name: "w[a-f]b"}', (WEB, PROXY), id="range"),
        pytest.param('{name: "we"}', (), id="whole-names"),
    ],
)
def test_match(match: str, matches: tuple[ContainerKey, ...]) -> None:
    config = parse_config(f"workloads: [{{match: {match}, forecast: {{risk: 9%}}}}]")
    policies = policies_for(config, rows := Index.of([WEB, PROXY, LLM]))
    assert {key for i, key in enumerate(rows) if policies[i].risk == 0.09} == set(matches)
    assert list(unmatched(config, rows)) == ([] if matches else ["workloads[0]"])


def test_equal_policies_are_kept_once() -> None:
    assert len(policies_for(parse_config(""), Index.of([WEB, PROXY, LLM])).distinct) == 1


@pytest.mark.parametrize(
    ("text", "flags", "forecaster"),
    [
        pytest.param("", Overrides(), Recent(), id="of-the-default-profile"),
        pytest.param("profile: vpa", Overrides(), Vpa(), id="of-the-profile"),
        pytest.param("defaults: {forecast: {profile: vpa}}", Overrides(), Vpa(), id="of-the-profile-in-defaults"),
        pytest.param("{profile: vpa, forecaster: static}", Overrides(), Static(), id="file-over-profile"),
        pytest.param("forecaster: static", Overrides(forecaster="vpa"), Vpa(), id="flag-over-file"),
        pytest.param("forecaster: static", Overrides(profile="vpa"), Static(), id="file-over-profile-of-a-flag"),
        pytest.param("{forecaster: static, knobs: {margin: 0.3}}", Overrides(), Static(margin=0.3), id="knobs"),
        pytest.param(
            "{forecaster: vpa, knobs: {half_life: 12}}",
            Overrides(forecaster="static"),
            Static(),
            id="knobs-of-another-forecaster-say-nothing",
        ),
        pytest.param(
            "{forecaster: static, knobs: {margin: 0.3}}",
            Overrides(knobs={"margin": 0.5}),
            Static(margin=0.5),
            id="flag-knob-over-file-knob",
        ),
        pytest.param(
            "{profile: p, profiles: {p: {description: x, forecaster: vpa, knobs: {half_life: 12}}}}",
            Overrides(),
            Vpa(half_life=12),
            id="knobs-of-the-profile",
        ),
    ],
)
def test_forecaster(text: str, flags: Overrides, forecaster: object) -> None:
    assert forecaster_of(parse_config(text), flags) == forecaster


def test_profiles_for_different_forecasters_need_a_word() -> None:
    config = parse_config("workloads: [{match: {name: web}, forecast: {profile: vpa}}]")
    with pytest.raises(UsageError, match=r"workloads\[0\].forecast.profile: profile 'vpa' is meant for"):
        forecaster_of(config)
    assert forecaster_of(config, Overrides(forecaster="recent")) == Recent()
    assert policies_for(config, Index.of([WEB]))[0].profile == "vpa"


def test_an_unknown_profile_of_a_flag_is_named() -> None:
    with pytest.raises(UnknownName, match="unknown profile 'vap': did you mean 'vpa'"):
        default_policy(parse_config(""), Overrides(profile="vap"))


def test_a_profile_of_ones_own_replaces_a_packaged_one() -> None:
    policy = policy_of("profiles: {default: {description: mine, forecast: {risk: 7%}}}")
    assert (policy.risk, policy.profile) == (0.07, "default")


def test_sections_are_frozen() -> None:
    with pytest.raises(Exception, match="frozen"):
        parse_config("").cluster = "other"  # type: ignore[misc]
    assert Section.model_config["frozen"]
