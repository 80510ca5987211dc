"""The body of a resize names what changes, the pod that was read, and nothing else."""

from __future__ import annotations

from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.act.patch import patch_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change
from vpa_inplace.domain.pods import ContainerKind


def a_change(container, requests, limits=Amounts()):
    return Change(container, 0, Amounts(500, 512 * MIB), Amounts(), requests, limits)


def test_only_what_changes_is_named():
    pod = a_pod(a_container(), a_container("log"), resource_version="41")
    assert patch_of(pod, [a_change("app", Amounts(cpu=250))]) == {
        "metadata": {"uid": "uid-web-1", "resourceVersion": "41"},
        "spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "250m"}}}]},
    }


def test_limits_go_along_and_bytes_are_whole():
    pod = a_pod(a_container())
    patch = patch_of(pod, [a_change("app", Amounts(1000, 300 * MIB + 1), Amounts(2000, 512 * MIB))])
    assert patch["spec"]["containers"] == [
        {
            "name": "app",
            "resources": {
                "requests": {"cpu": "1", "memory": str(300 * MIB + 1)},
                "limits": {"cpu": "2", "memory": "512Mi"},
            },
        }
    ]


def test_a_sidecar_is_an_init_container():
    pod = a_pod(a_container(), a_container("proxy", kind=ContainerKind.SIDECAR))
    patch = patch_of(pod, [a_change("proxy", Amounts(cpu=20))])
    assert patch["spec"] == {"initContainers": [{"name": "proxy", "resources": {"requests": {"cpu": "20m"}}}]}


def test_without_a_known_version_the_uid_still_binds_it():
    assert patch_of(a_pod(), [])["metadata"] == {"uid": "uid-web-1"}
