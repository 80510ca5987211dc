"""What stands in a cell of the reports for people; table, markdown and explain say it with the same words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report.document import Action, Amount, Document, Figures, Judged, Row, Skipped, State
from vpa_inplace.report.text import count, human, large, listed, signed

ABBREVIATED: Final = {"Deployment": "Deploy", "StatefulSet": "STS", "DaemonSet": "DS", "ReplicaSet": "RS"}
"""As kubectl abbreviates them, where that saves room."""


def shown(amount: Amount, resource: Resource) -> str:
    """An amount for people; ``unset``, ``?`` and ``0`` are three different things."""
    match amount.state:
        case State.UNSET:
            return "unset"
        case State.UNKNOWN:
            return "?"
        case State.SET:
            return human(amount.amount or 0, resource)


def change(figures: Figures, resource: Resource) -> str:
    """``500m → 180m (-960m)``: one pod now and then, and the difference over all pods; ``100m keep``; ``1Gi → ?``."""
    now = shown(figures.request, resource)
    match figures.action:
        case Action.KEEP:
            return f"{now} keep"
        case Action.NOT_CONTROLLED:
            return f"{now} not controlled"
        case Action.UNKNOWN:
            return f"{now} → ?"
    if figures.request == figures.recommended:
        return f"{now} keep"
    return f"{now} → {shown(figures.recommended, resource)} ({signed(figures.total.delta, resource)})"


def limit_change(figures: Figures, resource: Resource) -> str | None:
    """``limit 1 → 500m`` where the limit moves too."""
    if figures.limit == figures.recommended_limit or figures.recommended_limit.state is not State.SET:
        return None
    return f"limit {shown(figures.limit, resource)} → {shown(figures.recommended_limit, resource)}"


def reason(figures: Figures) -> str:
    """The sentence under the number: why the request is not the target, else what set the target."""
    return figures.note or figures.why.message


def starving(figures: Figures, resource: Resource) -> str | None:
    """``rescue: uses 322m now``."""
    if figures.action is not Action.RESCUE or figures.usage.newest is None:
        return None
    return f"rescue: uses {human(figures.usage.newest, resource)} now"


def bounds(figures: Figures, resource: Resource) -> str | None:
    """``lower 140m, target 164m, upper 210m``."""
    if figures.target.state is not State.SET:
        return None
    low, target, high = (shown(x, resource) for x in (figures.lower_bound, figures.target, figures.upper_bound))
    return f"lower {low}, target {target}, upper {high}"


def held(figures: Figures) -> str | None:
    """``shrink held: LowCoverage``: the guards that stand in the way."""
    return f"{figures.action} held: {', '.join(figures.guards)}" if figures.guards else None


def pods(row: Row) -> str:
    """The number of pods, and how many different sizes they have where it is more than one."""
    return str(row.pods) if len(row.variants) <= 1 else f"{row.pods}, {len(row.variants)} sizes"


def verdict(row: Row, judged: Judged) -> str:
    """``shrink of cpu, 2 of 3 pods``."""
    number = f"{judged.pods} of {count(row.pods, 'pod')}" if judged.pods != row.pods else count(row.pods, "pod")
    return f"{judged.intent} {listed(judged.resources)}, {number}"


def headline(document: Document) -> list[str]:
    """``12 containers in 30 pods · saves 3.1 cores, adds 1.2 GiB · 9 resizes pass all guards · 2 skipped``, in parts."""
    summary = document.summary
    parts = [f"{count(summary.containers, 'container')} in {count(summary.pods, 'pod')}"]
    if summary.containers:
        parts.append(_saved([summary.of(resource).delta for resource in Resource]))
        if summary.moves.refused:
            parts.append("now " + _saved([summary.of(resource).admitted_delta for resource in Resource]))
    moves = summary.moves
    held_back = f", {moves.refused} held back" if moves.refused else ""
    passing = "passes" if moves.admitted == 1 else "pass"
    parts.append(f"{count(moves.admitted, 'resize')} {passing} all guards{held_back}")
    if summary.unknown:
        parts.append(f"{summary.unknown} without data")
    parts.append(f"{summary.skipped} skipped")
    return parts


def _saved(deltas: Sequence[int]) -> str:
    """``saves 3.1 cores and 6.2 GiB``, ``saves 3.1 cores, adds 6.2 GiB``, ``saves nothing``."""
    saved = [large(-delta, resource) for resource, delta in zip(Resource, deltas, strict=True) if delta < 0]
    added = [large(delta, resource) for resource, delta in zip(Resource, deltas, strict=True) if delta > 0]
    parts = [f"{verb} {listed(amounts)}" for verb, amounts in (("saves", saved), ("adds", added)) if amounts]
    return ", ".join(parts) or "saves nothing"


def by_reason(skips: Iterable[Skipped]) -> Iterator[tuple[str, Sequence[Skipped]]]:
    """Skipped things by their reason, the most frequent reason first."""
    groups: dict[str, list[Skipped]] = {}
    for skip in skips:
        groups.setdefault(skip.reason, []).append(skip)
    yield from sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
