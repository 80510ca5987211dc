"""What a real API server offers: with the subresource, without it, and to a user without the right."""

from __future__ import annotations

import pytest

from tests.cluster import cluster as clusters
from tests.cluster import machine
from tests.cluster.fixtures import VERSION, or_skip
from vpa_inplace.act.capability import AGAIN, Capabilities
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings

OLDER = ("--emulated-version=1.34", "--feature-gates=InPlacePodVerticalScaling=false")


def capabilities(plane, user="admin"):
    return Capabilities(KubeClient(KubeSettings(kubeconfig=plane.kubeconfig(user))))


def test_all_is_there(control_plane):
    found = capabilities(control_plane).look(0)
    assert (found.resize, found.patch, found.reason) == (True, True, "")


def test_a_user_without_the_right_is_told_so(control_plane):
    found = capabilities(control_plane, "nobody").look(0)
    assert (found.resize, found.patch) == (True, False)
    assert "we may not patch pods/resize in all namespaces" in found.reason


@pytest.mark.skipif(VERSION.startswith("1.33"), reason="1.33 emulates nothing older that it could be without")
@pytest.mark.xdist_group("control_plane")
def test_a_server_that_is_rolled_back_and_forth_loses_it_and_has_it_again():
    """The same process of ours lives through it: each minute it asks again, and a server that is away changes nothing."""
    or_skip(machine.check_control_plane)
    with clusters.control_plane(VERSION) as plane:
        found = capabilities(plane)
        assert found.look(0).resize
        plane.stop_apiserver()
        assert found.look(AGAIN).resize, "nobody said that it is gone"
        plane.start_apiserver(*OLDER)
        lost = found.look(AGAIN)
        assert not lost.resize
        assert "does not serve pods/resize" in lost.reason
        plane.stop_apiserver()
        plane.start_apiserver()
        assert not found.look(2 * AGAIN - 1).resize, "within the minute it is not asked"
        assert found.look(2 * AGAIN).resize
