"""ResourceQuotas and LimitRanges as API servers give them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.observe.kubernetes.seen import CORE, FORBIDDEN, Json, an_object, views
from tests.support.builders import MIB
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.quantity import MAX_AMOUNT
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import LimitRange, Quota
from vpa_inplace.observe.kubernetes.bounds import limit_ranges, quotas

GIB = 1024 * MIB
NOT_SET = Amounts()


def a_quota(name: str = "rq", **body: Any) -> Json:
    return an_object(CORE, "ResourceQuota", name, **body)


def counted(hard: Json, used: Json, **spec: Any) -> Json:
    """A quota that its controller has seen."""
    return a_quota(spec={"hard": hard} | spec, status={"hard": hard, "used": used})


def quota_of(*objects: Json, **lost: Any) -> Quota | None:
    skips: list[Skip] = []
    found = quotas(views(*objects, **lost), skips).get("shop", ())
    assert not skips
    assert len(found) <= 1
    return found[0] if found else None


def test_a_quota_on_everything() -> None:
    """As 1.36 gives it."""
    hard = {"cpu": "1450m", "limits.cpu": "8", "limits.memory": "3Gi", "pods": "40", "requests.memory": "2Gi"}
    used = {"cpu": "250m", "limits.cpu": "1", "limits.memory": "480Mi", "pods": "5", "requests.memory": "160Mi"}
    assert quota_of(counted(hard, used)) == Quota(
        namespace="shop",
        name="rq",
        hard_requests=Amounts(1450, 2 * GIB),
        hard_limits=Amounts(8000, 3 * GIB),
        used_requests=Amounts(250, 160 * MIB),
        used_limits=Amounts(1000, 480 * MIB),
    )


@pytest.mark.parametrize(
    ("body", "hard", "used"),
    [
        pytest.param(
            {
                "spec": {"hard": {"cpu": "2", "requests.cpu": "1400m"}},
                "status": {
                    "hard": {"cpu": "2", "requests.cpu": "1400m"},
                    "used": {"cpu": "250m", "requests.cpu": "250m"},
                },
            },
            1400,
            250,
            id="both-names-the-tighter-one-binds",
        ),
        pytest.param(
            {"spec": {"hard": {"cpu": "1"}}, "status": {"hard": {"cpu": "2"}, "used": {"cpu": "250m"}}},
            1000,
            250,
            id="lowered-and-not-seen-yet",
        ),
        pytest.param(
            {"spec": {"hard": {"cpu": "4"}}, "status": {"hard": {"cpu": "2"}, "used": {"cpu": "250m"}}},
            2000,
            250,
            id="raised-and-not-seen-yet",
        ),
        pytest.param(
            {"spec": {"hard": {"pods": "4"}}, "status": {"hard": {"cpu": "2"}, "used": {"cpu": "250m"}}},
            2000,
            250,
            id="taken-out-and-not-seen-yet",
        ),
        pytest.param({"spec": {"hard": {"cpu": "2"}}, "status": {}}, 2000, 2000, id="just-made-counts-as-used-up"),
        pytest.param(
            {"spec": {"hard": {"cpu": "2"}}, "status": {"hard": {"cpu": "2"}}}, 2000, 2000, id="not-counted-yet"
        ),
        pytest.param(
            {"spec": {"hard": {"cpu": "2"}}, "status": {"hard": {"cpu": "2"}, "used": {"cpu": "0"}}},
            2000,
            0,
            id="nothing-used",
        ),
        pytest.param(
            {"spec": {"hard": {"cpu": "0"}}, "status": {"hard": {"cpu": "0"}, "used": {"cpu": "0"}}},
            0,
            0,
            id="nothing-allowed",
        ),
        pytest.param(
            {"spec": {"hard": {"cpu": "1E"}}, "status": {"hard": {"cpu": "1E"}, "used": {"cpu": "1"}}},
            MAX_AMOUNT,
            1000,
            id="more-than-can-be-counted",
        ),
    ],
)
def test_which_amount_holds(body: Json, hard: int, used: int) -> None:
    quota = quota_of(a_quota(**body))
    assert quota is not None
    assert (quota.hard_requests, quota.used_requests) == (Amounts(cpu=hard), Amounts(cpu=used))
    assert (quota.hard_limits, quota.used_limits) == (NOT_SET, NOT_SET)


PRIORITY = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}


@pytest.mark.parametrize(
    ("spec", "used", "hard"),
    [
        pytest.param({"scopes": ["NotBestEffort"]}, {"cpu": "250m"}, 1000, id="not-best-effort"),
        pytest.param({"scopes": ["Terminating"]}, {"cpu": "250m"}, 1000, id="some-pods-are-in-its-scope"),
        pytest.param({"scopes": ["Terminating"]}, {"cpu": "0"}, None, id="no-pod-is-in-its-scope"),
        pytest.param({"scopeSelector": PRIORITY}, {"cpu": "250m"}, 1000, id="a-priority-that-is-used"),
        pytest.param({"scopeSelector": PRIORITY}, {"cpu": "0"}, None, id="a-priority-that-nobody-has"),
        pytest.param({"scopeSelector": PRIORITY}, {}, 1000, id="nobody-knows-yet"),
        pytest.param({"scopes": [], "scopeSelector": {}}, {"cpu": "0"}, 1000, id="no-scope-after-all"),
    ],
)
def test_scopes(spec: Json, used: Json, hard: int | None) -> None:
    quota = quota_of(counted({"cpu": "1"}, used, **spec))
    assert (quota.hard_requests.cpu if quota is not None else None) == hard


@pytest.mark.parametrize(
    "hard",
    [
        pytest.param({"pods": "4", "count/secrets": "9", "requests.storage": "1Ti"}, id="other-things"),
        pytest.param({"requests.nvidia.com/gpu": "4"}, id="devices"),
        pytest.param(None, id="nothing"),
    ],
)
def test_quotas_on_other_things_are_left_out(hard: Json | None) -> None:
    assert quota_of(a_quota(spec={"hard": hard}, status={"hard": hard})) is None


def test_several_quotas_of_several_namespaces() -> None:
    other = a_quota("far", metadata={"namespace": "other"}, spec={"hard": {"cpu": "3"}})
    found = quotas(
        views(a_quota("a", spec={"hard": {"cpu": "1"}}), a_quota("b", spec={"hard": {"cpu": "2"}}), other), []
    )
    assert {namespace: [one.name for one in group] for namespace, group in found.items()} == {
        "shop": ["a", "b"],
        "other": ["far"],
    }


@pytest.mark.parametrize(
    ("quota", "said"),
    [
        pytest.param(a_quota(spec={"hard": {"cpu": "many"}}), ["ResourceQuota shop/rq"], id="no-quantity"),
        pytest.param(a_quota(spec={"hard": ["cpu"]}), [], id="no-quota"),  # said of the kind as a whole, in around
    ],
)
def test_of_a_quota_that_cannot_be_read_nothing_is_left(quota: Json, said: list[str]) -> None:
    skips: list[Skip] = []
    (found,) = quotas(views(quota), skips)["shop"]
    for hard, used in ((found.hard_requests, found.used_requests), (found.hard_limits, found.used_limits)):
        assert all(hard.get(r) == (used.get(r) or 0) for r in Resource)
    assert [skip.what for skip in skips] == said


def test_quotas_that_may_not_be_listed() -> None:
    assert quotas(views(counted({"cpu": "1"}, {}), ResourceQuota=FORBIDDEN), []) == {}


# --------------------------------------------------------------------------------------------------------- LimitRanges


def a_limit_range(*limits: Json) -> Json:
    return an_object(CORE, "LimitRange", "lr", spec={"limits": list(limits)})


def test_a_limit_range_as_an_api_server_completes_it() -> None:
    """1.36 writes the missing defaultRequest of memory into it, and the ratio 4.5 as 4500m."""
    found = limit_ranges(
        views(
            a_limit_range(
                {
                    "type": "Container",
                    "max": {"cpu": "1", "memory": "1Gi"},
                    "min": {"cpu": "10m"},
                    "default": {"cpu": "200m", "memory": "128Mi"},
                    "defaultRequest": {"cpu": "50m", "memory": "128Mi"},
                    "maxLimitRequestRatio": {"cpu": "4500m"},
                },
                {"type": "Pod", "max": {"memory": "2Gi"}},
                {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
            )
        ),
        [],
    )
    assert found == {
        "shop": (
            LimitRange(
                namespace="shop",
                name="lr",
                minimum=Amounts(cpu=10),
                maximum=Amounts(1000, GIB),
                max_ratio={Resource.CPU: 4.5},
                default_limits=Amounts(200, 128 * MIB),
                default_requests=Amounts(50, 128 * MIB),
            ),
            LimitRange(namespace="shop", name="lr", per_pod=True, maximum=Amounts(memory=2 * GIB)),
        )
    }


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"type": "Container", "max": {"ephemeral-storage": "1Gi"}}, id="of-other-things"),
        pytest.param({"type": "Container"}, id="of-nothing"),
        pytest.param({"type": "openshift.io/Image", "max": {"storage": "1Gi"}}, id="of-another-type"),
    ],
)
def test_items_that_say_nothing_of_what_we_size(limit: Json) -> None:
    assert limit_ranges(views(a_limit_range(limit)), []) == {}


def test_an_item_with_nothing_but_a_ratio() -> None:
    (item,) = limit_ranges(views(a_limit_range({"type": "Container", "maxLimitRequestRatio": {"memory": "2"}})), [])[
        "shop"
    ]
    assert item.max_ratio == {Resource.MEMORY: 2.0}


def test_a_limit_range_that_cannot_be_read_is_said() -> None:
    skips: list[Skip] = []
    assert limit_ranges(views(a_limit_range({"type": "Container", "max": {"cpu": "lots"}})), skips) == {}
    assert [(skip.what, skip.reason) for skip in skips] == [("LimitRange shop/lr", "UnreadableLimitRange")]
    assert "lots" in skips[0].message
