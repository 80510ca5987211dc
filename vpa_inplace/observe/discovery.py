"""What every way of discovering pods gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Node, Pod
from vpa_inplace.observe.source import Scope

SHOWN: Final = 10  # names worth listing


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


def no_such_namespace(namespace: str, there: Iterable[str], what: str) -> UsageError:
    """The mistake of asking for a namespace that nobody knows; ``what`` says of whom: "does not exist on ..."."""
    names = sorted(there)
    near = get_close_matches(namespace, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names[:SHOWN]) or 'none'}"
    return UsageError(f"namespace {namespace!r} {what}; {hint}")


def empty_namespaces(pods: Iterable[Pod], scope: Scope) -> Iterator[str]:
    """A sentence for each namespace that was asked for and exists, and has nothing to size."""
    filled = {pod.namespace for pod in pods}
    matching = f" that match {scope.selector!r}" if scope.selector else ""
    for namespace in scope.namespaces:
        if namespace not in filled:
            yield f"namespace {namespace!r} has no live pods{matching}"
