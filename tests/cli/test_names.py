from __future__ import annotations

import pytest

from vpa_inplace.cli.names import Asked
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import ContainerKey


def key(kind: str, name: str = "x", namespace: str = "ns", container: str = "c") -> ContainerKey:
    return ContainerKey.of("cluster", namespace, kind, name, container)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        pytest.param("deploy", "Deployment", id="deploy"),
        pytest.param("sts", "StatefulSet", id="sts"),
        pytest.param("ds", "DaemonSet", id="ds"),
        pytest.param("rs", "ReplicaSet", id="rs"),
        pytest.param("rc", "ReplicationController", id="rc"),
        pytest.param("cj", "CronJob", id="cj"),
        pytest.param("po", "Pod", id="po"),
        pytest.param("jobs", "Job", id="plural"),
        pytest.param("DEPLOYMENT", "Deployment", id="case"),
        pytest.param("inferenceservices", "InferenceService", id="plural-of-any-kind"),
    ],
)
def test_kinds_as_kubectl_takes_them(asked: str, kind: str) -> None:
    assert Asked("ns", asked, "x").among([key(kind)]) == [key(kind)]


@pytest.mark.parametrize("asked", ["deployment", "jobs", "s", ""])
def test_another_kind_is_not_meant(asked: str) -> None:
    with pytest.raises(UsageError):
        Asked("ns", asked, "x").among([key("CronJob")])


def test_many_names_are_not_all_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        Asked("ns", "Job", "zzzz").among([key("Deployment", f"web-{i}") for i in range(40)])
    assert "web-0" in str(refused.value)
    assert str(refused.value).endswith("and 35 more")


def test_in_an_empty_namespace_there_is_nothing_to_hint_at() -> None:
    with pytest.raises(UsageError, match=r"there is no ns/Job/x with a live pod$"):
        Asked("ns", "Job", "x").among([])
