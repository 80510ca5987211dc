"""What the API server and the kubelet would refuse anyway; asked first so that the reason is ours and clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vpa_inplace.domain.moves import Change, Intent, Move, Refusal
from vpa_inplace.domain.pods import Container, QosClass, qos_with
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import EVERY

IN_PLACE: Final = (1, 33)
"""Kubernetes that resizes in place without being asked to (KEP-1287, beta and on)."""
MEMORY_LIMIT_FALLS: Final = (1, 34)
"""Kubelet that lets go of a memory limit without a restart (kubernetes/kubernetes #133012)."""
CLAIMS_KEPT: Final = (1, 37)
"""API server that leaves resources.claims alone in its check of a resize; 1.36.3 answers 422, 1.37.2 does not."""


@dataclass(frozen=True, slots=True)
class CapabilityMissing:
    """An API server that does not serve pods/resize, or not to us: older, rolled back, emulating, or without the right.

    Seen before anything is sent, so that we turn into an observer and back instead of collecting 404s and 403s. Where
    nobody has asked (the command line), nothing is missing.
    """

    reason: str = "CapabilityMissing"
    judges: frozenset[Intent] = EVERY

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        can = snapshot.around.capability
        if can.resize and can.patch:
            return None
        if not can.resize:
            message = can.reason or "the API server does not serve pods/resize"
            return Refusal(self.reason, message, "an API server of Kubernetes 1.33 or newer that serves pods/resize")
        message = can.reason or "we may not patch pods/resize"
        return Refusal(self.reason, message, "the verb patch on pods/resize in our role")


@dataclass(frozen=True, slots=True)
class NotResizable:
    """Static and Windows pods are refused by the API; a BestEffort pod can never be given anything by a resize.

    A pod that is being deleted could be resized, which would help nobody.

    Source: ValidatePodResize in k8s.io/kubernetes/pkg/apis/core/validation.
    """

    reason: str = "NotResizable"
    judges: frozenset[Intent] = EVERY

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        pod = move.pod
        if pod.static:
            return Refusal(self.reason, f"pod {pod} is a static pod", "a change of its manifest on the node")
        if pod.os != "linux":
            return Refusal(self.reason, f"pod {pod} runs on {pod.os}", "nothing: Kubernetes resizes Linux pods only")
        if pod.qos is QosClass.BEST_EFFORT:
            message = f"pod {pod} is BestEffort and a resize may not change its class"
            return Refusal(self.reason, message, "requests in the workload's template")
        if not pod.live:
            return Refusal(self.reason, f"pod {pod} is over ({pod.phase})", "its next pod")
        if pod.terminating:
            return Refusal(self.reason, f"pod {pod} is being deleted", "its next pod")
        return None


@dataclass(frozen=True, slots=True)
class QosClassWouldChange:
    """Source: ValidatePodResize, "Pod QOS Class may not change as a result of resizing"."""

    reason: str = "QosClassWouldChange"
    judges: frozenset[Intent] = EVERY

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        pod = move.pod
        if pod.qos is QosClass.BEST_EFFORT:
            return None  # NotResizable says it better
        after = {change.container: change.after() for change in move.changes}
        would_be = qos_with(after.get(c.name, (c.requests, c.limits)) for c in pod.containers)
        if would_be is pod.qos:
            return None
        message = f"pod {pod} would turn from {pod.qos} to {would_be}"
        return Refusal(self.reason, message, "controlledValues: RequestsAndLimits, or another class in the template")


@dataclass(frozen=True, slots=True)
class VersionForbids:
    """What this version of Kubernetes cannot do yet, read off the node's kubelet.

    * Before 1.33 nothing is resized in place.
    * 1.33 neither lowers nor adds a memory limit without a restart.
    * Before 1.37 no container of a pod with resource claims (DRA) can be resized: the check compares the claims away.

    A kubelet is never newer than its API server, so a new enough kubelet proves both. The other way round it is too
    strict where nodes lag behind their API server; that costs a resize until they are upgraded, not a pod. A node
    whose version is not known forbids nothing: the API server has the last word.

    Source: KEP-1287 and ValidatePodResize; each rule seen on 1.33.13, 1.34.4, 1.36.3 or 1.37.2.
    """

    reason: str = "VersionForbids"
    judges: frozenset[Intent] = EVERY

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        pod = move.pod
        node = snapshot.nodes.get(pod.node or "")
        if node is None or node.version is None or node.version >= CLAIMS_KEPT:
            return None
        runs = f"node {node.name} runs Kubernetes {_dotted(node.version)}"
        if node.version < IN_PLACE:
            message = f"{runs}, which cannot resize pod {pod} in place"
            return Refusal(self.reason, message, f"Kubernetes {_dotted(IN_PLACE)} or newer on the node")
        if pod.claims:
            message = f"{runs}, which refuses to resize pods with resource claims, as {pod} is"
            return Refusal(self.reason, message, f"Kubernetes {_dotted(CLAIMS_KEPT)}")
        if node.version < MEMORY_LIMIT_FALLS:
            for container in pod.containers:
                if (what := _forbidden_limit(container, move)) is not None:
                    message = f"{runs}, which {what} of container {container.name} of pod {pod} without a restart"
                    return Refusal(self.reason, message, f"Kubernetes {_dotted(MEMORY_LIMIT_FALLS)} or newer")
        return None


@dataclass(frozen=True, slots=True)
class RestartRequired:
    """A resize of a resource with resizePolicy RestartContainer kills the container: what in-place is there to avoid.

    No policy allows it, so it is refused whatever the direction, a rescue too: a restart now, for sure, against one
    that may come. An UNDO is not held back. There is none for a resize that was refused here, so it can only take back
    a resize that was allowed at its time; while that one hangs the undo restarts nothing, because the container still
    runs with the old size, and once it has done harm a restart is the smaller one.

    Requests count like limits: whether a kubelet restarts for a memory request alone depends on its version.
    """

    reason: str = "RestartRequired"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        for container in move.pod.containers:
            if container.restart_on_resize and (resource := _restarting(container, move)) is not None:
                message = f"container {container.name} of pod {move.pod} restarts when its {resource.key} is resized"
                return Refusal(self.reason, message, f"resizePolicy NotRequired for {resource.key} in the template")
        return None


def _restarting(container: Container, move: Move) -> Resource | None:
    """The resource whose change would restart the container, if there is one."""
    for change in move.changes:
        if change.container == container.name:
            return next((r for r in Resource if r in container.restart_on_resize and _touches(change, r)), None)
    return None


def _touches(change: Change, resource: Resource) -> bool:
    for old, new in ((change.old_requests, change.requests), (change.old_limits, change.limits)):
        amount = new.get(resource)
        if amount is not None and amount != old.get(resource):
            return True
    return False


def _forbidden_limit(container: Container, move: Move) -> str | None:
    """What 1.33 says to the container's new memory limit, if it says no."""
    change = next((change for change in move.changes if change.container == container.name), None)
    if change is None or Resource.MEMORY in container.restart_on_resize:
        return None
    old, new = change.old_limits.memory, change.limits.memory
    if new is None:
        return None
    amount = human_amount(new, Resource.MEMORY)
    if old is None:
        return f"cannot add a memory limit of {amount}"
    return f"cannot lower the memory limit from {human_amount(old, Resource.MEMORY)} to {amount}" if new < old else None


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
