"""Two hands on one pod: how a resize says which pod, which version and whose field it means, and what it hears if not.

A writer that reads, decides and patches needs two of these: resourceVersion, so that a decision is about the sizes that
it saw, and uid, so that it is about the pod that it saw and not about a later one of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import APPLY, JSON_PATCH, Answer
from tests.cluster.conformance.answers import CONCURRENCY, at
from tests.cluster.conformance.pods import GATED, SIZES, create, idle
from tests.cluster.conformance.seen import DRY_RUN, check
from tests.cluster.fixtures import Namespace, change, fresh_namespace

RAISE = change(requests={"cpu": "60m"})


@pytest.fixture(scope="module")
def shared(cluster: Any) -> Iterator[Namespace]:
    with fresh_namespace(cluster.api(), "concurrency") as made:
        yield made


@pytest.fixture
def pods(shared: Namespace) -> Iterator[Namespace]:
    """A namespace with a pod that nothing else changes: it waits behind a scheduling gate."""
    create(shared, "pod", idle(), **GATED)
    yield shared
    shared.api.delete(shared.path("pods", "pod") + "?gracePeriodSeconds=0").expect()


def apply(pods: Namespace, manager: str, *containers: dict[str, Any], force: bool = False, query: str = "") -> Answer:
    path = pods.path("pods", "pod", "resize") + f"?fieldManager={manager}&force={str(force).lower()}{query}"
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {"containers": list(containers)}}
    return pods.api.patch(path, whole, APPLY)


def requests_of(pod: Any) -> Any:
    return pod["spec"]["containers"][0]["resources"]["requests"]


@pytest.mark.parametrize("query", ["", DRY_RUN], ids=["real", "dry run"])
def test_a_resize_of_an_older_version_is_refused(pods, minor, query):
    old = pods.pod("pod")["metadata"]["resourceVersion"]
    pods.resize("pod", change(requests={"cpu": "70m"})).expect()
    answer = pods.resize("pod", RAISE, query=query, resourceVersion=old)
    check(answer, at(CONCURRENCY["an old resourceVersion"], minor), "pod")
    new = pods.pod("pod")["metadata"]["resourceVersion"]
    assert pods.resize("pod", RAISE, resourceVersion=new).code == 200


def test_any_write_makes_a_version_old(pods, minor):
    """Why it matters: a kubelet's status write between read and PATCH is a conflict too; it is no sign of a rival."""
    old = pods.pod("pod")["metadata"]["resourceVersion"]
    pods.api.patch(pods.path("pods", "pod"), {"metadata": {"annotations": {"a": "b"}}}).expect()
    answer = pods.resize("pod", RAISE, resourceVersion=old)
    check(answer, at(CONCURRENCY["an old resourceVersion"], minor), "pod")


def test_without_a_version_the_last_writer_wins(pods):
    for cpu in ("70m", "80m"):
        pods.resize("pod", change(requests={"cpu": cpu})).expect()
    assert requests_of(pods.pod("pod"))["cpu"] == "80m"


@pytest.mark.parametrize("query", ["", DRY_RUN], ids=["real", "dry run"])
def test_a_uid_is_a_precondition(pods, minor, query):
    other = "11111111-2222-3333-4444-555555555555"
    check(pods.resize("pod", RAISE, query=query, uid=other), at(CONCURRENCY["another pod's uid"], minor), "pod")
    uid = pods.pod("pod")["metadata"]["uid"]
    assert pods.resize("pod", RAISE, query=query, uid=uid).code == 200


def test_both_preconditions_fail_as_the_version_does_or_as_the_uid_does(pods, minor):
    """A pod that was made anew has another uid and another version: the conflict is told first, so read again."""
    gone = {"uid": "11111111-2222-3333-4444-555555555555", "resourceVersion": "1"}
    check(pods.resize("pod", RAISE, **gone), at(CONCURRENCY["an old resourceVersion"], minor), "pod")


def test_a_json_patch_can_test_first_but_not_say_what_failed(pods, minor):
    """Why it matters: the answer names no pod and no path, so it is not to be told from a malformed patch."""
    path = "/spec/containers/0/resources/requests/cpu"
    replace = {"op": "replace", "path": path, "value": "60m"}
    for query in ("", DRY_RUN):
        failing = [{"op": "test", "path": path, "value": "999m"}, replace]
        answer = pods.api.patch(pods.path("pods", "pod", "resize") + query, failing, JSON_PATCH)
        check(answer, at(CONCURRENCY["a JSON patch whose test fails"], minor))
    holding = [{"op": "test", "path": path, "value": "50m"}, replace]
    assert pods.api.patch(pods.path("pods", "pod", "resize"), holding, JSON_PATCH).code == 200


@pytest.mark.parametrize("query", ["", "&dryRun=All"], ids=["real", "dry run"])
def test_apply_is_refused_where_another_manager_owns_the_field(pods, minor, query):
    """A 409 that no new read cures; it is known by its causes, which the other 409 does not have."""
    pods.api.patch(
        pods.path("pods", "pod", "resize") + "?fieldManager=first", {"spec": {"containers": [RAISE]}}
    ).expect()
    answer = apply(pods, "second", change(requests={"cpu": "70m"}), query=query)
    match = check(answer, at(CONCURRENCY["a field of another manager"], minor))
    assert match["manager"] == "first"
    assert apply(pods, "second", change(requests={"cpu": "70m"}), force=True, query=query).code == 200


def test_apply_owns_only_what_it_names(pods):
    apply(pods, "ours", change(requests={"cpu": "70m"}), force=True).expect()
    managed = pods.pod("pod")["metadata"]["managedFields"]
    ours = next(one for one in managed if one["manager"] == "ours")
    assert (ours["operation"], ours["subresource"]) == ("Apply", "resize")
    (owned,) = (
        value for key, value in ours["fieldsV1"]["f:spec"]["f:containers"].items() if key == 'k:{"name":"main"}'
    )
    assert owned["f:resources"] == {"f:requests": {"f:cpu": {}}}


def test_to_apply_no_longer_is_to_raise_to_the_limit(pods):
    """Why it matters: an apply without the field removes the request, and defaulting makes the limit of it."""
    apply(pods, "ours", change(requests={"cpu": "70m"}), force=True).expect()
    apply(pods, "ours", {"name": "main"}).expect()
    assert requests_of(pods.pod("pod")) == SIZES["requests"] | {"cpu": SIZES["limits"]["cpu"]}


def test_the_generation_is_the_resize_s_number(pods):
    """One more for each change of the spec, none for what changes nothing: the number to follow a resize by."""
    first = pods.pod("pod")["metadata"]["generation"]
    generations = [
        pods.resize("pod", change(requests={"cpu": cpu})).expect()["metadata"]["generation"]
        for cpu in ("60m", "70m", "70m")
    ]
    assert generations == [first + 1, first + 2, first + 2]
