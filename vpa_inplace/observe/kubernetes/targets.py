"""Which workloads another object means when it names one: an HPA, a VPA, a ScaledObject.

They may name what we size, the topmost controller of the pods, or something above or below it: the Deployment that an
operator keeps, the custom resource that owns without controlling. Where the chain between the two was not seen whole
they mean every workload of the namespace that it may be: who is wrongly taken for scaled is left alone, who is wrongly
taken for free is resized against somebody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.owners import Top
from vpa_inplace.observe.kubernetes.pods import ObjectMeta, OwnerReference, Pod
from vpa_inplace.workload.owners import MAX_DEPTH

_Named = tuple[str, str, str]
"""(namespace, kind, name). Kinds of two groups that share a name are taken for one, as keys of workloads do."""
_Keys = dict[WorkloadKey, None]
"""A set that keeps its order."""


class Targets:
    """Of one moment: made of the chains from all pods up to their topmost controllers."""

    def __init__(self, views: Views, tops: Mapping[str, Top], cluster: str) -> None:
        """``tops``: by the pods' uid."""
        self._views, self._cluster = views, cluster
        self._means: dict[_Named, _Keys] = defaultdict(dict)  # what was seen in a chain
        self._open: dict[str, _Keys] = defaultdict(dict)  # by namespace: chains that were not seen whole
        self._doubtful: dict[str, _Keys] = defaultdict(dict)  # by namespace: those whose owner could not be read
        seen: set[_Named] = set()
        for pod in views.of(Pod).objects.values():
            metadata = pod.metadata
            owner, top = metadata.controller, tops.get(metadata.uid)
            if owner is None or top is None:
                continue
            place = metadata.namespace, owner.kind, owner.name
            if place not in seen:
                seen.add(place)
                self._note(metadata.namespace, owner, top)

    def of(self, namespace: str, api_version: str, kind: str, name: str) -> tuple[WorkloadKey, ...]:
        """The workloads that something of this namespace means by this name.

        What is in no chain has no pods, or is in a part of a chain that was not seen. An object of a watched kind can
        be so only where an owner could not be read. Nothing is owned by another of its kind.
        """
        known = self._means.get((namespace, kind, name))
        if known:
            return tuple(known)
        watched = self._views.named(api_version, kind)
        perhaps = self._doubtful if watched is not None and watched[1].listed else self._open
        others = [key for key in perhaps.get(namespace, ()) if key.kind != kind]
        itself = self._above(namespace, OwnerReference(kind=kind, name=name, api_version=api_version))
        return tuple(dict.fromkeys((*itself, *others)))

    def top(self, kind: str, metadata: ObjectMeta) -> WorkloadKey:
        """The topmost controller of a workload: itself where it has none."""
        owner = metadata.controller
        if owner is None:
            return WorkloadKey(self._cluster, metadata.namespace, kind, metadata.name)
        return self._above(metadata.namespace, owner)[0]

    def _note(self, namespace: str, owner: OwnerReference, top: Top) -> None:
        """One chain: all that was seen of it means its top."""
        key, chain = top.key(self._cluster), self._climb(namespace, owner)
        for one in (*chain.controllers, *chain.others):
            self._means[namespace, one.kind, one.name][key] = None
        self._means[namespace, top.kind, top.name][key] = None
        if top.doubt:
            self._doubtful[namespace][key] = None
        if top.doubt or not chain.whole:
            self._open[namespace][key] = None

    def _above(self, namespace: str, owner: OwnerReference) -> tuple[WorkloadKey, ...]:
        """What is at the end of a chain that may have no pods below it; never nothing."""
        last = self._climb(namespace, owner).controllers[-1]
        known = self._means.get((namespace, last.kind, last.name))
        return tuple(known) if known else (WorkloadKey(self._cluster, namespace, last.kind, last.name),)

    def _climb(self, namespace: str, owner: OwnerReference) -> _Chain:
        """From an owner up through the kinds that are watched."""
        controllers: list[OwnerReference] = []
        others: list[OwnerReference] = []
        above: OwnerReference | None = owner
        while above is not None and len(controllers) < MAX_DEPTH:
            controllers.append(above)
            metadata = self._seen(namespace, above)
            if metadata is None:
                break
            others += [one for one in metadata.owner_references or () if not one.controller]
            above = metadata.controller
        return _Chain(controllers, others, whole=above is None)

    def _seen(self, namespace: str, owner: OwnerReference) -> ObjectMeta | None:
        watched = self._views.named(owner.api_version, owner.kind)
        if watched is None:
            return None
        kind, view = watched
        item = view.objects.get((namespace if kind.namespaced else "", owner.name))
        return None if item is None else item.metadata


@dataclass(frozen=True, slots=True)
class _Chain:
    controllers: list[OwnerReference]  # from the lowest to the highest that is known; at least one
    others: list[OwnerReference]  # that own one of these without controlling it
    whole: bool  # whether the highest was seen to have no controller
