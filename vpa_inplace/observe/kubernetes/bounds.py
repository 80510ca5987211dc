"""What a namespace lets its pods have: ResourceQuotas for all together, LimitRanges for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import ceil
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import QuantityError
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.quantity import MAX_AMOUNT, parse_quantity
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.surroundings import LimitRange, Quota
from vpa_inplace.observe.kubernetes.cache import Views
from vpa_inplace.observe.kubernetes.kinds import LimitRange as LimitRangeObject
from vpa_inplace.observe.kubernetes.kinds import LimitRangeItem, ResourceQuota
from vpa_inplace.observe.kubernetes.pods import Quantities

PER_POD: Final = {"Container": False, "Pod": True}
"""Types of items that bound pods; others bound volumes."""

_NAMES: Final[Mapping[str, Mapping[Resource, tuple[str, ...]]]] = {
    "requests": {Resource.CPU: ("requests.cpu", "cpu"), Resource.MEMORY: ("requests.memory", "memory")},
    "limits": {Resource.CPU: ("limits.cpu",), Resource.MEMORY: ("limits.memory",)},
}
"""What a quota may call them; ``cpu`` is ``requests.cpu``, and where both are given both hold."""
_UNIT: Final = {Resource.CPU: 1000, Resource.MEMORY: 1}
_NOTHING: Final = Amounts()
_NONE: Final = Amounts(0, 0)


def quotas(views: Views, skips: list[Skip]) -> dict[str, tuple[Quota, ...]]:
    """By namespace; those that say nothing of CPU and memory are left out.

    * What holds is status.hard; what spec.hard says differently holds in a moment. The smaller of the two is taken.
    * What the quota controller has not counted yet is taken for used up: the API server refuses it too ("status unknown
      for quota"). So is a quota that cannot be read.
    * A quota with scopes counts some pods of the namespace only (NotBestEffort, Terminating, a PriorityClass), and
      which is not asked here: it is taken to count every pod, unless it has counted none, which ``used`` says. Whoever
      is outside its scope may so be refused growth that he could have had; nobody is sent into a 403. BestEffort alone
      never has amounts.

    Source: apiserver/pkg/admission/plugin/resourcequota/controller.go, CheckRequest.
    """
    view = views.of(ResourceQuota)
    found: dict[str, list[Quota]] = defaultdict(list)
    for (namespace, name), item in view.objects.items():
        try:
            quota = _quota(item)
        except QuantityError as error:
            skips.append(Skip(f"ResourceQuota {namespace}/{name}", "UnreadableResourceQuota", str(error)))
            quota = _used_up(namespace, name)
        if quota is not None:
            found[namespace].append(quota)
    for namespace, name in view.unreadable:
        found[namespace].append(_used_up(namespace, name))
    return {namespace: tuple(items) for namespace, items in found.items()}


def _quota(item: ResourceQuota) -> Quota | None:
    spec, status = item.spec, item.status
    scoped = bool(spec.scopes) or (spec.scope_selector is not None and bool(spec.scope_selector.match_expressions))
    hard: dict[str, Amounts] = {}
    used: dict[str, Amounts] = {}
    for kind, resources in _NAMES.items():
        most, taken = _NOTHING, _NOTHING
        for resource, names in resources.items():
            bounds = [amount for q in (status.hard, spec.hard) for amount in _given(q, names, resource)]
            if not bounds:
                continue
            counted = max(_given(status.used, names, resource), default=min(bounds))
            if scoped and not counted:
                continue
            most, taken = most.replace(resource, min(bounds)), taken.replace(resource, counted)
        hard[kind], used[kind] = most, taken
    if hard["requests"] == hard["limits"] == _NOTHING:
        return None
    return Quota(
        namespace=item.metadata.namespace,
        name=item.metadata.name,
        hard_requests=hard["requests"],
        hard_limits=hard["limits"],
        used_requests=used["requests"],
        used_limits=used["limits"],
    )


def _used_up(namespace: str, name: str) -> Quota:
    """Of a quota that cannot be read nothing is left."""
    return Quota(namespace=namespace, name=name, hard_requests=_NONE, hard_limits=_NONE)


def limit_ranges(views: Views, skips: list[Skip]) -> dict[str, tuple[LimitRange, ...]]:
    """Their items, by namespace; those that say nothing of CPU and memory are left out."""
    found: dict[str, list[LimitRange]] = defaultdict(list)
    for (namespace, name), item in views.of(LimitRangeObject).objects.items():
        try:
            found[namespace] += _items(item)
        except QuantityError as error:
            skips.append(Skip(f"LimitRange {namespace}/{name}", "UnreadableLimitRange", str(error)))
    return {namespace: tuple(items) for namespace, items in found.items() if items}


def _items(item: LimitRangeObject) -> list[LimitRange]:
    return [one for limit in item.spec.limits or () if limit.type in PER_POD for one in _item(item, limit)]


def _item(item: LimitRangeObject, limit: LimitRangeItem) -> Iterator[LimitRange]:
    ratios = limit.max_limit_request_ratio or {}
    found = LimitRange(
        namespace=item.metadata.namespace,
        name=item.metadata.name,
        per_pod=PER_POD[limit.type],
        minimum=_bounds(limit.min),
        maximum=_bounds(limit.max),
        max_ratio={r: float(parse_quantity(ratios[r.key])) for r in Resource if r.key in ratios},
        default_limits=_bounds(limit.default),
        default_requests=_bounds(limit.default_request),
    )
    bounds = (found.minimum, found.maximum, found.default_limits, found.default_requests)
    if found.max_ratio or any(one != _NOTHING for one in bounds):
        yield found


def _bounds(quantities: Quantities | None) -> Amounts:
    return Amounts(*(min(_given(quantities, (r.key,), r), default=None) for r in Resource))


def _given(quantities: Quantities | None, names: tuple[str, ...], resource: Resource) -> list[int]:
    """The amounts that are given under these names."""
    return [_bound(quantities[name], resource) for name in names if name in quantities] if quantities else []


@lru_cache(maxsize=1 << 12)
def _bound(text: str, resource: Resource) -> int:
    """Unlike of a container, more may be asked of a bound than Kubernetes can count: people write 1E for no bound."""
    return min(ceil(parse_quantity(text) * _UNIT[resource]), MAX_AMOUNT)
