"""Objects before a real API server: what it takes, what it refuses, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.api.objects.examples import ONLY_OURS, RULED, SHAPED, a_spec, an_autoscaler, changed
from tests.api.objects.scene import IN_PLACE, resolved
from tests.api.objects.states import NOON as NOON_TEXT
from tests.api.objects.states import STATE
from tests.api.objects.test_writing import APP
from tests.api.served import AUTOSCALERS, STATES, as_table, create, said
from tests.cluster.api import until
from tests.support.builders import NOON
from tests.support.components import require
from vpa_inplace.api.objects.autoscaler import InPlacePodAutoscaler
from vpa_inplace.api.objects.claims import read_claim
from vpa_inplace.api.objects.resize_state import ResizeState
from vpa_inplace.api.objects.writing import Standing, status_after
from vpa_inplace.domain.policy import UpdateMode


@pytest.mark.parametrize(("path", "value", "sentence"), RULED)
def test_rules(api: Any, path: str, value: Any, sentence: str) -> None:
    assert sentence in said(create(api, changed(path, value)))


@pytest.mark.parametrize(("path", "value", "server_says", "ours"), SHAPED)
def test_shapes(api: Any, path: str, value: Any, server_says: str, ours: str | None) -> None:
    assert server_says in said(create(api, changed(path, value)))


@pytest.mark.parametrize(("path", "value", "ours"), ONLY_OURS)
def test_what_a_schema_cannot_say_is_taken(api: Any, path: str, value: Any, ours: str) -> None:
    create(api, changed(path, value)).expect()


@pytest.mark.parametrize(
    "quantity", [2, 0, "2", "0.5", ".5", "5.", "1e3", "1E-3", "250m", "+1", "1Gi", "1P", "100000n"]
)
def test_quantities_of_kubernetes(api: Any, quantity: Any) -> None:
    """Each on both sides of the rule: as large as itself."""
    bounds = {"cpu": quantity, "memory": quantity}
    policy = {"containerName": "app", "minAllowed": bounds, "maxAllowed": bounds}
    found = create(api, a_spec(resourcePolicy={"containerPolicies": [policy]})).expect()
    InPlacePodAutoscaler.read(found)


def test_unknown_keys_are_refused_to_kubectl_and_dropped_for_others(api: Any) -> None:
    spec = a_spec(updatePolicy={"updateMod": "Off"})
    answer = create(api, spec)
    assert answer.code == 400
    assert 'unknown field "spec.updatePolicy.updateMod"' in answer.body["message"]
    assert api.create(AUTOSCALERS, an_autoscaler(spec)).expect()["spec"]["updatePolicy"] == {}


def test_as_many_policies_as_the_rules_can_look_at(api: Any) -> None:
    bound = {"cpu": "1", "memory": "1Gi"}
    many = [{"containerName": f"c-{i}", "minAllowed": bound, "maxAllowed": bound} for i in range(16)]
    create(api, a_spec(resourcePolicy={"containerPolicies": many[:15]})).expect()
    assert "must have at most 15 items" in said(
        create(api, a_spec(resourcePolicy={"containerPolicies": many}), name="x")
    )


def test_a_ledger_is_taken_whole_and_given_back(api: Any) -> None:
    found = api.create(f"{STATES}?fieldValidation=Strict", STATE).expect()
    assert found["spec"] == STATE["spec"]
    assert ResizeState.read(found).written() == found
    *shown, _, _ = as_table(api, STATES, "v1")["rows"][0]["cells"]
    assert shown == ["deployment-web", "Deployment", "web", "Soaking"]


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("ceilings", {"app": {"from": NOON_TEXT, "cpu": ["1"] * 23}}, "should have at least 24 items"),
        ("birth", {"app": {"requests": {"cpu": 1}}}, "must be of type string"),
        ("asOf", "noon", "must be of type date-time"),
        ("workload", {"kind": "Deployment"}, "spec.workload.name: Required value"),
    ],
)
def test_a_ledger_that_is_none(api: Any, part: str, value: Any, sentence: str) -> None:
    assert sentence in said(api.create(STATES, STATE | {"spec": STATE["spec"] | {part: value}}))


def test_a_status_that_we_write_is_taken_and_comes_back_the_same(api: Any) -> None:
    created = create(api, a_spec(**IN_PLACE)).expect()

    def standing(raw: Any) -> Standing:
        (judged,) = resolved(read_claim(raw)).judged
        return Standing(judged=judged, mode=UpdateMode.IN_PLACE, recommended=(APP,), resizing="1 pod", incapable=None)

    status = status_after(standing(created), NOON)
    found = api.call("PUT", f"{AUTOSCALERS}/web/status", created | {"status": status.written()}).expect()
    assert found["status"] == status.written()
    assert read_claim(found).status == status
    assert status_after(standing(found), NOON + timedelta(days=1)) == status


BORN_RIGHT = {
    "failurePolicy": "Fail",
    "reinvocationPolicy": "Never",
    "paramKind": {"apiVersion": STATE["apiVersion"], "kind": "ResizeState"},
    "matchConstraints": {
        "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
    },
    "mutations": [
        {
            "patchType": "ApplyConfiguration",
            "applyConfiguration": {
                "expression": """
                    Object{spec: Object.spec{containers: object.spec.containers
                      .filter(c, c.name in params.spec.birth)
                      .map(c, Object.spec.containers{name: c.name, resources: Object.spec.containers.resources{
                        ?requests: params.spec.birth[c.name].?requests, ?limits: params.spec.birth[c.name].?limits}})}}"""
            },
        }
    ],
}
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture
def policy(api: Any) -> Iterator[None]:
    """A policy that sizes new pods as the ledger of Deployment web says."""
    kinds = {one["name"] for one in api.get(ADMISSION).expect()["resources"]}
    require("mutating admission policies (Kubernetes 1.36)", "mutatingadmissionpolicies" in kinds)
    binding = {"policyName": "born-right", "paramRef": {"name": "deployment-web", "parameterNotFoundAction": "Allow"}}
    binding["matchResources"] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}
    for kind, spec in (("mutatingadmissionpolicies", BORN_RIGHT), ("mutatingadmissionpolicybindings", binding)):
        api.create(f"{ADMISSION}/{kind}", {"metadata": {"name": "born-right"}, "spec": spec}).expect()
    yield
    for kind in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        api.delete(f"{ADMISSION}/{kind}/born-right").expect()


def test_new_pods_get_their_size_from_the_ledger(api: Any, policy: None) -> None:
    api.create("/api/v1/namespaces/shop/serviceaccounts", {"metadata": {"name": "default"}}).expect(201, 409)
    api.create(STATES, STATE).expect()
    containers = [{"name": name, "image": "x", "resources": {"requests": {"cpu": "2"}}} for name in ("app", "proxy")]
    pod = {"metadata": {"name": "web-2"}, "spec": {"containers": containers}}

    def born() -> Any:
        """Nothing is stored, so it can be asked until the policy is in force."""
        found = api.create("/api/v1/namespaces/shop/pods?dryRun=All", pod).expect()
        return [one["resources"] for one in found["spec"]["containers"]]

    until(lambda: born()[0] != {"requests": {"cpu": "2"}}, "policy in force")
    assert born() == [STATE["spec"]["birth"]["app"], {"requests": {"cpu": "2"}}]
