"""A small cluster in which autoscalers are judged: Deployments web and api with pods, Deployment empty without."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.api.objects.examples import an_autoscaler
from tests.support.builders import NOON, WEB, a_container, a_pod, rows_of
from vpa_inplace.api.config import parse_config
from vpa_inplace.api.objects.claims import Claim, read_claim
from vpa_inplace.api.objects.resolve import Resolved, resolve
from vpa_inplace.api.objects.seen import Seen
from vpa_inplace.api.objects.times import spelled_time
from vpa_inplace.api.policies import NO_OVERRIDES, Overrides
from vpa_inplace.domain.keys import ContainerKey, WorkloadKey
from vpa_inplace.domain.pods import ContainerKind, Pod
from vpa_inplace.domain.policy import Policy
from vpa_inplace.workload.owners import Ref

API = replace(WEB, name="api")
PODS = (
    a_pod(a_container("app"), a_container("proxy"), a_container("migrate", kind=ContainerKind.INIT)),
    a_pod(a_container("app"), name="api-1", workload=API),
)
EMPTY = replace(WEB, name="empty")  # scaled to zero
ALL = frozenset({WEB, API, EMPTY})
REPLICA_SETS = {("shop", Ref("ReplicaSet", "web-7d9")): Ref("Deployment", "web")}


def a_claim(
    spec: dict[str, Any] | None = None, *, name: str = "web", created: datetime = NOON, **metadata: Any
) -> Claim:
    return read_claim(an_autoscaler(spec, name=name, creationTimestamp=spelled_time(created), **metadata))


def seen(*pods: Pod, workloads: frozenset[WorkloadKey] | None = ALL) -> Seen:
    pods = pods or PODS
    return Seen(cluster="test", rows=rows_of(pods), pods=pods, workloads=workloads, owners=REPLICA_SETS)


def resolved(*claims: Claim, config: str = "", flags: Overrides = NO_OVERRIDES, known: Seen | None = None) -> Resolved:
    return resolve(claims, parse_config(config), known or seen(), flags)


def policy(found: Resolved, container: str = "app", workload: WorkloadKey = WEB, known: Seen | None = None) -> Policy:
    row = (known or seen()).rows.row(ContainerKey(workload, container))
    assert row is not None
    return found.policies[row]


def reasons(found: Resolved, name: str = "web") -> list[str]:
    (one,) = (one for one in found.judged if one.claim.metadata.name == name)
    return [problem.reason for problem in one.problems]


IN_PLACE = {"updatePolicy": {"updateMode": "InPlace"}}
CONFIG = "defaults: {updatePolicy: {updateMode: InPlace, maxResizesPerDay: 4}, forecast: {risk: 2%}}"
