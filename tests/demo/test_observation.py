from datetime import timedelta

import numpy as np
import pytest

from vpa_inplace.demo.fleet import CLUSTER, Fleet, make_fleet
from vpa_inplace.demo.observation import observation_of
from vpa_inplace.domain.keys import ContainerKey
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.source import Observation, Scope


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return make_fleet()


@pytest.fixture(scope="module")
def observed(fleet: Fleet) -> Observation:
    return observation_of(fleet)


def row(observed: Observation, path: str) -> int:
    found = observed.snapshot.rows.row(ContainerKey.parse(f"{CLUSTER}/{path}"))
    assert found is not None, path
    return found


def test_the_history_ends_at_now_and_stands_on_the_snapshots_rows(observed: Observation) -> None:
    assert observed.history.rows == observed.snapshot.rows
    assert observed.history.end == observed.snapshot.epoch
    assert observed.history.usage.shape == (2, 20, 9 * 288)


def test_a_role_uses_what_its_hungriest_pod_uses(fleet: Fleet, observed: Observation) -> None:
    at = row(observed, "shop/Deployment/web/web")
    pods = [record.tracks["web"] for record in fleet.records if record.pod.workload.name == "web"]
    assert len(pods) == 4
    highest = np.max([pod.cpu for pod in pods], axis=0).astype(np.float32)
    np.testing.assert_array_equal(observed.history.usage[Resource.CPU, at], highest)


def test_pods_that_are_gone_still_speak_for_their_role(observed: Observation) -> None:
    born = observed.history.born[Resource.CPU, row(observed, "shop/Deployment/cart/cart")]
    assert born < observed.snapshot.epoch - timedelta(days=8).total_seconds()
    assert not any(pod.name.startswith("cart") and pod.created is None for pod in observed.snapshot.pods)
    assert sum(pod.workload.name == "cart" for pod in observed.snapshot.pods) == 2


def test_pods_that_are_over_are_nothing_to_size(observed: Observation) -> None:
    assert not any(pod.workload.name == "nightly-etl" for pod in observed.snapshot.pods)


def test_unknown_is_not_zero(observed: Observation) -> None:
    usage = observed.history.usage
    assert np.isnan(usage[:, row(observed, "platform/Deployment/edge-agent/agent")]).all()
    assert (usage[:, row(observed, "lab/Deployment/parked/app")] == 0).all()


def test_throttled_and_killed_windows_are_lower_bounds(observed: Observation) -> None:
    censored = observed.history.censored
    chat = row(observed, "ml/StatefulSet/llm-chat/vllm")
    worker = row(observed, "ml/Deployment/embedder/worker")
    assert 0 < censored[Resource.CPU, chat].sum() < 60
    assert np.flatnonzero(censored[Resource.MEMORY, worker]).tolist() == [9 * 288 - 20 * 12]
    assert not censored[Resource.MEMORY, chat].any()


def test_what_is_left_out_is_named(observed: Observation) -> None:
    assert [(skip.what, skip.reason) for skip in observed.skips] == [
        ("kube-system", "NamespaceExcluded"),
        (f"{CLUSTER}/ml/Deployment/rag-api/fetch-index", "InitContainer"),
    ]


def test_a_namespace_asked_for_by_name_is_all_there_is(fleet: Fleet) -> None:
    observed = observation_of(fleet, Scope(cluster=CLUSTER, namespaces=("kube-system",)))
    assert [str(key) for key in observed.snapshot.rows] == [f"{CLUSTER}/kube-system/Deployment/coredns/coredns"]
    assert observed.snapshot.latency == ()
    assert observed.skips == ()


def test_latency_of_the_pods_in_sight(observed: Observation) -> None:
    assert {(s.metric, s.pod) for s in observed.snapshot.latency} == {
        (metric, pod)
        for metric in ("vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds")
        for pod in ("llm-chat-0", "llm-chat-1")
    }
