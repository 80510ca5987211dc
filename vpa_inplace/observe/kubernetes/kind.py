"""What makes a kind of objects: its name, the struct that it is read as, and where an API server keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote

from vpa_inplace.observe.kubernetes.pods import Watched

Item = TypeVar("Item", bound=Watched)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Item]):
    """One kind."""

    group_version: str  # "v1", "apps/v1"
    name: str
    plural: str
    item: type[Item]
    namespaced: bool = True
    by_name_only: bool = False  # one is watched, never all: the others are nobody's business

    @property
    def group(self) -> str:
        return group_of(self.group_version)

    def path(self, namespace: str | None = None) -> str:
        """Where objects are listed: those of one namespace, or all."""
        return path_to(self.group_version, self.plural, namespace if self.namespaced else None)


def group_of(group_version: str) -> str:
    """``apps`` of ``apps/v1``; nothing of ``v1``."""
    return group_version.rpartition("/")[0]


def path_to(group_version: str, plural: str = "", namespace: str | None = None, name: str = "", sub: str = "") -> str:
    """Of a group's version, a kind, an object, a subresource: ``/apis/apps/v1/namespaces/shop/deployments/web/scale``."""
    root = f"apis/{group_version}" if "/" in group_version else f"api/{group_version}"
    above = () if namespace is None else ("namespaces", namespace)
    return f"/{root}" + "".join(f"/{quote(part, safe='')}" for part in (*above, plural, name, sub) if part)
