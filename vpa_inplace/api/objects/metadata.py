"""What every object has: its version, its kind and its metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from vpa_inplace.api.objects.part import API_VERSION, Kept, Part
from vpa_inplace.api.objects.times import Moment


class ObjectMeta(Kept):
    """Kubernetes' own metadata: what we read of it; the rest is carried along."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    creation_timestamp: Moment | None = None


class Root(Part):
    """An object as a whole."""

    api_version: Literal["autoscaling.vpa-inplace.io/v1alpha1"] = API_VERSION
    kind: str
    metadata: ObjectMeta

    def written(self, only: Iterable[str] | None = None) -> dict[str, Any]:
        return {"apiVersion": self.api_version, "kind": self.kind} | super().written(only)
