from __future__ import annotations

from typing import Any

import pytest

from tests.api.objects.examples import a_spec
from tests.api.objects.scene import API, CONFIG, EMPTY, IN_PLACE, PODS, a_claim, policy, reasons, resolved, seen
from tests.support.builders import WEB, a_container, a_pod
from vpa_inplace.api.policies import Overrides
from vpa_inplace.domain.policy import UpdateMode


@pytest.mark.parametrize(
    ("spec", "reason", "sentence"),
    [
        pytest.param(
            {"targetRef": {"kind": "Deployment", "name": "wbe"}},
            "TargetNotFound",
            "there is no Deployment wbe in namespace shop: did you mean Deployment web?",
            id="nothing",
        ),
        pytest.param(
            {"targetRef": {"kind": "StatefulSet", "name": "web"}},
            "TargetNotFound",
            "there is no StatefulSet web in namespace shop",
            id="another-kind",
        ),
        pytest.param(
            {"targetRef": {"kind": "ReplicaSet", "name": "web-7d9"}},
            "TargetNotTopmost",
            "ReplicaSet web-7d9 belongs to Deployment web",
            id="not-topmost",
        ),
        pytest.param({"targetRef": {"kind": "Pod", "name": "web-1"}}, "InvalidSpec", "a Pod is no target", id="a-pod"),
        pytest.param(
            a_spec(resourcePolicy={"containerPolicies": [{"containerName": "ap", "mode": "Off"}]}),
            "UnknownContainer",
            "containerPolicies[0].containerName: unknown container 'ap': did you mean 'app'?",
            id="unknown-container",
        ),
        pytest.param(
            a_spec(
                resourcePolicy={
                    "containerPolicies": [
                        {"containerName": "app", "minAllowed": {"cpu": "2"}, "maxAllowed": {"cpu": "1"}}
                    ]
                }
            ),
            "InvalidSpec",
            "containerPolicies[0]: minAllowed.cpu is above maxAllowed.cpu",
            id="min-above-max",
        ),
        pytest.param(
            a_spec(updatePolicy={"windows": [{"cron": "0 25 * * *", "duration": "1h"}]}),
            "InvalidSpec",
            "windows[0].cron: cron '0 25 * * *': 25 is no hour",
            id="window",
        ),
        pytest.param(a_spec(forecast={"timeZone": "Europe/Belin"}), "InvalidSpec", "unknown time zone", id="time-zone"),
        pytest.param(
            a_spec(forecast={"profile": "defualt"}),
            "UnknownProfile",
            "unknown profile 'defualt': did you mean 'default'?",
            id="profile",
        ),
        pytest.param(
            a_spec(forecast={"profile": "vpa"}),
            "OtherForecaster",
            "profile 'vpa' is meant for forecaster 'vpa', and that of all containers is 'recent'",
            id="forecaster",
        ),
    ],
)
def test_one_problem_for_each_contradiction(spec: dict[str, Any], reason: str, sentence: str) -> None:
    found = resolved(a_claim(spec | IN_PLACE if "updatePolicy" not in spec else spec), config=CONFIG)
    assert reasons(found) == [reason]
    (problem,) = found.judged[0].problems
    assert sentence in problem.message
    assert problem.lifted_by
    assert found.in_force == {}
    # only the broken object's own workload is held
    assert policy(found, workload=API).update_mode is UpdateMode.IN_PLACE
    about_web = spec["targetRef"] == {"kind": "Deployment", "name": "web"}
    assert policy(found).update_mode is (UpdateMode.OFF if about_web else UpdateMode.IN_PLACE)
    assert set(found.held) - {WEB} == (set() if about_web or reason == "InvalidSpec" else {found.judged[0].workload})


def test_a_floor_above_the_configurations_cap() -> None:
    config = "defaults: {resourcePolicy: {memory: {maxAllowed: 1Gi}}}"
    floor = {"containerName": "*", "minAllowed": {"memory": "2Gi"}}
    found = resolved(a_claim(a_spec(resourcePolicy={"containerPolicies": [floor]})), config=config)
    assert reasons(found) == ["MinAboveMax"] * 2  # both containers
    assert found.judged[0].problems[0].message == (
        "minAllowed.memory of container app, 2Gi, is above maxAllowed 1Gi of the configuration"
    )
    own_cap = floor | {"maxAllowed": {"memory": "4Gi"}}
    assert reasons(resolved(a_claim(a_spec(resourcePolicy={"containerPolicies": [own_cap]})), config=config)) == []


def test_a_forecaster_chosen_for_all_serves_any_profile() -> None:
    claim = a_claim(a_spec(forecast={"profile": "vpa"}))
    assert reasons(resolved(claim, config="forecaster: recent")) == []
    assert reasons(resolved(claim, flags=Overrides(forecaster="recent"))) == []
    assert reasons(resolved(claim, config="profile: vpa")) == []


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param("excludedNamespaces: [shop]", ["NamespaceExcluded"], id="excluded"),
        pytest.param("namespaces: [other]", ["NamespaceExcluded"], id="not-named"),
        pytest.param("{namespaces: [shop], excludedNamespaces: [shop]}", [], id="named"),
    ],
)
def test_namespaces(config: str, expected: list[str]) -> None:
    assert reasons(resolved(a_claim(), config=config)) == expected


def test_a_workload_without_pods_is_no_mistake() -> None:
    spec = {"targetRef": {"kind": "Deployment", "name": "empty"}}
    spec["resourcePolicy"] = {"containerPolicies": [{"containerName": "whatever"}]}
    found = resolved(a_claim(spec))
    assert reasons(found) == []
    assert set(found.in_force) == {EMPTY}


def test_pods_speak_for_a_workload_that_is_not_in_the_list() -> None:
    """Of a kind that we do not list, or newer than the list."""
    assert reasons(resolved(a_claim(), known=seen(workloads=frozenset()))) == []


def test_where_workloads_cannot_be_listed_a_missing_one_is_no_mistake() -> None:
    claim = a_claim({"targetRef": {"kind": "Deployment", "name": "wbe"}})
    assert reasons(resolved(claim, known=seen(workloads=None))) == []


def test_init_containers_and_containers_of_some_pods_are_known() -> None:
    known = seen(*PODS, a_pod(a_container("app"), a_container("injected"), name="web-2"))
    names = [{"containerName": name} for name in ("migrate", "injected", "proxy")]
    assert reasons(resolved(a_claim(a_spec(resourcePolicy={"containerPolicies": names})), known=known)) == []


def test_pods_that_are_over_know_nothing() -> None:
    known = seen(a_pod(a_container("app")), a_pod(a_container("old"), name="web-0", phase="Succeeded"))
    old = [{"containerName": "old"}]
    assert reasons(resolved(a_claim(a_spec(resourcePolicy={"containerPolicies": old})), known=known)) == [
        "UnknownContainer"
    ]
