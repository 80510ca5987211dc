from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from vpa_inplace.api.config import Config, load_config, parse_config
from vpa_inplace.domain.errors import ConfigError


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        parse_config(text, "x.yaml")
    return refused.value.mistakes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        # names
        pytest.param("profil: x", "profil: unknown key 'profil': did you mean 'profile'?", id="unknown-key"),
        pytest.param(
            "defaults: {resourcePolicy: {cpu: {maxAlowed: 1}}}",
            "defaults.resourcePolicy.cpu.maxAlowed: unknown key 'maxAlowed': did you mean 'maxAllowed'?",
            id="unknown-key-deep-down",
        ),
        pytest.param(
            "workloads: [{match: {nam: x}}]",
            "workloads[0].match.nam: unknown key 'nam': did you mean",
            id="key-in-a-list",
        ),
        pytest.param(
            "profiles: {p: {description: x, knob: {}}}",
            "profiles.p.knob: unknown key 'knob': did you mean 'knobs'?",
            id="key-in-a-mapping",
        ),
        pytest.param("update_mode: Off", "unknown key 'update_mode'", id="python-spelling"),
        pytest.param("profile: defalt", "profile: unknown profile 'defalt': did you mean 'default'?", id="profile"),
        pytest.param(
            "workloads: [{match: {name: x}, forecast: {profile: vpaa}}]",
            "workloads[0].forecast.profile: unknown profile 'vpaa': did you mean 'vpa'?",
            id="profile-of-a-workload",
        ),
        pytest.param(
            "forecaster: resent", "forecaster: unknown forecaster 'resent': did you mean 'recent'?", id="forecaster"
        ),
        pytest.param("{forecaster: recent, knobs: {margn: 1}}", "knobs.margn: unknown knob of forecaster", id="knob"),
        pytest.param(
            "{forecaster: recent, knobs: {margin: -5}}", "knobs.margin: forecaster 'recent': margin -5", id="knob-range"
        ),
        pytest.param("{forecaster: recent, knobs: {margin: x}}", "knobs.margin: 'x' is no number", id="knob-word"),
        pytest.param("knobs: {margin: 1}", "knobs: say whose knobs these are", id="knobs-of-nobody"),
        pytest.param(
            "{profile: default, defaults: {forecast: {profile: vpa}}}",
            "profile: and defaults.forecast.profile name different profiles",
            id="two-profiles-for-all",
        ),
        pytest.param(
            "profiles: {p: {description: x, forecast: {profile: vpa}}}",
            "profiles.p.forecast: a profile cannot start from another",
            id="profile-within-a-profile",
        ),
        pytest.param("profiles: {p: {}}", "profiles.p.description: is missing", id="profile-without-description"),
        # values
        pytest.param(
            "prometheus: {timeout: 30}", "prometheus.timeout: '30' is a duration without unit: write 30s", id="duration"
        ),
        pytest.param(
            "prometheus: {timeout: 100ms}",
            "prometheus.timeout: must lie between 1s and 1h, not be 100ms",
            id="duration-too-short",
        ),
        pytest.param(
            "prometheus: {history: 36d}",
            "prometheus.history: must lie between 1h and 35d, not be 36d",
            id="history-too-long",
        ),
        pytest.param("prometheus: {step: 7m}", "prometheus.step: must be whole seconds that divide an hour", id="step"),
        pytest.param("prometheus: {step: 22.5s}", "prometheus.step: must be whole seconds", id="step-of-half-seconds"),
        pytest.param("prometheus: {step: 10s}", "15s or more", id="step-too-short"),
        pytest.param(
            "prometheus: {headers: {A: 1}}", "prometheus.headers.A: must be text, not the number 1", id="header"
        ),
        pytest.param("prometheus: {insecureSkipVerify: sure}", "must be true or false, not 'sure'", id="flag"),
        pytest.param(
            "prometheus: {maxInFlight: 0}", "prometheus.maxInFlight: must be 1 or more, not the number 0", id="count"
        ),
        pytest.param(
            "prometheus: {caFile: 5}", "prometheus.caFile: must be the path of a file, not the number 5", id="path"
        ),
        pytest.param("prometheus: http://x", "prometheus: must be a mapping, not 'http://x'", id="no-mapping"),
        pytest.param("namespaces: {a: b}", "namespaces: must be a name or a list of names, not a mapping", id="names"),
        pytest.param("workloads: {match: x}", "workloads: must be a list, not a mapping", id="no-list"),
        pytest.param("workloads: [5]", "workloads[0]: must be a mapping, not the number 5", id="no-entry"),
        pytest.param("workloads: [{}]", "workloads[0].match: is missing", id="no-match"),
        pytest.param("workloads: [{match: {}}]", "workloads[0].match: must name at least one of", id="empty-match"),
    ],
)
def test_mistakes_outside_of_policies(text: str, says: str) -> None:
    found = mistakes(text)
    assert len(found) == 1, found
    assert says in found[0]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        pytest.param("updatePolicy: {updateMode: Auto}", "updatePolicy.updateMode: unknown value 'Auto'", id="mode"),
        pytest.param("updatePolicy: {updateMode: yes}", "must be one of Off, Initial, InPlace", id="mode-read-as-true"),
        pytest.param(
            "updatePolicy: {maxResizesPerDay: 0}", "must be a number above 0, or none, not the number 0", id="budget"
        ),
        pytest.param("updatePolicy: {maxResizesPerDay: true}", "not true (true or false; quote it", id="budget-flag"),
        pytest.param("updatePolicy: {deadBand: 15}", "updatePolicy.deadBand: '15' is out of range", id="percent"),
        pytest.param("updatePolicy: {deadBand: 101%}", "it must lie between 0% and 100%", id="percent-above"),
        pytest.param("forecast: {risk: 0%}", "forecast.risk: must be above 0", id="risk-zero"),
        pytest.param("forecast: {risk: 100%}", "forecast.risk: must be below 1", id="risk-always"),
        pytest.param(
            "forecast: {risk: null}", "forecast.risk: must be written like 15% or 0.15, not nothing", id="null"
        ),
        pytest.param("forecast: {profile: null}", "forecast.profile: must be a name, not nothing", id="null-name"),
        pytest.param(
            "evidence: {staleAfter: 15}", "evidence.staleAfter: '15' is a duration without unit", id="duration"
        ),
        pytest.param(
            "resourcePolicy: {cpu: {minAllowed: 1x}}", "cpu: '1x' is no quantity; write it like 250m", id="cpu"
        ),
        pytest.param("resourcePolicy: {memory: {minAllowed: -1Mi}}", "memory: '-1Mi' is out of range", id="memory"),
        pytest.param("resourcePolicy: {memory: {quantum: 0}}", "quantum: must be above 0", id="quantum"),
        pytest.param("resourcePolicy: {memory: {peakMargin: 2000%}}", "between 0% and 1000%", id="margin"),
        pytest.param(
            "resourcePolicy: {cpu: {nearUsage: 1%}}", "unknown key 'nearUsage'", id="near-usage-is-about-memory"
        ),
        pytest.param("resourcePolicy: {controlledResources: cpu}", "must be a list like [cpu, memory]", id="no-list"),
        pytest.param(
            "resourcePolicy: {controlledResources: [cpus]}", "unknown value 'cpus': did you mean 'cpu'?", id="resource"
        ),
        pytest.param("resourcePolicy: {controlledValues: Requests}", "unknown value 'Requests'", id="values"),
        pytest.param(
            "resourcePolicy: {cpu: {minAllowed: 2, maxAllowed: 500m}}",
            "cpu.maxAllowed: is below minAllowed",
            id="crossed",
        ),
    ],
)
@pytest.mark.parametrize("where", ["defaults", "workloads", "profiles"])
def test_mistakes_in_a_policy_wherever_it_stands(where: str, policy: str, says: str) -> None:
    text, path = {
        "defaults": (f"defaults: {{{policy}}}", "defaults."),
        "workloads": (f"workloads: [{{match: {{name: x}}, {policy}}}]", "workloads[0]."),
        "profiles": (f"profiles: {{p: {{description: x, {policy}}}}}", "profiles.p."),
    }[where]
    (found,) = mistakes(text)
    assert found.startswith(f"line 1: {path}")
    assert says in found


def test_all_mistakes_of_a_file_are_reported_together_with_their_lines() -> None:
    found = mistakes(
        """\
profil: x
prometheus:
  timeout: 30
  step: 7m
forecaster: resent
defaults:
  forecast: {risk: 150%, profile: vpaa}
  resourcePolicy:
    memory: {minAllowed: 2Gi, maxAllowed: 1Gi, quantum: x}
workloads:
  - match: {}
  - match: {name: a}
    forecast: {profile: nope}
"""
    )
    lines = [int(line.split()[1].rstrip(":")) for line in found]
    # one a line, but three in line 7 and 9: risk and profile, maxAllowed and quantum
    assert lines == [1, 3, 4, 5, 7, 7, 9, 9, 11, 13]


def test_what_is_written_is_read() -> None:
    config = parse_config(
        """\
cluster: prod
prometheus: {url: "http://x", timeout: 2m, step: 1m, headers: {X-Scope-OrgID: a}, bearerTokenFile: ~/token}
kubernetes: {context: prod}
namespaces: shop
excludedNamespaces: [kube-system, vpa]
forecaster: vpa
knobs: {margin: 20%, half_life: 12}
"""
    )
    assert config.prometheus.timeout == timedelta(minutes=2)
    assert config.prometheus.step == timedelta(minutes=1)
    assert config.prometheus.bearer_token_file == Path("~/token").expanduser()
    assert config.namespaces == ("shop",)
    assert config.excluded_namespaces == ("kube-system", "vpa")
    assert config.knobs == {"margin": 0.2, "half_life": 12.0}


@pytest.mark.parametrize("text", ["", "prometheus:\nkubernetes:\ndefaults:\n  evidence:\n"], ids=["empty", "hollow"])
def test_nothing_said_is_what_is_built_in(text: str) -> None:
    assert parse_config(text) == Config() == load_config(None)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: there is no such file"):
        load_config(tmp_path / "nowhere.yaml")
