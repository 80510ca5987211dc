"""The body of a resize: a strategic merge patch that names only what changes, bound to the pod that was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change
from vpa_inplace.domain.pods import ContainerKind, Pod
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource

CONTENT_TYPE = "application/strategic-merge-patch+json"


def patch_of(pod: Pod, changes: Sequence[Change]) -> dict[str, Any]:
    """A patch for ``pods/resize``.

    * Containers are merged by name, so those that are not named stay as they are. A JSON merge patch would replace the
      list and be refused ("resource limits cannot be removed").
    * uid and resourceVersion bind it to this pod as it was read: another pod of that name, or a change in between, is a
      409 or 422 and not a resize of something else.
    * Whole bytes and whole millicores: Kubernetes would store half a byte as it is.
    * No amount is ever taken away: a request removed would become the limit, silently.
    """
    kinds = {container.name: container.kind for container in pod.containers}
    spec: dict[str, list[dict[str, Any]]] = {}
    for change in changes:
        resources = {
            field: named
            for field, amounts in (("requests", change.requests), ("limits", change.limits))
            if (named := _quantities(amounts))
        }
        where = "initContainers" if kinds.get(change.container) is ContainerKind.SIDECAR else "containers"
        spec.setdefault(where, []).append({"name": change.container, "resources": resources})
    metadata = {"uid": pod.uid}
    if pod.resource_version is not None:
        metadata["resourceVersion"] = pod.resource_version
    return {"metadata": metadata, "spec": spec}


def _quantities(amounts: Amounts) -> dict[str, str]:
    return {r.key: format_amount(amount, r) for r in Resource if (amount := amounts.get(r)) is not None}
