"""Which workload an object is about."""

from __future__ import annotations

from typing import Final

from vpa_inplace.api.objects.fields import ObjectName, Word
from vpa_inplace.api.objects.part import Part, Rule

_APPS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
_BATCH: Final = ("Job", "CronJob")
_CORE: Final = ("ReplicationController",)
KNOWN: Final = {
    **dict.fromkeys(_APPS, "apps/v1"),
    **dict.fromkeys(_BATCH, "batch/v1"),
    **dict.fromkeys(_CORE, "v1"),
}
"""Kinds of Kubernetes' own that keep pods, and their apiVersion."""


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _in_cel(kinds: tuple[str, ...]) -> str:
    return "self.kind in [" + ", ".join(f"'{kind}'" for kind in kinds) + "]"


class TargetRef(Part):
    """The workload whose pods are sized: the topmost controller above them."""

    kind: Word
    """Kind of the workload, such as Deployment."""
    name: ObjectName
    """Name of the workload, in the namespace of this object."""
    api_version: ObjectName | None = None
    """Its group and version, such as apps/v1; may be left out for Kubernetes' own kinds."""

    rules = (
        Rule(
            "a Pod is no target: name the Deployment, StatefulSet or other controller that keeps the pods",
            "self.kind != 'Pod'",
            lambda ref: ref.kind != "Pod",
        ),
        Rule(
            "apiVersion is needed for this kind: only those of apps, batch and ReplicationController are known without",
            f"has(self.apiVersion) || self.kind == 'Pod' || {_in_cel(tuple(KNOWN))}",
            lambda ref: ref.api_version is not None or ref.kind in {"Pod", *KNOWN},
        ),
        Rule(
            "apiVersion has no such kind: Deployment, StatefulSet, DaemonSet and ReplicaSet are of apps/v1, "
            "Job and CronJob of batch/v1, ReplicationController of v1",
            f"!has(self.apiVersion) || !({_in_cel(tuple(KNOWN))}) || ({_in_cel(_APPS)} ? self.apiVersion.startsWith"
            f"('apps/') : {_in_cel(_BATCH)} ? self.apiVersion.startsWith('batch/') : !self.apiVersion.contains('/'))",
            lambda ref: ref.kind not in KNOWN or _group(ref.group_version) == _group(KNOWN[ref.kind]),
        ),
    )

    @property
    def group_version(self) -> str:
        """What is written, else what the kind is known by."""
        return self.api_version or KNOWN.get(self.kind, "")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
