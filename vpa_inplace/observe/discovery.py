"""What every way of discovering pods gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Node, Pod


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """Live pods of a scope, and the nodes that could be read."""

    pods: tuple[Pod, ...]
    nodes: Mapping[str, Node] = field(default_factory=dict)
    skips: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()


def not_sized(pods: Iterable[Pod]) -> Iterator[Skip]:
    """Ordinary init containers, once per role."""
    keys = dict.fromkeys(pod.key(container) for pod in pods for container in pod.containers if not container.sized)
    for key in keys:
        yield Skip(str(key), "InitContainer", "an ordinary init container is over before there is anything to size")
