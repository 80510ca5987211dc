"""Ticks on a real cluster: pods, kubelet, ledger and resizes are real; only usage is made up, so that nobody waits for it.

What is to be seen at the end is what a user would see: the size in the pod, the restart count, the ledger's object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.cluster.api import until
from tests.cluster.fixtures import change, container
from vpa_inplace.act.answers import Outcome
from vpa_inplace.act.resizer import Resizer
from vpa_inplace.act.store import GROUP, LedgerStore
from vpa_inplace.api.config import Config
from vpa_inplace.api.crd import manifests
from vpa_inplace.cli.app import run
from vpa_inplace.domain.attempts import End, Phase
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.moves import Intent
from vpa_inplace.domain.surroundings import Capability
from vpa_inplace.drive.tick import Ticker
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.guard import GUARDS
from vpa_inplace.history import History
from vpa_inplace.lifecycle import CLOCKS
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.cache import Cache
from vpa_inplace.observe.kubernetes.kinds import InPlacePodAutoscaler
from vpa_inplace.observe.kubernetes.owners import Owners
from vpa_inplace.observe.kubernetes.pods import Pod
from vpa_inplace.observe.live import LiveSource
from vpa_inplace.observe.prometheus import PrometheusSettings
from vpa_inplace.observe.source import Scope

MIB = 2**20
SIZES = {"requests": {"cpu": "400m", "memory": "128Mi"}, "limits": {"cpu": "800m", "memory": "256Mi"}}
PATIENT = frozenset(
    {"WarmingUp", "NewRevision", "NotReady", "RolloutInProgress"}
)  # of guards that wait for a quarter of an hour


@dataclass(slots=True, kw_only=True)
class MadeUpUsage(LiveSource):
    """Three days of the same usage for every container."""

    cpu: float = 100.0  # millicores
    memory: float = 64.0 * MIB
    late: int = 0  # seconds that the newest usage is old

    def _history(self, pods, rows, report):
        end = (int(self.clock()) - self.late) // 300 * 300
        usage = np.empty((2, len(rows), 3 * 288), np.float32)
        usage[0], usage[1] = self.cpu, self.memory
        return History.of(rows, start=end - usage.shape[2] * 300, step=300, usage=usage), ()


@pytest.fixture(scope="module")
def ours(cluster):
    """The cluster, knowing our objects."""
    import yaml

    api = cluster.api()
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    names = []
    for text in manifests().values():
        body = yaml.safe_load(text)
        api.create(path, body).expect(200, 201, 409)
        names.append(body["metadata"]["name"])
    until(lambda: api.get(f"{GROUP}/resizestates").code == 200, "our objects to be served")
    yield cluster
    for name in names:
        api.delete(f"{path}/{name}")


@pytest.fixture
def world(ours, namespace):
    """A Deployment of one pod with an autoscaler, and replicas of the controller that look at its namespace alone."""
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container("main", **SIZES)]},
    }
    body = {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}
    namespace.api.create(namespace.path("apps/v1/deployments"), body).expect()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"targetRef": target, "updatePolicy": {"updateMode": "InPlace"}}
    autoscaler = {
        "apiVersion": "autoscaling.vpa-inplace.io/v1alpha1",
        "kind": "InPlacePodAutoscaler",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    path = namespace.path("autoscaling.vpa-inplace.io/v1alpha1/inplacepodautoscalers")
    namespace.api.create(path, autoscaler).expect()
    until(lambda: pod_of(namespace) is not None, "the Deployment's pod to run")
    made = World(ours, namespace)
    yield made
    for cache in made.caches:
        cache.stop()
    namespace.api.delete(path)


def pod_of(namespace):
    pods = namespace.api.get(namespace.path("pods")).expect()["items"]
    return next((p for p in pods if p["status"]["phase"] == "Running" and "containerStatuses" in p["status"]), None)


class World:
    def __init__(self, cluster, namespace):
        self.cluster, self.namespace, self.caches = cluster, namespace, []
        self.settings = KubeSettings(kubeconfig=cluster.kubeconfig())

    def replica(self, acting=lambda: True, writer=None, clocks=CLOCKS, **usage):
        """A controller's ticker with watches of its own, settled."""
        client = KubeClient(self.settings)
        cache = Cache(client)
        cache.start()
        self.caches.append(cache)
        assert cache.settle(10)
        source = MadeUpUsage(cache=cache, owners=Owners(client), prometheus=None, **usage)
        return Ticker(
            source=source,
            scope=Scope(cluster="test", namespaces=(self.namespace.name,)),
            config=Config(),
            forecaster=Recent(),
            store=LedgerStore(client, "test", acting),
            resizer=Resizer(writer(client) if writer else client, acting),
            acting=acting,
            guards=tuple(guard for guard in GUARDS if guard.reason not in PATIENT),
            clocks=clocks,
        )

    def seen(self, ticker, condition, what):
        """Wait until the ticker's watch shows a pod as expected."""
        until(
            lambda: any(
                pod.metadata.namespace == self.namespace.name and condition(pod)
                for pod in ticker.source.cache.views().of(Pod).objects.values()
            ),
            what,
        )

    def shows(self, ticker, cpu):
        """Wait until the watch shows the pod with this CPU request in force."""
        self.seen(
            ticker,
            lambda p: (
                p.status.container_statuses
                and (p.status.container_statuses[0].allocated_resources or {}).get("cpu") == cpu
                and p.spec.containers[0].resources.requests["cpu"] == cpu
                and not any(c.type.startswith("PodResize") for c in p.status.conditions or ())
            ),
            f"{cpu} in force",
        )

    @property
    def requests(self):
        return pod_of(self.namespace)["spec"]["containers"][0]["resources"]["requests"]

    @property
    def restarts(self):
        return pod_of(self.namespace)["status"]["containerStatuses"][0]["restartCount"]

    @property
    def state(self):
        path = self.namespace.path("autoscaling.vpa-inplace.io/v1alpha1/resizestates")
        items = self.namespace.api.get(path).expect()["items"]
        return items[0]["spec"] if items else None


def test_a_shrink_is_written_down_sent_watched_and_settled(world):
    """100m used, 15 % margin: 115m. The ledger has it before the pod does, and forgets it when it has soaked."""
    quick = replace(CLOCKS, soak=0.0)
    ticker = world.replica(clocks=quick)
    done = ticker.tick()
    assert [(s.move.intent, s.answer.outcome) for s in done.sent] == [(Intent.SHRINK, Outcome.TAKEN)], (
        done.decision.verdicts
    )
    assert world.requests["cpu"] == "115m"
    assert [attempt["intent"] for attempt in world.state["attempts"]] == ["Shrink"]
    world.shows(ticker, "115m")
    done = ticker.tick()
    assert [ended.end for ended in done.decision.ended] == [End.SETTLED]
    assert not done.sent
    assert world.state["attempts"] == []
    assert world.restarts == 0


def test_usage_above_the_size_is_rescued(world):
    done = world.replica(cpu=600.0).tick()
    assert [(s.move.intent, s.answer.outcome) for s in done.sent] == [(Intent.RESCUE, Outcome.TAKEN)]
    assert world.requests["cpu"] == "690m"


def test_without_an_object_that_says_so_nothing_is_touched(world):
    path = world.namespace.path("autoscaling.vpa-inplace.io/v1alpha1/inplacepodautoscalers", "web")
    off = {"spec": {"updatePolicy": {"updateMode": "Off"}}}
    world.namespace.api.patch(path, off, "application/merge-patch+json").expect()
    done = world.replica().tick()
    assert done.decision.admitted, "it would shrink"
    assert not done.sent
    assert world.requests["cpu"] == "400m"
    assert world.state is None


def test_a_standby_decides_and_writes_nothing(world):
    done = world.replica(acting=lambda: False).tick()
    assert done.decision.due
    assert (done.sent, world.requests["cpu"], world.state) == ((), "400m", None)


def test_a_replica_that_loses_its_lease_in_mid_tick_sends_nothing_more(world):
    """The ledger was written, the fence fell: the next one finds an attempt that nobody sent."""
    answers = iter([True, True])  # asked by the tick, and by the writing of the ledger
    done = world.replica(acting=lambda: next(answers, False)).tick()
    assert [s.answer.outcome for s in done.sent] == [Outcome.FENCED]
    assert world.requests["cpu"] == "400m"
    assert len(world.state["attempts"]) == 1

    late = replace(CLOCKS, unseen=0.0)
    taken_over = world.replica(clocks=late).tick()
    assert [ended.end for ended in taken_over.decision.ended] == [End.NEVER_SENT]
    assert world.requests["cpu"] == "115m", "and decides for itself"


class Dies:
    """A client that dies at one of the writes to pods: before it, or right after."""

    def __init__(self, client, after):
        self._client, self._after = client, after

    def answer(self, method, path, query, body, content_type):
        if method == "PATCH" and "dryRun" not in query:
            if self._after:
                self._client.answer(method, path, query, body, content_type)
            raise KeyboardInterrupt  # nothing in the controller catches it: as good as a kill
        return self._client.answer(method, path, query, body, content_type)


@pytest.mark.parametrize("after", [pytest.param(False, id="before the patch"), pytest.param(True, id="right after it")])
def test_a_killed_controller_is_taken_over(world, after):
    """Kill it at any write: the next one ends in the same state as if it had never been killed."""
    with pytest.raises(KeyboardInterrupt):
        world.replica(writer=lambda client: Dies(client, after)).tick()
    assert len(world.state["attempts"]) == 1
    assert world.requests["cpu"] == ("115m" if after else "400m")

    quick = replace(CLOCKS, soak=0.0, unseen=0.0)
    ticker = world.replica(clocks=quick)
    if after:
        world.shows(ticker, "115m")
    done = ticker.tick()
    expected = End.SETTLED if after else End.NEVER_SENT
    assert [ended.end for ended in done.decision.ended] == [expected]
    assert world.requests["cpu"] == "115m"
    assert world.restarts == 0


def test_a_server_that_cannot_resize_is_only_looked_at(world):
    class Lost:
        def look(self, _now):
            return Capability(resize=False, reason="it was rolled back")

    ticker = world.replica()
    ticker.capabilities = Lost()
    done = ticker.tick()
    assert [refusal.reason for verdict in done.decision.verdicts for refusal in verdict.refusals] == [
        "CapabilityMissing"
    ]
    assert not done.sent
    ticker.capabilities = None
    assert [s.answer.outcome for s in ticker.tick().sent] == [Outcome.TAKEN], "and back, with nothing lost"


class Stumbles:
    """A client with which a bug of ours meets the answer to a patch that was taken."""

    def __init__(self, client):
        self._client = client

    def answer(self, method, path, query, body, content_type):
        answer = self._client.answer(method, path, query, body, content_type)
        if method == "PATCH" and "dryRun" not in query:
            raise RuntimeError("a bug")
        return answer


def test_a_bug_in_mid_tick_does_not_make_it_forget_what_it_sent(world):
    """The next tick of the same process follows the resize: it reads the ledger again."""
    ticker = world.replica(writer=Stumbles)
    with pytest.raises(RuntimeError, match="a bug"):
        ticker.tick()
    world.shows(ticker, "115m")
    done = ticker.tick()
    assert [attempt.phase for attempt in done.decision.ledger.attempts] == [Phase.SOAKING]


def test_a_lease_that_was_another_s_meanwhile_means_another_s_ledger(world):
    """This replica ticked, lost the lease, another one resized, and it holds the lease again before its next tick."""
    terms = [1]
    # and 15 %: 403m and 127Mi, within the dead bands of 400m and 128Mi
    first = world.replica(cpu=350.0, memory=110.0 * MIB)
    first.term = lambda: terms[-1]
    assert not first.tick().sent
    other = world.replica()
    assert [s.answer.outcome for s in other.tick().sent] == [Outcome.TAKEN]
    world.shows(first, world.requests["cpu"])
    terms.append(2)
    done = first.tick()
    assert Intent.SHRINK in {attempt.intent for attempt in done.decision.before.attempts}


def test_without_prometheus_what_is_under_way_is_followed_all_the_same(world):
    """A controller that starts while Prometheus is away knows no usage: it shrinks nothing, and loses sight of nothing."""
    first = world.replica()
    first.tick()
    world.shows(first, "115m")
    alone = world.replica(clocks=replace(CLOCKS, soak=0.0))
    nowhere = PrometheusSettings(url="http://127.0.0.1:9")  # the discard port: nobody answers
    alone.source = LiveSource(cache=alone.source.cache, owners=alone.source.owners, prometheus=nowhere)
    done = alone.tick()
    assert [ended.end for ended in done.decision.ended] == [End.SETTLED]
    assert not done.sent
    assert any("usage is not getting newer" in warning for warning in done.observation.warnings)


def test_restore_goes_back_to_the_ceiling_without_any_usage(world, capfd):
    """300m used and 15 %: the day's ceiling is 345m. Somebody makes it less, everything but the API is gone."""
    ticker = world.replica(cpu=300.0)
    ticker.tick()
    world.shows(ticker, "345m")
    name = pod_of(world.namespace)["metadata"]["name"]
    world.namespace.resize(name, change(requests={"cpu": "100m"})).expect()
    where = ["--kubeconfig", str(world.settings.kubeconfig), "--cluster", "test", "--namespace", world.namespace.name]
    assert run(["restore", "--dry-run", *where]) == 0, capfd.readouterr()
    assert world.requests["cpu"] == "100m"
    assert "main cpu request 100m -> 345m: Taken (dry run)" in capfd.readouterr().out
    assert run(["restore", *where]) == 0
    assert world.requests["cpu"] == "345m"
    assert run(["restore", *where]) == 0, "and nothing is left to raise"
    assert capfd.readouterr().err.endswith("0 of 0 pods below their ceiling raised; 1 workloads are remembered\n")


def test_growth_without_room_is_refused_with_the_figures(world):
    done = world.replica(cpu=390.0).tick()  # 449m wanted, the node has it
    assert [s.answer.outcome for s in done.sent] == [Outcome.TAKEN]
    ticker = world.replica(cpu=390.0)
    ticker.source.cpu = 1400.0
    world.namespace.run("neighbour", container("main", requests={"cpu": "900m"}))
    world.seen(ticker, lambda pod: pod.metadata.name == "neighbour", "the neighbour")
    done = ticker.tick()
    rescue = next(v for v in done.decision.verdicts if v.move.intent is Intent.RESCUE)
    assert rescue.move.changes[0].requests.cpu < 1610, "cut to what the node has"


def test_a_shrink_that_somebody_overtakes_is_let_go(world):
    ticker = world.replica()
    ticker.tick()
    name = pod_of(world.namespace)["metadata"]["name"]
    world.namespace.resize(name, change(requests={"cpu": "350m"}, limits={"cpu": "700m"})).expect()
    world.shows(ticker, "350m")
    done = ticker.tick()
    assert [ended.end for ended in done.decision.ended] == [End.OVERTAKEN]


def test_an_attempt_in_its_soak_survives_a_change_of_leader(world):
    first = world.replica()
    first.tick()
    world.shows(first, "115m")
    first.tick()
    second = world.replica()
    done = second.tick()
    assert [attempt.phase for attempt in done.decision.ledger.attempts] == [Phase.SOAKING]
    began = {attempt.began for attempt in done.decision.ledger.attempts}
    assert began == {attempt.began for attempt in first._ledger.attempts}


def test_a_dry_run_tries_and_changes_nothing(world):
    ticker = world.replica()
    ticker.dry_run, ticker.resizer = True, Resizer(KubeClient(world.settings), lambda: True, dry_run=True)
    done = ticker.tick()
    assert [s.answer.outcome for s in done.sent] == [Outcome.TAKEN]
    assert world.requests["cpu"] == "400m"
    assert world.state is None


def test_before_pods_are_known_nothing_is_decided(world):
    ticker = world.replica()
    ticker.source.cache = Cache(KubeClient(world.settings))  # never started
    with pytest.raises(SourceUnavailable, match="the pods of the cluster are not known yet"):
        ticker.tick()


def test_objects_are_read_once_a_version(world):
    ticker = world.replica()
    ticker.tick()
    before = dict(ticker._claims)
    ticker.tick()
    assert all(ticker._claims[uid][1] is claim for uid, (_, claim) in before.items())
    assert ticker.source.views.of(InPlacePodAutoscaler).objects


def test_old_usage_holds_a_shrink(world):
    (verdict,) = world.replica(late=3600).tick().decision.verdicts
    assert "StaleUsage" in {refusal.reason for refusal in verdict.refusals}
    assert world.requests["cpu"] == "400m"
