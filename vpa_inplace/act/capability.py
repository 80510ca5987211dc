"""What the API server offers and we may do there, asked again every minute: servers are upgraded, and rolled back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.surroundings import Capability
from vpa_inplace.observe.kubernetes import KubeClient

AGAIN: Final = 60.0  # seconds
SUBRESOURCE: Final = "pods/resize"
REVIEW: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class _Resource(msgspec.Struct):
    name: str = ""


class _Resources(msgspec.Struct):
    resources: list[_Resource] = []


class _Allowed(msgspec.Struct):
    allowed: bool = False


class _Review(msgspec.Struct):
    status: _Allowed = msgspec.field(default_factory=_Allowed)


@dataclass(slots=True)
class Capabilities:
    """Remembers the last answer. A server that does not answer has not lost what it had."""

    client: KubeClient
    _known: Capability = field(default_factory=Capability)
    _until: float = float("-inf")

    def look(self, now: float) -> Capability:
        """What is so at ``now``, in seconds of any clock."""
        if now < self._until:
            return self._known
        try:
            self._known = self._asked()
        except SourceUnavailable:
            return self._known
        self._until = now + AGAIN
        return self._known

    def _asked(self) -> Capability:
        served = self.client.decoded("/api/v1", _Resources)
        if not any(resource.name == SUBRESOURCE for resource in served.resources):
            return Capability(
                resize=False, reason=f"{self.client.server} does not serve {SUBRESOURCE}: it needs Kubernetes 1.33"
            )
        attributes: dict[str, Any] = {"verb": "patch", "resource": "pods", "subresource": "resize"}
        answer = self.client.request("POST", REVIEW, None, {"spec": {"resourceAttributes": attributes}})
        if msgspec.json.decode(answer, type=_Review).status.allowed:
            return Capability()
        return Capability(
            patch=False, reason=f"we may not patch {SUBRESOURCE} in all namespaces on {self.client.server}"
        )
