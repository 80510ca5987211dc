from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.api.objects.examples import a_spec, an_autoscaler
from tests.api.objects.scene import a_claim, resolved
from tests.support.builders import MIB, NOON
from vpa_inplace.api.objects.claims import read_claim
from vpa_inplace.api.objects.resolve import Judged
from vpa_inplace.api.objects.status import AutoscalerStatus, ContainerRecommendation, Truth
from vpa_inplace.api.objects.writing import Standing, status_after
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.policy import UpdateMode

APP = ContainerRecommendation(
    container_name="app",
    target=Amounts(250, 1024 * MIB),
    lower_bound=Amounts(200, 1024 * MIB),
    upper_bound=Amounts(1500, 2048 * MIB),
    uncapped_target=Amounts(250, 1000),
)


def judged(*claims: Any, name: str = "web") -> Judged:
    return next(one for one in resolved(*claims or [a_claim(generation=7)]).judged if one.claim.metadata.name == name)


def a_standing(**parts: Any) -> Standing:
    return Standing(**{"judged": judged(), "mode": UpdateMode.IN_PLACE, "pods": 2, "recommended": (APP,)} | parts)


def conditions(standing: Standing) -> dict[str, tuple[Truth, str, str]]:
    return {one.type: (one.status, one.reason, one.message) for one in status_after(standing, NOON).conditions}


def test_the_whole_status() -> None:
    assert status_after(a_standing(), NOON).written() == {
        "observedGeneration": 7,
        "updateMode": "InPlace",
        "recommendation": {
            "containerRecommendations": [
                {
                    "containerName": "app",
                    "target": {"cpu": "250m", "memory": "1Gi"},
                    "lowerBound": {"cpu": "200m", "memory": "1Gi"},
                    "upperBound": {"cpu": "1500m", "memory": "2Gi"},
                    "uncappedTarget": {"cpu": "250m", "memory": "1000"},
                }
            ]
        },
        "conditions": [
            {
                "type": "RecommendationProvided",
                "status": "True",
                "lastTransitionTime": "2026-03-02T12:00:00Z",
                "reason": "Recommended",
                "message": "",
                "observedGeneration": 7,
            }
        ],
    }


@pytest.mark.parametrize(
    ("parts", "type_", "reason", "message"),
    [
        pytest.param(
            {"pods": 0}, "NoPodsMatched", "NoPodsMatched", "no live pod belongs to Deployment web", id="no-pods"
        ),
        pytest.param({"fetching": "2 of 8 days"}, "FetchingHistory", "FetchingHistory", "2 of 8 days", id="fetching"),
        pytest.param({"unsure": "one day"}, "LowConfidence", "LittleHistory", "one day", id="unsure"),
        pytest.param({"resizing": "1 pod"}, "Resizing", "Resizing", "1 pod", id="resizing"),
        pytest.param({"guarded": "ttft burns"}, "SLOGuarded", "ObjectiveAtRisk", "ttft burns", id="guarded"),
        pytest.param({"incapable": "no resize"}, "CapabilityMissing", "CapabilityMissing", "no resize", id="incapable"),
    ],
)
def test_each_condition_comes_and_goes(parts: dict[str, Any], type_: str, reason: str, message: str) -> None:
    there = a_standing(**parts)
    assert conditions(there)[type_] == (Truth.TRUE, reason, message)
    assert type_ not in conditions(a_standing())
    gone = status_after(standing_on(status_after(there, NOON)), NOON + timedelta(hours=1))
    (one,) = (one for one in gone.conditions if one.type == type_)
    assert (one.status, one.message, one.last_transition_time) == (Truth.FALSE, "", NOON + timedelta(hours=1))


def standing_on(status: AutoscalerStatus) -> Standing:
    """A plain standing of an object that has this status already."""
    claim = read_claim(an_autoscaler(a_spec(), generation=7) | {"status": status.written()})
    return a_standing(judged=replace(judged(), claim=claim))


def test_nothing_new_is_the_same_status() -> None:
    first = status_after(a_standing(resizing="1 pod"), NOON)
    standing = replace(standing_on(first), resizing="1 pod")
    assert status_after(standing, NOON + timedelta(hours=1)) == first
    assert status_after(replace(standing, mode=UpdateMode.OFF), NOON) != first


def test_what_cannot_be_known_is_unknown() -> None:
    assert conditions(a_standing(incapable=None))["CapabilityMissing"][:2] == (Truth.UNKNOWN, "NotChecked")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        pytest.param({"pods": 0}, "NoPodsMatched", id="no-pods"),
        pytest.param({"fetching": "2 of 8 days"}, "FetchingHistory", id="fetching"),
        pytest.param({}, "NothingToSay", id="no-usage"),
    ],
)
def test_why_there_is_no_recommendation(parts: dict[str, Any], reason: str) -> None:
    status = status_after(a_standing(recommended=(), **parts), NOON)
    assert "recommendation" not in status.written()
    (provided,) = (one for one in status.conditions if one.type == "RecommendationProvided")
    assert (provided.status, provided.reason) == (Truth.FALSE, reason)


def test_a_contradiction_is_said_with_its_cure() -> None:
    bad = judged(a_claim({"targetRef": {"kind": "Deployment", "name": "wbe"}}))
    status, reason, message = conditions(a_standing(judged=bad, pods=0, recommended=()))["ConfigUnsupported"]
    assert (status, reason) == (Truth.TRUE, "TargetNotFound")
    assert message == (
        "spec.targetRef: there is no Deployment wbe in namespace shop: did you mean Deployment web? "
        "(correct spec.targetRef, or create the workload)"
    )


def test_several_contradictions() -> None:
    bad = judged(a_claim(a_spec(scope="Node", forecast={"risk": 2})))
    status, reason, message = conditions(a_standing(judged=bad))["ConfigUnsupported"]
    assert (status, reason) == (Truth.TRUE, "SeveralProblems")
    assert message.startswith("spec.scope: unknown value 'Node'")
    assert "; spec.forecast.risk: " in message


def test_an_object_whose_workload_is_taken_shows_no_recommendation() -> None:
    young = judged(a_claim(name="old"), a_claim(created=NOON + timedelta(hours=1)))
    status = status_after(a_standing(judged=young), NOON)
    assert status.recommendation is None
    assert {one.type: (one.status.value, one.reason) for one in status.conditions} == {
        "ConfigUnsupported": ("True", "TargetTaken"),
        "RecommendationProvided": ("False", "ConfigUnsupported"),
    }


def test_what_a_newer_version_wrote_stays() -> None:
    before = AutoscalerStatus.read({"newer": {"x": 1}})
    assert status_after(standing_on(before), NOON).written()["newer"] == {"x": 1}
