"""Numbers of each kind of workload, as its controller writes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.observe.kubernetes.seen import APPS, BATCH, Json, a_top, a_web, an_object, owned_by, tops, views
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.surroundings import WorkloadState
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.rollouts import workload_states
from vpa_inplace.observe.kubernetes.targets import Targets

SECOND = {"generation": 2}
DONE = [{"type": "Complete", "status": "True"}]
FAILING = [{"type": "FailureTarget", "status": "True"}, {"type": "Failed", "status": "True"}]


def states(*objects: Json, known: dict[str, Top] | None = None) -> dict[str, WorkloadState]:
    seen = views(*objects)
    found = workload_states(seen, Targets(seen, tops(seen, known or {}), "test"))
    assert all(key == state.workload and key.namespace == "shop" for key, state in found.items())
    return {f"{key.kind}/{key.name}": state for key, state in found.items()}


def numbers(state: WorkloadState) -> tuple[int, int, int]:
    return state.desired, state.updated, state.ready


def seen_second(**status: Any) -> Json:
    return {"metadata": SECOND, "status": {"observedGeneration": 2} | status}


@pytest.mark.parametrize(
    ("kind", "body", "expected", "rolling"),
    [
        pytest.param(
            "Deployment",
            {"spec": {"replicas": 3}, **seen_second(replicas=3, updatedReplicas=3, readyReplicas=3)},
            (3, 3, 3),
            False,
            id="deployment-at-rest",
        ),
        pytest.param(
            "Deployment",
            {"spec": {"replicas": 3}, **seen_second(replicas=4, updatedReplicas=1, readyReplicas=3)},
            (3, 1, 3),
            True,
            id="deployment-rolls",
        ),
        pytest.param(
            "Deployment",
            {"spec": {"replicas": 1}, "metadata": SECOND, "status": {"observedGeneration": 1, "updatedReplicas": 1}},
            (1, 1, 0),
            True,
            id="deployment-with-a-spec-that-was-not-seen-yet",
        ),
        pytest.param("Deployment", {"metadata": {"generation": 1}}, (1, 0, 0), True, id="deployment-just-made"),
        pytest.param(
            "Deployment", {"spec": {"replicas": 0}, **seen_second()}, (0, 0, 0), False, id="scaled-to-nothing"
        ),
        pytest.param(
            "StatefulSet",
            {
                "spec": {"replicas": 3},
                **seen_second(
                    replicas=3, updatedReplicas=3, readyReplicas=3, currentRevision="db-a", updateRevision="db-a"
                ),
            },
            (3, 3, 3),
            False,
            id="stateful-set-at-rest",
        ),
        pytest.param(
            "StatefulSet",
            {
                "spec": {"replicas": 3},
                **seen_second(
                    replicas=3, updatedReplicas=1, readyReplicas=2, currentRevision="db-a", updateRevision="db-b"
                ),
            },
            (3, 1, 2),
            True,
            id="stateful-set-half-way",
        ),
        pytest.param(
            "StatefulSet",
            {
                "spec": {"replicas": 3},
                **seen_second(
                    replicas=3, updatedReplicas=3, readyReplicas=3, currentRevision="db-a", updateRevision="db-b"
                ),
            },
            (3, 3, 3),
            False,
            id="on-delete-never-names-its-new-revision-current",
        ),
        pytest.param(
            "DaemonSet",
            seen_second(currentNumberScheduled=4, desiredNumberScheduled=4, updatedNumberScheduled=1, numberReady=3),
            (4, 1, 3),
            True,
            id="daemon-set-rolls",
        ),
        pytest.param(
            "DaemonSet",
            seen_second(desiredNumberScheduled=4, updatedNumberScheduled=4, numberReady=4),
            (4, 4, 4),
            False,
            id="daemon-set-at-rest",
        ),
        pytest.param(
            "ReplicaSet",
            {"spec": {"replicas": 2}, **seen_second(replicas=2, readyReplicas=1)},
            (2, 2, 1),
            False,
            id="replica-set-of-nobody-has-no-revisions",
        ),
    ],
)
def test_kinds_of_apps(kind: str, body: Json, expected: tuple[int, int, int], rolling: bool) -> None:
    state = states(an_object(APPS, kind, "x", **body))[f"{kind}/x"]
    assert (numbers(state), state.rolling) == (expected, rolling)


@pytest.mark.parametrize(
    ("body", "expected", "paused"),
    [
        pytest.param({"spec": {"parallelism": 2}, "status": {"active": 2, "ready": 1}}, (2, 2, 1), False, id="runs"),
        pytest.param({}, (1, 1, 0), False, id="one-pod-by-default"),
        pytest.param(
            {"spec": {"parallelism": 4, "completions": 5}, "status": {"active": 2, "ready": 2, "succeeded": 3}},
            (2, 2, 2),  # 5 - 3 are left to do
            False,
            id="fewer-left-than-run-at-once",
        ),
        pytest.param({"spec": {"suspend": True, "parallelism": 2}}, (0, 0, 0), True, id="suspended"),
        pytest.param(
            {"spec": {"parallelism": 2}, "status": {"succeeded": 1, "conditions": DONE}}, (0, 0, 0), False, id="over"
        ),
        pytest.param({"status": {"failed": 6, "conditions": FAILING}}, (0, 0, 0), False, id="failed"),
    ],
)
def test_jobs_never_roll(body: Json, expected: tuple[int, int, int], paused: bool) -> None:
    state = states(an_object(BATCH, "Job", "etl", metadata=SECOND, **body))["Job/etl"]
    assert (numbers(state), state.paused, state.rolling) == (expected, paused, False)


def test_a_deployment_that_is_paused_half_way() -> None:
    body = {"spec": {"replicas": 2, "paused": True}, **seen_second(replicas=2, updatedReplicas=1)}
    state = states(an_object(APPS, "Deployment", "web", **body))["Deployment/web"]
    assert state.paused
    assert state.rolling


def test_replica_sets_of_others_do_not_count() -> None:
    """Those of a Deployment are its revisions; those of a Rollout, too, and nobody watches what it says of them."""
    rollout = owned_by("argoproj.io/v1alpha1", "Rollout", "api")
    found = states(*a_web(), an_object(APPS, "ReplicaSet", "api-1", owner=rollout, spec={"replicas": 2}))
    assert set(found) == {"Deployment/web"}


def test_jobs_of_a_cron_job_are_one_workload() -> None:
    owner = owned_by(BATCH, "CronJob", "etl")
    found = states(
        an_object(BATCH, "CronJob", "etl", spec={"suspend": False}),
        an_object(BATCH, "Job", "etl-1", owner=owner, status={"succeeded": 1, "conditions": DONE}),
        an_object(BATCH, "Job", "etl-2", owner=owner, spec={"parallelism": 2}, status={"active": 2, "ready": 1}),
        an_object(BATCH, "CronJob", "idle", spec={"suspend": True}),
    )
    assert numbers(found["CronJob/etl"]) == (2, 2, 1)
    assert numbers(found["CronJob/idle"]) == (0, 0, 0)
    assert found["CronJob/idle"].paused
    assert set(found) == {"CronJob/etl", "CronJob/idle"}


def test_what_an_operator_keeps_is_one_workload() -> None:
    """Surplus pods of one part (5 updated of 2) do not hide that the other has none: 2 + 0 of 2 + 3."""
    owner = owned_by("example.com/v1", "App", "shop")
    web = an_object(
        APPS, "Deployment", "web", owner=owner, spec={"replicas": 2}, **seen_second(updatedReplicas=5, readyReplicas=5)
    )
    db = an_object(APPS, "StatefulSet", "db", owner=owner, spec={"replicas": 3}, **seen_second(readyReplicas=3))
    state = states(web, db)["App/shop"]
    assert numbers(state) == (5, 2, 8)
    assert state.rolling


@pytest.mark.parametrize("odd", [0, 1])
def test_one_part_that_is_not_observed_or_paused_makes_the_whole_so(odd: int) -> None:
    owner = owned_by("example.com/v1", "App", "shop")
    still = seen_second(updatedReplicas=1)
    moves = still | {"spec": {"paused": True}, "status": {"observedGeneration": 1, "updatedReplicas": 1}}
    parts = [moves if i == odd else still for i in range(2)]
    state = states(*(an_object(APPS, "Deployment", f"web-{i}", owner=owner, **part) for i, part in enumerate(parts)))
    assert (state["App/shop"].observed, state["App/shop"].paused) == (False, True)


def test_the_top_is_what_the_pods_say() -> None:
    """Suite all -> App shop -> Deployment web: of the App nothing but its name was seen on the way up."""
    found = states(*a_web(owner=owned_by("example.com/v1", "App", "shop")), known={"web-7": a_top("Suite", "all")})
    assert set(found) == {"Suite/all"}
    assert WorkloadKey("test", "shop", "Suite", "all") == found["Suite/all"].workload
