"""Which kinds an API server has, asked once in a while: their plural names, and whether they scale."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from vpa_inplace.observe.kubernetes.client import KubeClient, NotFound
from vpa_inplace.observe.kubernetes.kind import path_to

KEPT: Final = 600.0  # seconds: kubectl's discovery cache
SURE: Final = 60.0  # seconds that a kind is taken for missing: it may just have been installed


@dataclass(frozen=True, slots=True)
class Resource:
    """Where the objects of one kind are."""

    group_version: str
    plural: str
    namespaced: bool
    scales: bool  # has the subresource /scale

    def path(self, namespace: str, name: str, sub: str = "") -> str:
        return path_to(self.group_version, self.plural, namespace if self.namespaced else None, name, sub)


class Discovery:
    """The kinds of the groups that are asked for. Raises what KubeClient raises."""

    def __init__(self, client: KubeClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._groups: dict[str, tuple[float, Mapping[str, Resource]]] = {}  # asked when, by kind

    def find(self, group_version: str, kind: str) -> Resource | None:
        """Nothing where the server does not have the kind in this version."""
        asked, kinds = self._groups.get(group_version, (float("-inf"), {}))
        if self._clock() - asked > (KEPT if kind in kinds else SURE):
            kinds = self._ask(group_version)
            self._groups[group_version] = self._clock(), kinds
        return kinds.get(kind)

    def _ask(self, group_version: str) -> dict[str, Resource]:
        try:
            listed = self._client.decoded(path_to(group_version), _Resources).resources
        except NotFound:
            return {}
        names = {one.name for one in listed}
        return {
            one.kind: Resource(group_version, one.name, one.namespaced, f"{one.name}/scale" in names)
            for one in listed
            if "/" not in one.name
        }


class _Resource(msgspec.Struct):
    name: str
    kind: str
    namespaced: bool = True


class _Resources(msgspec.Struct):
    resources: list[_Resource]
