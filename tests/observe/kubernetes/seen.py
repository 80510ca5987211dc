"""What the watches would know of some objects, given as the JSON of an API server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.kinds import KINDS, Pod
from vpa_inplace.observe.kubernetes.news import Reader
from vpa_inplace.observe.kubernetes.owners import Owners, Top
from vpa_inplace.observe.kubernetes.store import NEVER, State, View, key_of

Json = dict[str, Any]

APPS, BATCH, CORE = "apps/v1", "batch/v1", "v1"
HPA, VPA, KEDA = "autoscaling/v2", "autoscaling.k8s.io/v1", "keda.sh/v1alpha1"

Lost = tuple[State, str, float]
"""A state, its reason, and the age of what is known: NEVER where nothing is."""
FORBIDDEN: Lost = (State.FORBIDDEN, "these credentials may not list it", NEVER)


def an_object(api_version: str, kind: str, name: str, *, owner: Json | None = None, **body: Any) -> Json:
    """An object of the namespace shop; ``owner`` is an owner reference, see ``owned_by``."""
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{kind}-{name}", "resourceVersion": "1"}
    metadata |= {"ownerReferences": [owner]} if owner else {}
    metadata |= body.pop("metadata", {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata} | body


def owned_by(api_version: str, kind: str, name: str, *, controller: bool | None = True) -> Json:
    said = {} if controller is None else {"controller": controller, "blockOwnerDeletion": True}
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": f"uid-{kind}-{name}"} | said


def a_pod(name: str, owner: Json | None = None, **body: Any) -> Json:
    spec = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]}
    defaults: Json = {"spec": spec, "status": {"phase": "Running", "qosClass": "Burstable"}}
    return an_object(CORE, "Pod", name, owner=owner, **defaults | body)


def a_web(pods: int = 1, owner: Json | None = None) -> list[Json]:
    """A Deployment with a ReplicaSet and these pods."""
    return [
        an_object(APPS, "Deployment", "web", owner=owner),
        an_object(APPS, "ReplicaSet", "web-7", owner=owned_by(APPS, "Deployment", "web")),
        *(a_pod(f"web-7-{i}", owned_by(APPS, "ReplicaSet", "web-7")) for i in range(pods)),
    ]


def views(*objects: Json, **lost: Lost) -> Views:
    """All kinds, live, with these objects; ``lost``: by kind its state, the reason, and how old its objects are."""
    return Views({kind: _view(kind, objects, lost.get(kind.name, (State.LIVE, "", 0.0))) for kind in KINDS})


def _view(kind: Kind[Any], objects: tuple[Json, ...], told: Lost) -> View[Any]:
    here = [one for one in objects if (one["apiVersion"], one["kind"]) == (kind.group_version, kind.name)]
    body = json.dumps({"metadata": {"resourceVersion": "9"}, "items": here})
    page = Reader(kind, "https://test").page(body.encode())
    state, reason, age = told
    return View(
        objects={key_of(item.metadata): item for item in page.items if age < NEVER},
        unreadable=page.unreadable,
        state=state,
        reason=reason,
        age=age,
    )


def tops(seen: Views, known: Mapping[str, Top] = {}) -> dict[str, Top]:
    """Of every pod, by uid. ``known``: by the name of a pod's controller, where a kind is in between that nobody watches."""
    pods = seen.of(Pod).objects.values()
    told = {pod.metadata.uid: known.get(owner.name) for pod in pods if (owner := pod.metadata.controller) is not None}
    rest = [pod for pod in pods if told.get(pod.metadata.uid) is None]
    nobody: Any = None  # to ask: who is asked after all fails the test
    return {uid: top for uid, top in told.items() if top is not None} | Owners(nobody).tops(rest, seen)


def a_top(kind: str, name: str, api_version: str = "example.com/v1", doubt: str = "") -> Top:
    """In the namespace shop."""
    return Top(namespace="shop", api_version=api_version, kind=kind, name=name, uid=f"uid-{kind}-{name}", doubt=doubt)
