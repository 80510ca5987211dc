"""What fields of Kubernetes objects mean to us; said once for lists and for watches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import ContainerKind, QosClass
from vpa_inplace.domain.quantity import parse_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.observe.kubernetes.objects import ContainerSpec, ContainerState, PodSpec, ResizePolicy

MIRROR: Final = "kubernetes.io/config.mirror"  # annotation of a static pod's mirror
OS_LABEL: Final = "kubernetes.io/os"  # of nodes, set by the kubelet; pods that choose by it name it in nodeSelector
SIZES: Final = 1 << 15  # pairs of amounts that are remembered; a fleet has a few thousand
CLASSES: Final = {str(qos): qos for qos in QosClass}


def amounts(quantities: Mapping[str, str] | None) -> Amounts:
    """CPU and memory of a list of quantities.

    Raises:
        QuantityError: one of them is no quantity.
    """
    return _amounts(quantities.get("cpu"), quantities.get("memory")) if quantities else _NOTHING


_NOTHING: Final = Amounts()


@lru_cache(maxsize=SIZES)
def _amounts(cpu: str | None, memory: str | None) -> Amounts:
    """Few sizes are told over and over: of each pod up to five times, of each of its siblings again."""
    return Amounts(
        None if cpu is None else parse_amount(cpu, Resource.CPU),
        None if memory is None else parse_amount(memory, Resource.MEMORY),
    )


def system_of(spec: PodSpec, systems: Mapping[str, str]) -> str:
    """What the pod says, then what its node says, then the node it asks for; Linux where nobody says anything."""
    said = spec.os.name if spec.os is not None else systems.get(spec.node_name or "")
    return said or (spec.node_selector or {}).get(OS_LABEL) or "linux"


def init_kind(container: ContainerSpec) -> ContainerKind:
    return ContainerKind.SIDECAR if container.restart_policy == "Always" else ContainerKind.INIT


_NONE: Final[frozenset[Resource]] = frozenset()


def restarting(policies: Iterable[ResizePolicy] | None) -> frozenset[Resource]:
    """Resources whose resize restarts the container."""
    if not policies:
        return _NONE
    named = {policy.resource_name for policy in policies if policy.restart_policy == "RestartContainer"}
    return frozenset(resource for resource in Resource if resource.key in named)


def last_kill(states: Iterable[ContainerState | None]) -> datetime | None:
    """When it was last killed for want of memory, as far as these states tell."""
    killed = [
        state.terminated.finished_at
        for state in states
        if state is not None and state.terminated is not None and state.terminated.reason == "OOMKilled"
        if state.terminated.finished_at is not None
    ]
    return max(killed, default=None)
