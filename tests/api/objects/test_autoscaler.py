from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.api.objects.examples import ONLY_OURS, RULED, SHAPED, WHOLE, a_spec, an_autoscaler, changed
from vpa_inplace.api.mistakes import mistakes_of
from vpa_inplace.api.objects.autoscaler import InPlacePodAutoscaler, Scope
from vpa_inplace.api.yaml_file import place


def mistakes(spec: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        InPlacePodAutoscaler.read(an_autoscaler(spec))
    return [f"{place(where)}: {text}" for where, text in mistakes_of(caught.value, InPlacePodAutoscaler)]


def test_an_object_read_and_written_loses_nothing() -> None:
    raw = an_autoscaler(WHOLE, labels={"a": "b"}, generation=3, managedFields=[{"manager": "kubectl"}])
    raw["status"] = {
        "observedGeneration": 3,
        "updateMode": "InPlace",
        "recommendation": {
            "containerRecommendations": [{"containerName": "app", "target": {"cpu": "250m", "memory": "1Gi"}}]
        },
        "conditions": [
            {"type": "Foreign", "status": "True", "lastTransitionTime": "2026-03-02T12:00:00Z", "anything": 1}
        ],
        "ofANewerVersion": {"x": 1},
    }
    assert InPlacePodAutoscaler.read(raw).written() == raw


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        pytest.param({"cpu": 8}, {"cpu": "8"}, id="number"),
        pytest.param({"cpu": "0.5", "memory": "1024Mi"}, {"cpu": "500m", "memory": "1Gi"}, id="other-spelling"),
        pytest.param({"memory": "100000000.5"}, {"memory": "100000001"}, id="part-of-a-byte"),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_amounts_are_written_in_their_canonical_spelling(written: dict[str, Any], canonical: dict[str, str]) -> None:
    spec = changed("resourcePolicy.containerPolicies.0.maxAllowed", written)
    del spec["resourcePolicy"]["containerPolicies"][0]["minAllowed"]
    found = InPlacePodAutoscaler.read(an_autoscaler(spec)).written()
    assert found["spec"]["resourcePolicy"]["containerPolicies"][0]["maxAllowed"] == canonical
    again = InPlacePodAutoscaler.read(found)
    assert again.written() == found


def test_what_is_not_written_stays_so() -> None:
    raw = an_autoscaler()
    found = InPlacePodAutoscaler.read(raw)
    assert found.written() == raw
    assert found.spec.scope is Scope.ROLE
    assert found.spec.update_policy is None


def test_null_is_not_written() -> None:
    raw = an_autoscaler(a_spec(updatePolicy={"updateMode": None, "maxResizesPerDay": None}, forecast=None))
    assert InPlacePodAutoscaler.read(raw).written()["spec"] == a_spec(updatePolicy={})


@pytest.mark.parametrize(("resizes", "means"), [(8, 8.0), ("none", None)])
def test_a_budget_may_be_none(resizes: object, means: float | None) -> None:
    policy = InPlacePodAutoscaler.read(
        an_autoscaler(changed("updatePolicy.maxResizesPerDay", resizes))
    ).spec.update_policy
    assert policy is not None
    assert policy.max_resizes_per_day == means
    assert policy.written(["max_resizes_per_day"]) == {"maxResizesPerDay": resizes}


@pytest.mark.parametrize(("path", "value", "sentence"), RULED)
def test_rules(path: str, value: Any, sentence: str) -> None:
    assert any(sentence in mistake for mistake in mistakes(changed(path, value)))


@pytest.mark.parametrize(("path", "value", "server", "ours"), SHAPED)
def test_shapes(path: str, value: Any, server: str, ours: str | None) -> None:
    if ours is None:
        InPlacePodAutoscaler.read(an_autoscaler(changed(path, value)))
    else:
        (mistake,) = mistakes(changed(path, value))
        assert ours in mistake


@pytest.mark.parametrize(("path", "value", "sentence"), ONLY_OURS)
def test_what_a_schema_cannot_say(path: str, value: Any, sentence: str) -> None:
    (mistake,) = mistakes(changed(path, value))
    assert sentence in mistake
    assert mistake.startswith("spec." + path.replace(".0", "[0]"))


def test_all_mistakes_are_told_with_their_places() -> None:
    spec = changed("updatePolicy.updateMode", "Auto") | {"scope": "Node"}
    spec["resourcePolicy"]["containerPolicies"][0]["minAllowed"] = {"cpu": "9", "memory": "5Gi"}
    assert [mistake.split(": ")[0] for mistake in mistakes(spec)] == [
        "spec.updatePolicy.updateMode",
        "spec.scope",
        "spec.resourcePolicy.containerPolicies[0]",
    ]
    assert mistakes(spec)[2].endswith(
        "minAllowed.cpu is above maxAllowed.cpu; minAllowed.memory is above maxAllowed.memory"
    )


@pytest.mark.parametrize(
    ("path", "key", "hint"),
    [
        ("updatePolicy", "updateMod", "did you mean 'updateMode'?"),
        ("forecast", "profil", "did you mean 'profile'?"),
        ("resourcePolicy.containerPolicies.0", "minAllow", "did you mean 'minAllowed'?"),
        ("updatePolicy.rollout", "max_concurrent", "did you mean 'maxConcurrent'?"),
    ],
)
def test_unknown_keys_are_named(path: str, key: str, hint: str) -> None:
    (mistake,) = mistakes(changed(f"{path}.{key}", "x"))
    assert f"unknown key {key!r}: {hint}" in mistake


def test_another_version_is_not_read() -> None:
    raw = an_autoscaler() | {"apiVersion": "autoscaling.vpa-inplace.io/v1"}
    with pytest.raises(ValidationError, match=r"autoscaling\.vpa-inplace\.io/v1alpha1"):
        InPlacePodAutoscaler.read(raw)


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ({"kind": "CronJob", "name": "x"}, "batch/v1"),
        ({"kind": "ReplicationController", "name": "x"}, "v1"),
        ({"apiVersion": "apps/v1beta2", "kind": "Deployment", "name": "x"}, "apps/v1beta2"),
        ({"apiVersion": "ray.io/v1", "kind": "RayCluster", "name": "x"}, "ray.io/v1"),
    ],
)
def test_group_and_version_of_a_target(reference: dict[str, str], version: str) -> None:
    assert InPlacePodAutoscaler.read(an_autoscaler({"targetRef": reference})).spec.target_ref.group_version == version
