"""What every way of discovering pods gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Node, Pod
from vpa_inplace.observe.source import Scope


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


def left_out(namespaces: Iterable[str], scope: Scope) -> Iterator[Skip]:
    """Namespaces that hold pods and are excluded by default; who asked for namespaces by name knows what is left out."""
    if scope.namespaces:
        return
    for namespace in sorted({name for name in namespaces if not scope.covers(name)}):
        yield Skip(namespace, "NamespaceExcluded", "left out by default; name it with -n to include it")
