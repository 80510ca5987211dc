"""HPAs, ScaledObjects and VPAs as API servers give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.observe.kubernetes.seen import (
    APPS,
    FORBIDDEN,
    HPA,
    KEDA,
    VPA,
    Json,
    a_top,
    a_web,
    an_object,
    owned_by,
    tops,
    views,
)
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import Hpa
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.scalers import foreign_vpas, hpas
from vpa_inplace.observe.kubernetes.targets import Targets

CPU, MEMORY = Resource.CPU, Resource.MEMORY
WEB = WorkloadKey("test", "shop", "Deployment", "web")
ON_WEB = {"apiVersion": APPS, "kind": "Deployment", "name": "web"}
ALL: frozenset[str] = frozenset()
WORKS = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True"}]
BLIND = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False"}]


def target(**amounts: Any) -> Json:
    kinds = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
    return {"type": kinds[next(iter(amounts))]} | amounts


def resource(name: str, **amounts: Any) -> Json:
    return {"type": "Resource", "resource": {"name": name, "target": target(**amounts)}}


def of_container(name: str, container: str, **amounts: Any) -> Json:
    source = {"name": name, "container": container, "target": target(**amounts)}
    return {"type": "ContainerResource", "containerResource": source}


PODS = {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": target(averageValue="100")}}
EXTERNAL = {"type": "External", "external": {"metric": {"name": "cpu"}, "target": target(value="30")}}
OBJECT = {
    "type": "Object",
    "object": {
        "metric": {"name": "rps"},
        "describedObject": {"kind": "Service", "name": "web"},
        "target": target(value="1k"),
    },
}


def an_hpa(name: str = "web", metrics: Sequence[Json] | None = (), ref: Json = ON_WEB, **body: Any) -> Json:
    spec = {"scaleTargetRef": ref, "minReplicas": 1, "maxReplicas": 9, "metrics": metrics and list(metrics)}
    status = {"currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": None, "conditions": WORKS}
    return an_object(HPA, "HorizontalPodAutoscaler", name, spec=spec, **{"status": status} | body)


def a_scaled_object(name: str = "web", triggers: Sequence[Json] = (), ref: Json | None = None, **body: Any) -> Json:
    spec = {"scaleTargetRef": ref or {"name": "web"}, "triggers": list(triggers)}
    return an_object(KEDA, "ScaledObject", name, spec=spec, **body)


def found(*objects: Json, known: dict[str, Top] | None = None, **lost: Any) -> dict[WorkloadKey, tuple[Hpa, ...]]:
    seen = views(*objects, **lost)
    return hpas(seen, Targets(seen, tops(seen, known or {}), "test"))


def of_web(*objects: Json) -> Hpa:
    (one,) = found(*a_web(), *objects)[WEB]
    return one


# ----------------------------------------------------------------------------------------------------------------- HPAs


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        pytest.param([resource("cpu", averageUtilization=80)], {CPU: ALL}, id="cpu-of-all-containers"),
        pytest.param(
            [resource("cpu", averageUtilization=80), resource("memory", averageUtilization=70)],
            {CPU: ALL, MEMORY: ALL},
            id="both",
        ),
        pytest.param([resource("cpu", averageValue="300m")], {}, id="an-average-value-needs-no-request"),
        pytest.param([of_container("memory", "app", averageUtilization=70)], {MEMORY: {"app"}}, id="one-container"),
        pytest.param(
            [of_container("cpu", "app", averageUtilization=70), of_container("cpu", "proxy", averageUtilization=50)],
            {CPU: {"app", "proxy"}},
            id="two-containers",
        ),
        pytest.param(
            [of_container("cpu", "app", averageUtilization=70), resource("cpu", averageUtilization=80)],
            {CPU: ALL},
            id="a-container-and-then-all",
        ),
        pytest.param(
            [resource("cpu", averageUtilization=80), of_container("cpu", "app", averageUtilization=70)],
            {CPU: ALL},
            id="all-and-then-a-container",
        ),
        pytest.param([of_container("cpu", "app", averageValue="1")], {}, id="a-container-by-value"),
        pytest.param([resource("ephemeral-storage", averageUtilization=80)], {}, id="what-we-do-not-size"),
        pytest.param([PODS, EXTERNAL, OBJECT], {}, id="other-metrics"),
        pytest.param([PODS, resource("memory", averageUtilization=80)], {MEMORY: ALL}, id="one-of-several"),
        pytest.param(None, {CPU: ALL}, id="none-is-cpu-at-80-per-cent"),
    ],
)
def test_what_an_hpa_scales_on(metrics: list[Json] | None, expected: dict[Resource, frozenset[str]]) -> None:
    hpa = of_web(an_hpa("front", metrics))
    assert (hpa.name, hpa.utilization, hpa.settled, hpa.scaled_by) == ("front", expected, True, "")


@pytest.mark.parametrize(
    ("metadata", "status", "settled"),
    [
        pytest.param({}, {"currentReplicas": 2, "desiredReplicas": 2, "conditions": WORKS}, True, id="at-rest"),
        pytest.param({}, {"currentReplicas": 2, "desiredReplicas": 3, "conditions": WORKS}, False, id="scales-out"),
        pytest.param({}, {"currentReplicas": 3, "desiredReplicas": 2, "conditions": WORKS}, False, id="scales-in"),
        pytest.param({}, {"currentReplicas": 1, "desiredReplicas": 0, "conditions": WORKS}, False, id="scales-to-zero"),
        pytest.param({}, {"desiredReplicas": 0}, False, id="has-not-looked-yet"),
        # as 1.36.3 writes it for ever where there is no metrics server
        pytest.param(
            {}, {"currentReplicas": 2, "desiredReplicas": 0, "conditions": BLIND}, True, id="never-had-metrics"
        ),
        pytest.param(
            {}, {"currentReplicas": 2, "desiredReplicas": 3, "conditions": BLIND}, False, id="lost-its-metrics"
        ),
        pytest.param(
            {"generation": 4},
            {"currentReplicas": 2, "desiredReplicas": 2, "observedGeneration": 3, "conditions": WORKS},
            False,
            id="has-not-seen-its-new-spec",
        ),
        pytest.param(
            {"generation": 4},
            {"currentReplicas": 2, "desiredReplicas": 2, "observedGeneration": 4, "conditions": WORKS},
            True,
            id="has-seen-it",
        ),
        pytest.param(
            {"generation": 4},
            {"currentReplicas": 2, "desiredReplicas": 2, "conditions": WORKS},
            True,
            id="does-not-say-what-it-has-seen",
        ),
    ],
)
def test_settled(metadata: Json, status: Json, settled: bool) -> None:
    assert of_web(an_hpa(metadata=metadata, status=status)).settled is settled


def test_hpas_of_what_is_below_and_above() -> None:
    """Of the Deployment that an App keeps, and of the App: both are the App's."""
    app = {"apiVersion": "example.com/v1", "kind": "App", "name": "shop"}
    objects = (*a_web(owner=owned_by("example.com/v1", "App", "shop")), an_hpa("below"), an_hpa("above", ref=app))
    (workload, both), *others = found(*objects, known={"web-7": a_top("App", "shop")}).items()
    assert (str(workload), [hpa.name for hpa in both], others) == ("test/shop/App/shop", ["below", "above"], [])
    assert all(hpa.workload == workload for hpa in both)


def test_an_hpa_whose_workload_cannot_be_told_counts_for_all_that_it_may_be() -> None:
    """Without the right to read ReplicaSets the pods of the Deployment end at one."""
    both = found(*a_web(), an_hpa(), ReplicaSet=FORBIDDEN)
    assert both.keys() == {WEB, WorkloadKey("test", "shop", "ReplicaSet", "web-7")}


# ----------------------------------------------------------------------------------------------------------------- KEDA

BY_CPU = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}
BY_QUEUE = {"type": "kafka", "metadata": {"topic": "orders", "lagThreshold": "50"}}


def test_an_hpa_that_keda_made() -> None:
    """It has what the ScaledObject asks for, which so counts once."""
    metrics = [resource("cpu", averageUtilization=60), EXTERNAL]
    made = an_hpa("keda-hpa-front", metrics, metadata={"ownerReferences": [owned_by(KEDA, "ScaledObject", "front")]})
    hpa = of_web(made, a_scaled_object("front", [BY_CPU, BY_QUEUE]))
    assert (hpa.name, hpa.scaled_by, hpa.utilization) == ("keda-hpa-front", "ScaledObject/front", {CPU: ALL})


@pytest.mark.parametrize(
    ("triggers", "expected"),
    [
        pytest.param([BY_CPU], {CPU: ALL}, id="utilization"),
        pytest.param([{"type": "memory", "metadata": {"type": "Utilization", "value": "60"}}], {MEMORY: ALL}, id="old"),
        pytest.param([{"type": "cpu", "metadata": {"value": "60"}}], {CPU: ALL}, id="unsaid"),
        pytest.param([{"type": "cpu", "metricType": "AverageValue", "metadata": {"value": "1"}}], {}, id="value"),
        pytest.param([{"type": "cpu", "metadata": {"type": "AverageValue", "value": "1"}}], {}, id="value-old"),
        pytest.param(
            [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60", "containerName": "app"}}],
            {CPU: {"app"}},
            id="of-a-container",
        ),
        pytest.param(
            [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60", "containerName": ""}}],
            {CPU: ALL},
            id="of-no-container",
        ),
        pytest.param([BY_QUEUE], {}, id="something-else"),
    ],
)
def test_a_scaled_object_that_has_no_hpa_yet(triggers: list[Json], expected: dict[Resource, frozenset[str]]) -> None:
    hpa = of_web(a_scaled_object("front", triggers))
    assert (hpa.name, hpa.scaled_by) == ("keda-hpa-front", "ScaledObject/front")
    assert (hpa.utilization, hpa.settled) == (expected, False)


@pytest.mark.parametrize(
    ("annotations", "settled"),
    [
        pytest.param({"autoscaling.keda.sh/paused": "true"}, True, id="paused"),
        pytest.param({"autoscaling.keda.sh/paused": "false"}, False, id="not-paused"),
        pytest.param({"autoscaling.keda.sh/paused-replicas": "0"}, True, id="paused-at-a-number"),
        pytest.param({}, False, id="nothing-said"),
    ],
)
def test_a_paused_scaled_object_still_counts(annotations: dict[str, str], settled: bool) -> None:
    """KEDA deletes its HPA, and makes it again when it is let go."""
    hpa = of_web(a_scaled_object("front", [BY_CPU], metadata={"annotations": annotations}))
    assert (hpa.utilization, hpa.settled) == ({CPU: ALL}, settled)


def test_an_hpa_that_was_handed_over_to_keda() -> None:
    """The ScaledObject names it, before KEDA has written itself down as its owner."""
    hpa = of_web(an_hpa("old", [PODS]), a_scaled_object("front", [BY_CPU], status={"hpaName": "old"}))
    assert (hpa.name, hpa.utilization) == ("old", {})


def test_a_scaled_object_of_another_kind() -> None:
    ref = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "api"}
    objects = a_scaled_object("front", [BY_CPU], ref)
    assert found(objects).keys() == {WorkloadKey("test", "shop", "Rollout", "api")}


def test_without_the_right_to_read_hpas_scaled_objects_speak_for_them() -> None:
    made = an_hpa("keda-hpa-front", metadata={"ownerReferences": [owned_by(KEDA, "ScaledObject", "front")]})
    (hpa,) = found(made, a_scaled_object("front", [BY_CPU]), HorizontalPodAutoscaler=FORBIDDEN)[WEB]
    assert hpa.utilization == {CPU: ALL}


# ----------------------------------------------------------------------------------------------------------------- VPAs


@pytest.mark.parametrize(
    ("spec", "modes"),
    [
        pytest.param({"updatePolicy": {"updateMode": "Recreate"}}, ["Recreate"], id="recreate"),
        pytest.param({"updatePolicy": {"updateMode": "InPlaceOrRecreate"}}, ["InPlaceOrRecreate"], id="in-place"),
        pytest.param({"updatePolicy": {"updateMode": "Auto"}}, ["Auto"], id="auto"),
        pytest.param({}, ["Recreate"], id="without-a-policy"),
        pytest.param({"updatePolicy": {"minReplicas": 1}}, ["Recreate"], id="without-a-mode"),
        pytest.param({"updatePolicy": {"updateMode": "Sometimes"}}, ["Sometimes"], id="a-mode-that-is-not-known"),
        pytest.param({"updatePolicy": {"updateMode": "Off"}}, [], id="off"),
        pytest.param({"updatePolicy": {"updateMode": "Initial"}}, [], id="initial-leaves-running-pods-alone"),
        pytest.param({"recommenders": [{"name": "vpa-inplace"}]}, [], id="ours"),
        pytest.param({"recommenders": [{"name": "frugal"}]}, ["Recreate"], id="somebody-elses"),
        pytest.param({"targetRef": None}, [], id="of-nothing"),
    ],
)
def test_foreign_vpas(spec: Json, modes: list[str]) -> None:
    vpa = an_object(VPA, "VerticalPodAutoscaler", "sizes", spec={"targetRef": ON_WEB} | spec)
    seen = views(*a_web(), vpa)
    acting = foreign_vpas(seen, Targets(seen, tops(seen), "test"))
    assert [(key, one.name, one.mode) for key, group in acting.items() for one in group] == [
        (WEB, "sizes", mode) for mode in modes
    ]
