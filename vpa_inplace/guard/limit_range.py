"""What a namespace lets one container, or one pod, have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.domain.surroundings import LimitRange as Item
from vpa_inplace.guard.guard import EVERY

_NOTHING: Final = (Amounts(), Amounts())


@dataclass(frozen=True, slots=True)
class _Sized:
    """A container, or a whole pod, as it would be after the move."""

    who: str
    requests: Amounts
    limits: Amounts


@dataclass(frozen=True, slots=True)
class LimitRange:
    """The API server would answer 403, or 200 and give a container limits that nobody asked for.

    All containers of the pod are checked, as the API server checks them: one that was there before the LimitRange and
    breaks it keeps the whole pod from being resized. A maximum or a ratio also demands that there is a limit.

    Defaults are the silent part: a resize of any container adds them to every container without a request or a limit
    (seen from 1.33 to 1.37), and a memory limit out of the blue is an OOM kill out of the blue. Without a LimitRange
    that was seen there is none.

    Source: plugin/pkg/admission/limitranger PodMutateLimitFunc and PodValidateLimitFunc.
    """

    reason: str = "LimitRange"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        ranges = snapshot.around.limit_ranges
        if not ranges:
            return None
        items = ranges.get(move.pod.namespace, ())
        if not items:
            return None
        containers, pod = _after(move)
        for item in items:
            for resource in Resource:
                for sized in (pod,) if item.per_pod else containers:
                    if not item.per_pod and (added := _added(item, sized, resource)):
                        message = f"{sized.who} would be given {added} by the defaults of LimitRange {item.name}"
                        way_out = f"{resource.key} requests and limits in the workload's template, or no such default"
                        return Refusal(self.reason, message, way_out)
                    if broken := next(_broken(item, sized, resource), None):
                        message = f"{sized.who} would have {broken} by LimitRange {item.name}"
                        return Refusal(
                            self.reason, message, "minAllowed and maxAllowed within it, or another LimitRange"
                        )
        return None


def _after(move: Move) -> tuple[list[_Sized], _Sized]:
    """Every container, and the pod as the sum of them: of sidecars and containers, or the largest init container."""
    pod, after = move.pod, {change.container: change.after() for change in move.changes}
    together, first, containers = [_NOTHING], [_NOTHING], []
    for c in pod.containers:
        sized = _Sized(f"container {c.name} of pod {pod}", *after.get(c.name, (c.requests, c.limits)))
        containers.append(sized)
        (together if c.sized else first).append((sized.requests, sized.limits))
    requests, limits = (_most(_sum(one[which] for one in together), *(one[which] for one in first)) for which in (0, 1))
    return containers, _Sized(f"pod {pod}", requests, limits)


def _added(item: Item, sized: _Sized, resource: Resource) -> str | None:
    """What the API server would add to a container that has none."""
    for what, have, default in (
        ("limit", sized.limits, item.default_limits),
        ("request", sized.requests, item.default_requests),
    ):
        amount = default.get(resource)
        if amount is not None and have.get(resource) is None:
            return f"a {resource.key} {what} of {human_amount(amount, resource)}"
    return None


def _broken(item: Item, sized: _Sized, resource: Resource) -> Iterator[str]:
    """Each rule that the amounts break, in words that follow "would have"."""
    request, limit = sized.requests.get(resource), sized.limits.get(resource)
    least, most, ratio = item.minimum.get(resource), item.maximum.get(resource), item.max_ratio.get(resource)
    for what, amount in (("request", request), ("limit", limit)):
        told = None if amount is None else f"a {resource.key} {what} of {human_amount(amount, resource)}"
        if least is not None and amount is not None and amount < least:
            yield f"{told}, and must have at least {human_amount(least, resource)}"
        if most is not None and amount is not None and amount > most:
            yield f"{told}, and may have at most {human_amount(most, resource)}"
    if least is not None and request is None:
        yield f"no {resource.key} request, and must have at least {human_amount(least, resource)}"
    if most is not None and limit is None:
        yield f"no {resource.key} limit, and may have at most {human_amount(most, resource)}"
    if ratio is None:
        return
    if not request or not limit:
        yield f"no {resource.key} request or limit, and must have a limit of at most {ratio:g} times the request"
    elif limit > ratio * request:
        yield f"a {resource.key} limit of {limit / request:.1f} times the request, and may have {ratio:g} times"


def _sum(amounts: Iterator[Amounts]) -> Amounts:
    """What is set of each, added up; not set where nobody sets it."""
    total = Amounts()
    for one in amounts:
        total = Amounts(*(_plus(total.get(r), one.get(r)) for r in Resource))
    return total


def _plus(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def _most(*amounts: Amounts) -> Amounts:
    return Amounts(*(max((a for x in amounts if (a := x.get(r)) is not None), default=None) for r in Resource))
