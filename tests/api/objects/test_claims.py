from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tests.api.objects.examples import a_spec, an_autoscaler, changed
from vpa_inplace.api.objects.claims import read_claim


def test_a_good_object_has_no_problem() -> None:
    claim = read_claim(an_autoscaler(creationTimestamp="2026-03-02T12:00:00Z", generation=4))
    assert claim.problems == ()
    assert (str(claim), str(claim.target)) == ("shop/web", "Deployment web")
    assert claim.metadata.creation_timestamp == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert claim.metadata.generation == 4


def test_lists_leave_out_the_kind() -> None:
    raw = an_autoscaler()
    del raw["apiVersion"], raw["kind"]
    assert read_claim(raw).problems == ()


def test_a_bad_object_keeps_its_target() -> None:
    claim = read_claim(an_autoscaler(changed("forecast.timeZone", "Mars/Olympus")))
    assert claim.spec is None
    assert str(claim.target) == "Deployment llm"
    (problem,) = claim.problems
    assert problem.reason == "InvalidSpec"
    assert problem.message.startswith("spec.forecast.timeZone: unknown time zone 'Mars/Olympus'")
    assert problem.lifted_by == "correct spec.forecast.timeZone"
    refusal = problem.refusal
    assert (refusal.reason, refusal.message) == ("ConfigUnsupported", problem.message)


def test_one_problem_a_mistake() -> None:
    claim = read_claim(an_autoscaler(changed("updatePolicy.updateMode", "Auto") | {"scope": "Node", "new": 1}))
    assert [problem.lifted_by for problem in claim.problems] == [
        "correct spec.updatePolicy.updateMode",
        "correct spec.scope",
        "correct spec.new",
    ]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="empty"),
        pytest.param({"targetRef": "web"}, id="text"),
        pytest.param({"targetRef": {"kind": "Pod", "name": "web-1"}}, id="pod"),
        pytest.param({"targetRef": {"kind": "Deployment"}}, id="no-name"),
        pytest.param({"targetRef": None}, id="null"),
    ],
)
def test_a_target_that_cannot_be_read(spec: dict[str, object]) -> None:
    claim = read_claim(an_autoscaler(spec))
    assert claim.target is None
    assert len(claim.problems) == 1


def test_an_object_without_a_spec() -> None:
    raw = an_autoscaler()
    del raw["spec"]
    claim = read_claim(raw)
    assert [problem.message for problem in claim.problems] == ["spec: is missing"]


def test_a_pod_as_target_is_said_so() -> None:
    (problem,) = read_claim(an_autoscaler({"targetRef": {"kind": "Pod", "name": "web-1"}})).problems
    assert problem.message.startswith("spec.targetRef: a Pod is no target")


def test_a_status_that_cannot_be_read_is_no_problem_of_the_object() -> None:
    raw = an_autoscaler(a_spec()) | {"status": {"conditions": [{"type": "x"}]}}
    claim = read_claim(raw)
    assert (claim.status, claim.problems) == (None, ())


def test_without_metadata_it_is_no_object() -> None:
    with pytest.raises(ValidationError):
        read_claim({"metadata": {}, "spec": a_spec()})
