"""What the API server and the kubelet would refuse anyway; asked first so that the reason is ours and clear."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.pods import QosClass, qos_with
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import EVERY


@dataclass(frozen=True, slots=True)
class NotResizable:
    """Static and Windows pods are refused by the API; a BestEffort pod can never be given anything by a resize.

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
