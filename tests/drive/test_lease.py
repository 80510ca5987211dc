"""One replica acts at a time, on a real API server; time is the test's own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.drive.lease import DURATION, FENCE, Lease
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings

PATH = "/apis/coordination.k8s.io/v1/namespaces/default/leases/{}"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def contest(control_plane, request):
    """Makes replicas that contend for a lease of this test's own, on one clock."""
    clock = Clock()
    name = request.node.name.replace("_", "-")[:63].strip("-")
    settings = KubeSettings(kubeconfig=control_plane.kubeconfig())

    def replica(identity, client=None):
        return Lease(client or KubeClient(settings), "default", name, identity, clock)

    replica.clock, replica.path, replica.api = clock, PATH.format(name), control_plane.api()
    yield replica
    replica.api.delete(replica.path)


def test_the_first_one_gets_it_and_the_second_waits(contest):
    first, second = contest("a"), contest("b")
    assert first.renew()
    assert first.held
    assert not second.renew()
    assert not second.held
    assert second.holder == "a"


def test_a_silent_holder_loses_it_after_its_duration_by_the_others_clock(contest):
    first, second = contest("a"), contest("b")
    first.renew()
    assert not second.renew()
    contest.clock.now += DURATION
    assert not second.renew(), "it has been silent for exactly its duration"
    contest.clock.now += 0.1
    assert second.renew()
    assert contest.api.get(contest.path).expect()["spec"]["leaseTransitions"] == 1


def test_the_fence_falls_before_another_one_can_have_it(contest):
    """The holder stops writing at least DURATION - FENCE seconds before anybody else may begin."""
    first, second = contest("a"), contest("b")
    first.renew()
    second.renew()  # sees the record at the moment it was written
    contest.clock.now += FENCE
    assert not first.held
    assert not second.renew()


def test_a_holder_that_renews_keeps_it(contest):
    first, second = contest("a"), contest("b")
    for _ in range(4):
        assert first.renew()
        assert not second.renew()
        contest.clock.now += DURATION / 2
    assert contest.api.get(contest.path).expect()["spec"]["leaseTransitions"] == 0


def test_one_that_finds_it_taken_stops_at_once(contest):
    first, second = contest("a"), contest("b")
    first.renew()
    second.renew()
    contest.clock.now += DURATION + 1
    second.renew()
    contest.clock.now -= DURATION  # as if the first one's clock were slow: its fence alone would let it go on
    assert first.held
    assert not first.renew()
    assert not first.held


def test_a_released_lease_is_free_at_once(contest):
    first, second = contest("a"), contest("b")
    first.renew()
    first.release()
    assert not first.held
    assert second.renew()


def test_each_taking_is_a_term_of_its_own(contest):
    first, second = contest("a"), contest("b")
    first.renew()
    first.renew()
    assert (first.term, second.term) == (1, 0), "renewing is not taking"
    first.release()
    second.renew()
    second.release()
    first.renew()
    assert (first.term, second.term) == (2, 1)


def test_of_many_that_try_at_once_one_gets_it(contest):
    replicas = [contest(f"r{i}") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(Lease.renew, replicas))
    assert taken.count(True) == 1


def test_an_api_server_that_is_gone_is_an_error_and_the_fence_stands(contest):
    class Dead(KubeClient):
        def answer(self, *_args, **_more):
            raise SourceUnavailable("kubernetes is away")

    lease = contest("a")
    lease.renew()
    lease._client.__class__ = Dead
    contest.clock.now += FENCE - 1
    with pytest.raises(SourceUnavailable):
        lease.renew()
    assert lease.held
    contest.clock.now += 1
    assert not lease.held


def test_a_replica_that_may_not_is_told_which_right_it_lacks(control_plane, contest):
    settings = KubeSettings(kubeconfig=control_plane.kubeconfig("nobody"))
    with pytest.raises(SourceUnavailable, match=r'User "nobody" cannot get resource "leases"'):
        contest("a", KubeClient(settings)).renew()
