"""The topmost controller, whatever lies between."""

from __future__ import annotations

import pytest

from vpa_inplace.workload.owners import Ref, topmost

CHAIN = {
    ("shop", Ref("Pod", "web-abc-1")): Ref("ReplicaSet", "web-abc"),
    ("shop", Ref("ReplicaSet", "web-abc")): Ref("Deployment", "web"),
    ("shop", Ref("Pod", "etl-1-x")): Ref("Job", "etl-1"),
    ("shop", Ref("Job", "etl-1")): Ref("CronJob", "etl"),
    ("shop", Ref("Pod", "db-0")): Ref("StatefulSet", "db"),
    ("shop", Ref("Pod", "canary-1-x")): Ref("ReplicaSet", "canary-1"),
    ("shop", Ref("ReplicaSet", "canary-1")): Ref("Rollout", "canary"),
    ("shop", Ref("Pod", "agent-x")): Ref("DaemonSet", "agent"),
    ("shop", Ref("Pod", "old-2-x")): Ref("ReplicationController", "old-2"),
    ("shop", Ref("ReplicationController", "old-2")): Ref("DeploymentConfig", "old"),
    ("shop", Ref("Pod", "train-0-x")): Ref("Job", "train-0"),
    ("shop", Ref("Job", "train-0")): Ref("JobSet", "train"),
    ("shop", Ref("Pod", "lone-x")): Ref("Job", "lone"),
    ("shop", Ref("Pod", "ray-head")): Ref("RayCluster", "ray"),
    ("shop", Ref("Pod", "odd")): Ref("A", "a"),
    ("shop", Ref("A", "a")): Ref("B", "b"),
    ("shop", Ref("B", "b")): Ref("A", "a"),
}


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        pytest.param("web-abc-1", "c/shop/Deployment/web", id="deployment-above-replicaset"),
        pytest.param("etl-1-x", "c/shop/CronJob/etl", id="cronjob-above-job"),
        pytest.param("db-0", "c/shop/StatefulSet/db", id="statefulset"),
        pytest.param("canary-1-x", "c/shop/Rollout/canary", id="argo-rollout-above-replicaset"),
        pytest.param("agent-x", "c/shop/DaemonSet/agent", id="daemonset"),
        pytest.param("old-2-x", "c/shop/DeploymentConfig/old", id="deploymentconfig-above-replicationcontroller"),
        pytest.param("train-0-x", "c/shop/JobSet/train", id="jobset-above-job"),
        pytest.param("lone-x", "c/shop/Job/lone", id="job-without-cronjob"),
        pytest.param("ray-head", "c/shop/RayCluster/ray", id="unknown-kinds-keep-their-name"),
        pytest.param("bare", "c/shop/Pod/bare", id="bare-pod-is-its-own"),
    ],
)
def test_topmost(pod: str, workload: str) -> None:
    assert str(topmost("c", "shop", pod, CHAIN)) == workload


def test_owners_of_another_namespace_are_not_ours() -> None:
    assert str(topmost("c", "other", "db-0", CHAIN)) == "c/other/Pod/db-0"


def test_a_loop_of_owners_ends() -> None:
    assert topmost("c", "shop", "odd", CHAIN).kind in {"A", "B"}
