"""Which sizes and which pods the API server takes, and what it says of those that it does not take.

Every case is asked with dryRun=All first, and a refusal once more for real: the answers are the same, so that a dry run
is a proof. All pods but one are held back by a scheduling gate: nothing here needs a kubelet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster.api import JSON_PATCH, MERGE, STRATEGIC, Answer
from tests.cluster.conformance.answers import VALIDATION, at
from tests.cluster.conformance.pods import GATED, REQUESTS, SIZES, create, idle
from tests.cluster.conformance.seen import DRY_RUN, body, check
from tests.cluster.fixtures import Namespace, change, fresh_namespace, started

SAME: dict[str, Any] = {"requests": SIZES["limits"], "limits": SIZES["limits"]}
CLAIM = {"resourceClaims": [{"name": "gpu", "resourceClaimName": "none"}]}
RUNNING = "burstable"

PODS: dict[str, dict[str, Any]] = {
    RUNNING: {"containers": [idle()]},
    "guaranteed": GATED | {"containers": [idle(sizes=SAME)]},
    "best-effort": GATED | {"containers": [idle(sizes={})]},
    "requests-only": GATED | {"containers": [idle(sizes=REQUESTS)]},
    "init": GATED | {"initContainers": [idle("first")], "containers": [idle()]},
    "device": GATED | {"containers": [idle(sizes=REQUESTS | {"limits": {"nvidia.com/gpu": "1"}})]},
    "claims": GATED
    | CLAIM
    | {
        "containers": [
            idle() | {"resources": SIZES | {"claims": [{"name": "gpu"}]}},
            idle("beside"),
        ]
    },
    "unused-claim": GATED | CLAIM | {"containers": [idle()]},
    "pod-level": GATED | {"resources": SAME, "containers": [idle()]},
    "windows": GATED | {"os": {"name": "windows"}, "containers": [idle()]},
    "skewed": {"nodeName": "gone", "containers": [idle()]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A patch of a pod, and for an accepted one the resources of its first container after it."""

    pod: str = RUNNING
    patch: Any
    kind: str = STRATEGIC
    leaves: Any = None
    sub: str = "resize"
    query: str = ""


def sizes(requests: Any = None, limits: Any = None, of: Any = None) -> dict[str, Any]:
    """Resources as they are after a change of these."""
    was = of or SIZES
    changed = {"requests": was["requests"] | (requests or {}), "limits": was.get("limits", {}) | (limits or {})}
    return {name: amounts for name, amounts in changed.items() if amounts}


FITS = body(change(requests={"cpu": "60m"}, limits={"cpu": "90m"}))

CASES: dict[str, Case] = {
    "a size that fits": Case(patch=FITS, leaves=sizes({"cpu": "60m"}, {"cpu": "90m"})),
    "the size that it has": Case(patch=body(change(**SIZES)), leaves=SIZES),
    "a JSON patch": Case(
        patch=[{"op": "replace", "path": "/spec/containers/0/resources/requests/cpu", "value": "60m"}],
        kind=JSON_PATCH,
        leaves=sizes({"cpu": "60m"}),
    ),
    "a limit above the node": Case(patch=body(change(limits={"cpu": "100"})), leaves=sizes(limits={"cpu": "100"})),
    # Defaulting runs before validation: who takes a request away makes it as large as the limit. A shrink by removal,
    # or a server-side apply that no longer names the field, is a raise.
    "a request removed, its limit stays": Case(
        patch=body(change(requests={"cpu": None})), leaves=sizes({"cpu": SIZES["limits"]["cpu"]})
    ),
    "a limit added": Case(
        pod="requests-only",
        patch=body(change(limits={"cpu": "100m"})),
        leaves=sizes(limits={"cpu": "100m"}, of=REQUESTS),
    ),
    "a memory limit added": Case(
        pod="requests-only",
        patch=body(change(limits={"memory": "64Mi"})),
        leaves=sizes(limits={"memory": "64Mi"}, of=REQUESTS),
    ),
    "a memory limit lowered": Case(
        patch=body(change(limits={"memory": "64Mi"})), leaves=sizes(limits={"memory": "64Mi"})
    ),
    "less than a millicore": Case(patch=body(change(requests={"cpu": "0.0601"})), leaves=sizes({"cpu": "61m"})),
    # Not rounded: kept as thousandths of a byte, and the kubelet never gets done with it (test_kubelet.py).
    "half a byte": Case(
        patch=body(change(requests={"memory": "100000000.5"})), leaves=sizes({"memory": "100000000500m"})
    ),
    # Dropped without a word, or a warning: bookkeeping cannot travel with the resize.
    "other fields beside": Case(
        patch={
            "metadata": {"labels": {"a": "b"}, "annotations": {"a": "b"}},
            "spec": {"containers": [change(requests={"cpu": "60m"}) | {"image": "other:1"}]},
        },
        leaves=sizes({"cpu": "60m"}),
    ),
    "a held device": Case(
        pod="device",
        patch=body(change(requests={"cpu": "60m"})),
        leaves={
            "requests": {"cpu": "60m", "memory": "32Mi", "nvidia.com/gpu": "1"},
            "limits": {"nvidia.com/gpu": "1"},
        },
    ),
    "an unused resource claim": Case(pod="unused-claim", patch=FITS, leaves=sizes({"cpu": "60m"}, {"cpu": "90m"})),
    "a request above its limit": Case(patch=body(change(requests={"cpu": "400m"}, limits={"cpu": "300m"}))),
    "less than nothing": Case(patch=body(change(requests={"cpu": "-1"}))),
    "no quantity": Case(patch=body(change(requests={"cpu": "abc"}))),
    "an unknown field, strictly": Case(patch=body({"name": "main", "resourcez": {}}), query="fieldValidation=Strict"),
    "Guaranteed to Burstable": Case(pod="guaranteed", patch=body(change(requests={"cpu": "50m"}))),
    "Burstable to Guaranteed": Case(patch=body(change(requests=SIZES["limits"]))),
    "BestEffort gets a request": Case(pod="best-effort", patch=body(change(requests={"cpu": "50m"}))),
    "a limit removed": Case(patch=body(change(limits={"cpu": None}))),
    "all limits removed": Case(
        patch=[{"op": "remove", "path": "/spec/containers/0/resources/limits"}], kind=JSON_PATCH
    ),
    "a request removed, no limit": Case(pod="requests-only", patch=body(change(requests={"cpu": None}))),
    # A merge patch replaces the list of containers, and so takes away whatever it does not repeat.
    "a merge patch": Case(patch=body(change(requests={"cpu": "60m"}, limits={"cpu": "90m"})), kind=MERGE),
    "another resource": Case(patch=body(change(requests={"ephemeral-storage": "1Gi"}))),
    "a device": Case(patch=body(change(requests={"example.com/x": "1"}, limits={"example.com/x": "1"}))),
    "a resize policy": Case(
        patch=body({"name": "main", "resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]})
    ),
    "an unknown container": Case(patch=body(change("nobody", requests={"cpu": "60m"}))),
    "a plain patch of the pod": Case(patch=FITS, sub=""),
    "an init container": Case(
        pod="init", patch={"spec": {"initContainers": [change("first", requests={"cpu": "60m"})]}}, leaves=SIZES
    ),
    "a used resource claim": Case(pod="claims", patch=FITS),
    "beside a used resource claim": Case(pod="claims", patch=body(change("beside", requests={"cpu": "60m"}))),
    "resources of the pod": Case(pod="pod-level", patch=FITS, leaves=sizes({"cpu": "60m"}, {"cpu": "90m"})),
    "a Windows pod": Case(pod="windows", patch=FITS),
    "a node without resize": Case(pod="skewed", patch=FITS),
}


@pytest.fixture(scope="module")
def pods(cluster: Any) -> Iterator[Namespace]:
    """A namespace with the pods above. What is sent to them leaves them as they are."""
    with fresh_namespace(cluster.api(), "validation") as made:
        for name, spec in PODS.items():
            create(
                made, name, *spec["containers"], **{key: value for key, value in spec.items() if key != "containers"}
            )
        # A kubelet before 1.32, or one that was told not to resize: it runs the pod and reports no sizes.
        running = {"name": "main", "image": "", "imageID": "", "ready": True, "restartCount": 0}
        status = {"containerStatuses": [running | {"state": {"running": {}}}]}
        made.api.patch(made.path("pods", "skewed", "status"), {"status": status}).expect()
        made.until(RUNNING, started, "started")
        yield made


def send(pods: Namespace, case: Case, query: str = "") -> Answer:
    queries = "&".join(part for part in (query.removeprefix("?"), case.query) if part)
    return pods.api.patch(pods.path("pods", case.pod, case.sub) + f"?{queries}", case.patch, case.kind)


def test_every_answer_has_its_case():
    assert set(CASES) == set(VALIDATION)


@pytest.mark.parametrize("name", CASES)
def test_answer(pods, minor, name):
    case, expected = CASES[name], at(VALIDATION[name], minor)
    before = pods.pod(case.pod)
    answer = send(pods, case, DRY_RUN)
    check(answer, expected, case.pod)
    if expected.code == 200:
        _leaves(case, before, answer.body)
    else:
        check(send(pods, case), expected, case.pod)
    assert pods.pod(case.pod)["spec"] == before["spec"]
    assert pods.pod(case.pod)["metadata"]["generation"] == before["metadata"]["generation"]


def _leaves(case: Case, before: Any, after: Any) -> None:
    """What would be stored: these sizes and nothing else, under the next generation if it is not the same."""
    if case.leaves is not None:
        assert after["spec"]["containers"][0]["resources"] == case.leaves
    changed = after["spec"] != before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + changed
    for name in ("labels", "annotations"):
        assert after["metadata"].get(name) == before["metadata"].get(name)
    assert [one.get("image") for one in after["spec"]["containers"]] == [
        one.get("image") for one in before["spec"]["containers"]
    ]
