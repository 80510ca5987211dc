"""The topmost controller of each pod: up through the kinds that are watched, and by a GET through those that are not.

An owner that cannot be read ends the chain at what is known, with the reason; whoever sizes such a pod knows then that
it may belong to something larger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from vpa_inplace.domain.errors import SourceRefused, SourceUnavailable
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.client import KubeClient, NotFound
from vpa_inplace.observe.kubernetes.kind import path_to
from vpa_inplace.observe.kubernetes.pods import ObjectMeta, OwnerReference, Pod
from vpa_inplace.observe.kubernetes.resources import Discovery, Resource
from vpa_inplace.workload.owners import MAX_DEPTH

FOUND: Final = 3600.0  # seconds that an owner of a kind that is not watched is believed in; adoption is rare
REFUSED: Final = 300.0  # seconds before one that could not be read, or was gone, is asked for again
LOST: Final = 30.0  # seconds before the server is asked again after it did not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The topmost controller that is known: the pod itself where it has none."""

    namespace: str
    api_version: str
    kind: str
    name: str
    uid: str
    doubt: str = ""  # why there may be another above it; empty: there is none

    def key(self, cluster: str) -> WorkloadKey:
        return WorkloadKey(cluster, self.namespace, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Scale:
    """What /scale says of a workload of any kind."""

    desired: int
    current: int
    selector: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a GET told of an owner: who owns it, or why that is not known."""

    found: ObjectMeta | str
    until: float  # when to ask again


_Who = tuple[str, str, str, str, str]


class Owners:
    """Remembers what it asked for; one thread's."""

    def __init__(self, client: KubeClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._discovery = Discovery(client, clock=clock)
        self._answers: dict[_Who, _Answer] = {}
        self._silent_until = float("-inf")  # the server did not answer; a tick does not wait for it again and again

    def tops(self, pods: Iterable[Pod], views: Views) -> dict[str, Top]:
        """By the pods' uid."""
        tops: dict[str, Top] = {}
        known: dict[_Who, Top] = {}  # of a pod's own controller
        used: dict[_Who, _Answer] = {}
        for pod in pods:
            metadata = pod.metadata
            owner = metadata.controller
            if owner is None:
                itself = OwnerReference(kind="Pod", name=metadata.name, uid=metadata.uid)
                tops[metadata.uid] = _top(metadata.namespace, itself)
                continue
            who = _who(metadata.namespace, owner)
            if who not in known:
                known[who] = self._climb(metadata.namespace, owner, views, used)
            tops[metadata.uid] = known[who]
        self._answers = used  # owners that nobody has any more are forgotten
        return tops

    def scale(self, top: Top) -> Scale | None:
        """The replicas of a workload of any kind; nothing where its kind does not scale. Raises what KubeClient raises."""
        resource = self._discovery.find(top.api_version, top.kind)
        if resource is None or not resource.scales:
            return None
        said = self._client.decoded(resource.path(top.namespace, top.name, "scale"), _Scale)
        return Scale(said.spec.replicas, said.status.replicas, said.status.selector)

    def _climb(self, namespace: str, owner: OwnerReference, views: Views, used: dict[_Who, _Answer]) -> Top:
        for _ in range(MAX_DEPTH):
            found = _watched(namespace, owner, views)
            if found is None:
                who = _who(namespace, owner)
                answer = used[who] = used.get(who) or self._answer(namespace, owner, views)
                found = answer.found
            if isinstance(found, str):
                return _top(namespace, owner, found)
            if found.controller is None:
                return _top(namespace, owner)
            owner = found.controller
        return _top(namespace, owner, f"the owners of {_named(namespace, owner)} do not come to an end")

    def _answer(self, namespace: str, owner: OwnerReference, views: Views) -> _Answer:
        before = self._answers.get(_who(namespace, owner))
        now = self._clock()
        if before is not None and now < before.until:
            return before
        if now >= self._silent_until:
            try:
                return self._asked(namespace, owner, views)
            except SourceUnavailable as error:
                why = str(error)
                self._silent_until = now + LOST
        else:
            why = "the server did not answer lately"
        if before is not None:
            return before
        return _Answer(f"{_named(namespace, owner)} cannot be read: {why}", now)

    def _asked(self, namespace: str, owner: OwnerReference, views: Views) -> _Answer:
        """A GET. Raises SourceUnavailable where the server does not answer."""
        later, which = self._clock() + REFUSED, _named(namespace, owner)
        try:
            path = self._path(namespace, owner, views)
            if path is None:
                return _Answer(f"{which}: the server has no kind {owner.kind} in {owner.api_version}", later)
            metadata = self._client.decoded(path, _Bare).metadata
        except NotFound:
            return _Answer(f"{which} is gone", later)
        except SourceRefused as error:
            return _Answer(f"{which} may not be read, so whatever owns it is not known: {error}", later)
        if metadata.uid != owner.uid:
            return _Answer(f"{which} is gone, and another has its name", later)
        return _Answer(metadata, self._clock() + FOUND)

    def _path(self, namespace: str, owner: OwnerReference, views: Views) -> str | None:
        watched = views.named(owner.api_version, owner.kind)
        if watched is not None:  # then nobody needs to be asked where it is
            kind = watched[0]
            return path_to(kind.group_version, kind.plural, namespace if kind.namespaced else None, owner.name)
        resource: Resource | None = self._discovery.find(owner.api_version, owner.kind)
        return None if resource is None else resource.path(namespace, owner.name)


def _watched(namespace: str, owner: OwnerReference, views: Views) -> ObjectMeta | str | None:
    """The owner as the watch of its kind last saw it, or why that cannot be; nothing where a GET is needed to know."""
    watched = views.named(owner.api_version, owner.kind)
    if watched is None:
        return None
    kind, view = watched
    if not view.listed:  # asking for each by itself would be thousands of requests
        return f"whatever owns {_named(namespace, owner)} is not known: {kind.plural}: {view.reason}"
    item = view.objects.get((namespace if kind.namespaced else "", owner.name))
    if item is None or item.metadata.uid != owner.uid:  # gone, or too new for the watch
        return None
    metadata: ObjectMeta = item.metadata
    return metadata


def _top(namespace: str, owner: OwnerReference, doubt: str = "") -> Top:
    return Top(
        namespace=namespace,
        api_version=owner.api_version,
        kind=owner.kind,
        name=owner.name,
        uid=owner.uid,
        doubt=doubt,
    )


def _who(namespace: str, owner: OwnerReference) -> _Who:
    """All of it: whoever makes a pod may write any uid beside any name."""
    return namespace, owner.api_version, owner.kind, owner.name, owner.uid


def _named(namespace: str, owner: OwnerReference) -> str:
    return f"{owner.kind} {namespace}/{owner.name}"


class _Bare(msgspec.Struct):
    metadata: ObjectMeta


class _Desired(msgspec.Struct):
    replicas: int = 0


class _Current(msgspec.Struct):
    replicas: int = 0
    selector: str = ""


class _Scale(msgspec.Struct):
    spec: _Desired = msgspec.field(default_factory=_Desired)
    status: _Current = msgspec.field(default_factory=_Current)
