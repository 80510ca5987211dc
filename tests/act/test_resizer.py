"""A resize sent to a real API server and kubelet: taken whole, or not at all, or told to be unknown."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from tests.cluster.fixtures import change as resized
from tests.cluster.fixtures import container
from vpa_inplace.act.answers import Outcome
from vpa_inplace.act.resizer import Resizer
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.moves import Change, Intent, Move, Refusal
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.facts import pod_of
from vpa_inplace.observe.kubernetes.pods import Pod as WirePod

MIB = 2**20
SIZES = {"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"cpu": "400m", "memory": "128Mi"}}
RULES = [{"apiGroups": [""], "resources": ["pods/resize"], "verbs": ["get", "patch"]}]


def permit(_move):
    """Guards that have nothing against it."""
    return ()


@pytest.fixture
def client(cluster):
    return KubeClient(KubeSettings(kubeconfig=cluster.kubeconfig()))


@pytest.fixture
def pod(namespace):
    """A running pod with one container, as the brain sees it."""
    namespace.run("web", container(**SIZES))
    return seen(namespace)


def seen(namespace, name="web"):
    wire = msgspec.json.decode(msgspec.json.encode(namespace.pod(name)), type=WirePod)
    return pod_of(wire, WorkloadKey("test", namespace.name, "Pod", name))


def a_move(pod, requests=Amounts(cpu=100), limits=Amounts(), intent=Intent.SHRINK):
    (main,) = pod.containers
    return Move(pod, intent, (Change("main", 0, main.requests, main.limits, requests, limits),), 8.0)


def resizer(client, fence=lambda: True, **more):
    return Resizer(client, fence, **more)


def spec(namespace, name="web"):
    return namespace.pod(name)["spec"]["containers"][0]["resources"]


def test_a_move_is_taken_and_comes_into_force(client, namespace, pod):
    sent = resizer(client).send(a_move(pod, Amounts(100, 48 * MIB), Amounts(cpu=300)), permit)
    assert sent.answer.outcome is Outcome.TAKEN, sent.answer
    assert sent.generation == pod.generation + 1
    namespace.until("web", lambda p: p["status"]["containerStatuses"][0]["resources"] == spec(namespace), "in force")
    assert spec(namespace) == {
        "requests": {"cpu": "100m", "memory": "48Mi"},
        "limits": {"cpu": "300m", "memory": "128Mi"},
    }
    assert namespace.pod("web")["status"]["containerStatuses"][0]["restartCount"] == 0


def test_two_moves_of_one_shape_after_each_other(client, namespace, pod):
    sender = resizer(client)
    sender.send(a_move(pod, Amounts(cpu=150)), permit)
    sent = sender.send(a_move(seen(namespace), Amounts(cpu=120)), permit)
    assert sent.answer.taken
    assert spec(namespace)["requests"]["cpu"] == "120m"


def unchanged(namespace):
    return spec(namespace) == SIZES


@pytest.mark.parametrize(
    ("fence", "judge", "dry_run", "outcome"),
    [
        pytest.param(lambda: False, permit, False, Outcome.FENCED, id="the lease is lost"),
        pytest.param(
            lambda: True,
            lambda _: (Refusal("NotReady", "it is not ready", "readiness"),),
            False,
            Outcome.REFUSED,
            id="guards say no at the second look",
        ),
        pytest.param(lambda: True, permit, True, Outcome.TAKEN, id="a dry run"),
    ],
)
def test_nothing_is_done(client, namespace, pod, fence, judge, dry_run, outcome):
    sent = resizer(client, fence, dry_run=dry_run).send(a_move(pod), judge)
    assert sent.answer.outcome is outcome
    assert sent.generation is None
    assert unchanged(namespace)


def test_a_pod_that_was_resized_since_is_left_alone(client, namespace, pod):
    namespace.resize("web", resized(requests={"cpu": "250m"})).expect()
    sent = resizer(client).send(a_move(pod), permit)
    assert sent.answer.outcome is Outcome.OVERTAKEN
    assert spec(namespace)["requests"]["cpu"] == "250m"


def test_a_pod_that_is_gone(client, namespace, pod):
    ghost = replace(pod, name="ghost")
    assert resizer(client).send(a_move(ghost), permit).answer.outcome is Outcome.POD_GONE


def test_another_pod_of_that_name(client, namespace, pod):
    other = replace(pod, uid="00000000-0000-0000-0000-000000000000")
    assert resizer(client).send(a_move(other), permit).answer.outcome is Outcome.POD_GONE
    assert unchanged(namespace)


def test_without_the_right_it_says_so(cluster, namespace, pod):
    nobody = KubeClient(KubeSettings(kubeconfig=cluster.kubeconfig("nobody")))
    sent = resizer(nobody).send(a_move(pod), permit)
    assert sent.answer.outcome is Outcome.CAPABILITY_MISSING
    assert "nobody" in sent.answer.message


def test_two_rights_are_enough(cluster, namespace, pod):
    """get and patch of pods/resize: reading the subresource gives the whole pod."""
    token = cluster.plane.service_account(namespace.name, "resizer", RULES)
    kubeconfig = cluster.plane.token_kubeconfig(f"{namespace.name}-resizer", token)
    sent = resizer(KubeClient(KubeSettings(kubeconfig=kubeconfig))).send(a_move(pod), permit)
    assert sent.answer.taken, sent.answer


def test_a_limit_range_that_would_add_limits_is_seen_before(client, namespace):
    """Kubernetes answers 200 and adds the defaults of a LimitRange that is younger than the pod, for good."""
    namespace.run("web", container(requests={"cpu": "100m", "memory": "32Mi"}))
    limits = {"type": "Container", "default": {"cpu": "500m", "memory": "256Mi"}}
    body = {"metadata": {"name": "later"}, "spec": {"limits": [limits]}}
    namespace.api.create(namespace.path("limitranges"), body).expect()
    sent = resizer(client).send(a_move(seen(namespace), Amounts(cpu=80)), permit)
    # 1.33 refuses to add a memory limit; later versions would do it
    assert sent.answer.outcome in {Outcome.SIDE_EFFECTS, Outcome.REJECTED}
    assert spec(namespace) == {"requests": {"cpu": "100m", "memory": "32Mi"}}


class Meddled:
    """A client between whose reading and patching something happens."""

    def __init__(self, client, what, when="PATCH"):
        self._client, self._what, self._when = client, what, when

    def answer(self, method, path, query, body, content_type):
        dry = bool(query and "dryRun" in query)
        if method == self._when and not dry:
            return self._what(lambda: self._client.answer(method, path, query, body, content_type))
        return self._client.answer(method, path, query, body, content_type)


def test_a_resize_between_reading_and_patching_is_found_out(client, namespace, pod):
    """The server says conflict; the second reading shows that this is not what was decided about."""

    def meddle(go_on):
        namespace.resize("web", resized(requests={"cpu": "250m"})).expect()
        return go_on()

    sent = resizer(Meddled(client, meddle)).send(a_move(pod), permit)
    assert sent.answer.outcome is Outcome.OVERTAKEN
    assert spec(namespace)["requests"]["cpu"] == "250m"


def test_a_kubelet_that_writes_in_between_is_waited_for(client, namespace, pod):
    """Every write to the pod, also to its status, makes what was read old; the size is still what it was."""
    marks = iter(range(3))

    def write(go_on):
        mark = next(marks, None)
        if mark is not None:
            labels = {"metadata": {"labels": {"mark": str(mark)}}}
            namespace.api.patch(namespace.path("pods", "web"), labels).expect()
        return go_on()

    sent = resizer(Meddled(client, write)).send(a_move(pod), permit)
    assert sent.answer.taken
    assert next(marks, None) is None, "three times in vain, then it held"


def test_a_pod_that_is_written_to_without_end_is_given_up(client, namespace, pod):
    marks = iter(range(1000))

    def write(go_on):
        labels = {"metadata": {"labels": {"mark": str(next(marks))}}}
        namespace.api.patch(namespace.path("pods", "web"), labels).expect()
        return go_on()

    assert resizer(Meddled(client, write)).send(a_move(pod), permit).answer.outcome is Outcome.CONFLICT
    assert unchanged(namespace)


def test_an_answer_that_is_lost_is_unknown_and_the_resize_may_be_there(client, namespace, pod):
    def lose(go_on):
        go_on()
        raise SourceUnavailable("kubernetes broke off its answer")

    sent = resizer(Meddled(client, lose)).send(a_move(pod), permit)
    assert sent.answer.outcome is Outcome.UNKNOWN
    assert spec(namespace)["requests"]["cpu"] == "100m"


def test_a_server_that_is_away(client, namespace, pod):
    def away(_):
        raise SourceUnavailable("kubernetes cannot be reached")

    sent = resizer(Meddled(client, away, "GET")).send(a_move(pod), permit)
    assert sent.answer.outcome is Outcome.UNKNOWN
    assert unchanged(namespace)
