"""What the admission policy lets our user change through pods/resize; pods and answers are an API server's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.api import Api, until
from tests.cluster.fixtures import VERSION, change
from tests.deploy.conftest import Installed
from tests.deploy.manifests import NAMESPACE
from tests.deploy.pods import (
    APP,
    BARE,
    SIZES_ONLY,
    ZERO,
    Sizes,
    a_container,
    create,
    denied,
    limit,
    memory,
    resize,
    run,
)

ALLOW = {"vpa-inplace.io/allow-memory-limit-decrease": "true"}


@pytest.fixture(scope="module")
def shop(installed: Installed) -> str:
    """A namespace with pods, and the policy in force."""
    space = installed.space("deploy-shop")
    create(installed, space, "web")
    smaller = change("app", limits={"memory": "200Mi"})
    until(lambda: resize(installed.user, space, "web", smaller).code == 422, "the policy in force")
    return space


GROWN = change("app", requests={"cpu": "1", "memory": "1Gi"}, limits={"cpu": "2", "memory": "2Gi"})
LESS_CPU = change("app", requests={"cpu": "20m"}, limits={"cpu": "40m"})
LESS_MEMORY = change("app", requests={"memory": "64Mi"})
LOWER = change("app", limits={"memory": "200Mi"})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([GROWN], id="growth"),
        pytest.param([LESS_CPU], id="less cpu"),
        pytest.param([LESS_MEMORY], id="less memory requested"),
        pytest.param([change("bare", requests={"cpu": "50m"})], id="a request alone"),
        pytest.param([change("bare", requests={"memory": "50Mi"})], id="a request that was not there"),
        pytest.param([LESS_CPU, change("bare", requests={"cpu": "1"})], id="two containers"),
        pytest.param([change("app", limits={"memory": "268435456"})], id="the same limit in other words"),
    ],
)
def test_sizes_that_are_let_through(installed: Installed, shop: str, changes: list[Any]) -> None:
    body = resize(installed.user, shop, "web", *changes).expect()
    found = {one["name"]: one["resources"] for one in body["spec"]["containers"]}
    for wanted in changes:
        for field, sizes in wanted["resources"].items():
            assert set(found[wanted["name"]][field]) >= set(sizes)


def test_a_sidecar_is_a_container(installed: Installed, shop: str) -> None:
    resize(installed.user, shop, "web", init=[change("proxy", requests={"cpu": "100m"})]).expect()
    lower = change("proxy", limits={"memory": "200Mi"})
    denied(resize(installed.user, shop, "web", init=[lower]), memory("proxy"))


DENIED = [
    pytest.param([LOWER], memory("app"), id="a lower memory limit"),
    pytest.param([change("bare", requests={"cpu": "50m"}, limits={"cpu": "1"})], limit("bare"), id="a new limit"),
    pytest.param([change("app", requests={"cpu": "0"})], ZERO, id="nothing requested"),
    pytest.param([change("bare", requests={"memory": "0"})], ZERO, id="nothing requested, newly"),
]


@pytest.mark.parametrize(("changes", "sentence"), DENIED)
def test_sizes_that_are_denied_to_us_alone(installed: Installed, shop: str, changes: Any, sentence: str) -> None:
    denied(resize(installed.user, shop, "web", *changes), sentence)
    resize(installed.admin, shop, "web", *changes).expect()


# ------------------------------------------------------------------------------------------------ memory that may fall


def test_a_pod_may_allow_it(installed: Installed, shop: str) -> None:
    create(installed, shop, "trusting", annotations=ALLOW)
    resize(installed.user, shop, "trusting", LOWER).expect()
    create(installed, shop, "doubting", annotations=dict.fromkeys(ALLOW, "yes"))
    denied(resize(installed.user, shop, "doubting", LOWER), memory("app"))


def test_a_namespace_may_allow_it(installed: Installed, shop: str) -> None:
    space = installed.space("deploy-trusting", annotations=ALLOW)
    create(installed, space, "web")
    resize(installed.user, space, "web", LOWER).expect()


def of_memory(limit: int) -> Sizes:
    return {"requests": APP["requests"], "limits": APP["limits"] | {"memory": f"{limit}Mi"}}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(512, 200, id="stays"),
        pytest.param(300, 200, id="back by a part"),
        pytest.param(256, 200, id="back to what it runs with"),
        pytest.param(255, 422, id="below what it runs with"),
    ],
)
def test_growth_that_waits_for_room_can_be_taken_back(installed: Installed, shop: str, asked: int, code: int) -> None:
    """Asked for 512Mi, runs with 256Mi: what a Deferred resize looks like."""
    name = f"waiting-{asked}"
    create(installed, shop, name, containers=[a_container("app", of_memory(512))])
    run(installed, shop, name, of_memory(256))
    assert resize(installed.user, shop, name, change("app", limits={"memory": f"{asked}Mi"})).code == code


def test_a_shrink_on_its_way_is_not_what_counts(installed: Installed, shop: str) -> None:
    """Asked for 256Mi, still runs with 512Mi: the limit asked for may not fall further."""
    create(installed, shop, "shrinking", containers=[a_container("app", of_memory(256))])
    run(installed, shop, "shrinking", of_memory(512))
    denied(resize(installed.user, shop, "shrinking", LOWER), memory("app"))


# ---------------------------------------------------------------------------------------------------------- elsewhere


@pytest.mark.parametrize("space", ["kube-system", "kube-public", "kube-node-lease", NAMESPACE])
def test_where_nothing_is_resized(installed: Installed, shop: str, space: str) -> None:
    installed.space(space)
    create(installed, space, "web")
    grown = change("bare", requests={"cpu": "150m"})
    denied(resize(installed.user, space, "web", grown), f"vpa-inplace may not resize in namespace {space}")
    resize(installed.admin, space, "web", grown).expect()


def test_a_label_keeps_us_out_of_a_namespace(installed: Installed, shop: str) -> None:
    space = installed.space("deploy-excluded", labels={"vpa-inplace.io/exclude": ""})
    create(installed, space, "web")
    denied(resize(installed.user, space, "web", GROWN), f"vpa-inplace may not resize in namespace {space}")
    resize(installed.admin, space, "web", GROWN).expect()


def test_defaults_of_a_younger_limit_range_are_noticed(installed: Installed, shop: str) -> None:
    """LimitRanger adds them to our patch before the policy looks; to a person it is a surprise, to us a refusal."""
    space = installed.space("deploy-ranged")
    create(installed, space, "web", containers=[a_container("bare", BARE)], initContainers=[])
    ranges = f"/api/v1/namespaces/{space}/limitranges"
    limits = [{"type": "Container", "default": {"memory": "64Mi"}, "defaultRequest": {"memory": "32Mi"}}]
    installed.admin.create(ranges, {"metadata": {"name": "later"}, "spec": {"limits": limits}}).expect()
    more = change("bare", requests={"cpu": "150m"})
    until(
        lambda: "limits" in resize(installed.admin, space, "web", more).body["spec"]["containers"][0]["resources"],
        "defaults",
    )
    denied(resize(installed.user, space, "web", more), limit("bare"))
    installed.admin.delete(f"{ranges}/later").expect()


def test_another_account_is_not_bound(installed: Installed, shop: str) -> None:
    """One that may resize, and is called almost like ours."""
    rules = [{"apiGroups": [""], "resources": ["pods/resize"], "verbs": ["patch"]}]
    token = installed.plane.service_account(shop, "my-vpa-inplace", rules)
    other = Api(installed.plane.url, installed.plane.ca, token=token)
    until(lambda: resize(other, shop, "web", LOWER).code == 200, "role in force")


def test_the_size_of_a_pod_is_not_ours(installed: Installed, shop: str) -> None:
    """From 1.36 on the subresource takes it, and hands it to the policy."""
    create(installed, shop, "pod-level", resources={"requests": {"cpu": "1"}, "limits": {"cpu": "2"}})
    larger: dict[str, Any] = {"requests": {"cpu": "1500m"}}
    answers = [resize(api, shop, "pod-level", resources=larger) for api in (installed.admin, installed.user)]
    if int(VERSION.split(".")[1]) < 36:  # nobody may; 1.33 does not know the field, and drops it
        assert all(answer.code == 422 or "resources" not in answer.body["spec"] for answer in answers)
        return
    answers[0].expect()
    denied(answers[1], SIZES_ONLY)
