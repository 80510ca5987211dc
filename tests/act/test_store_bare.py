"""A cluster that does not know our objects."""

from __future__ import annotations

import pytest

from tests.cluster import cluster, machine
from tests.cluster.fixtures import VERSION, or_skip
from tests.support.builders import a_pod, rows_of
from vpa_inplace.act.store import LedgerStore
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings


@pytest.mark.xdist_group("control_plane")
def test_it_is_said_what_to_do():
    or_skip(machine.check_control_plane)
    with cluster.control_plane(VERSION) as plane:
        store = LedgerStore(KubeClient(KubeSettings(kubeconfig=plane.kubeconfig())), "test", lambda: True)
        with pytest.raises(SourceUnavailable, match=r"does not know ResizeStates.*vpa-inplace config crds"):
            store.load(rows_of([a_pod()]), [])
