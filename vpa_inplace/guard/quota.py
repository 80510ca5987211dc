"""What a namespace may ask for in all."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move, Refusal
from vpa_inplace.domain.pods import Container
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.guard import EVERY

_NOTHING = Amounts()


@dataclass(frozen=True, slots=True)
class ResourceQuota:
    """The API server would answer 403: exceeded quota.

    Only growth is charged, so a namespace that is over its quota already may still shrink. A container is charged with
    the largest of what its spec asks for, what the kubelet has set aside and what is in force: growing back while a
    shrink is on its way is free. Each pod is judged by itself: of several that fit only one by one, the last gets the
    API server's answer. Without a quota that was seen there is none.

    Source: quota/v1/evaluator/core/pods.go and apiserver/pkg/admission/plugin/resourcequota, CheckRequest.
    """

    reason: str = "ResourceQuota"
    judges: frozenset[Intent] = EVERY - {Intent.UNDO}

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:  # noqa: ARG002
        quotas = snapshot.around.quotas
        if not quotas:
            return None
        for quota in quotas.get(move.pod.namespace, ()):
            kinds = (
                ("requests", quota.hard_requests, quota.used_requests),
                ("limits", quota.hard_limits, quota.used_limits),
            )
            for kind, hard, used in kinds:
                for resource in Resource:
                    most = hard.get(resource)
                    if most is None:
                        continue
                    more = _more(move, kind, resource)
                    left = most - (used.get(resource) or 0)
                    if more > max(left, 0):
                        message = (
                            f"pod {move.pod} needs {human_amount(more, resource)} more of {kind}.{resource.key}, "
                            f"quota {quota.name} has {human_amount(max(left, 0), resource)} "
                            f"of {human_amount(most, resource)} left"
                        )
                        return Refusal(
                            self.reason, message, "a larger quota, or other pods of the namespace that shrink"
                        )
        return None


def _more(move: Move, kind: str, resource: Resource) -> int:
    """What the pod would be charged beyond what it is charged now."""
    containers = {container.name: container for container in move.pod.containers}
    return sum(_growth(containers.get(change.container), change, kind, resource) for change in move.changes)


def _growth(container: Container | None, change: Change, kind: str, resource: Resource) -> int:
    requests = kind == "requests"
    new = (change.requests if requests else change.limits).get(resource)
    if new is None:
        return 0
    old = (change.old_requests if requests else change.old_limits).get(resource) or 0
    held = _held(container, requests=requests, resource=resource)
    return max(new, held) - max(old, held)


def _held(container: Container | None, *, requests: bool, resource: Resource) -> int:
    """What the node still has set aside for a container, whatever its spec says by now."""
    if container is None:
        return 0
    told = (container.allocated, container.actual_requests) if requests else (container.actual_limits,)
    return max((amounts or _NOTHING).get(resource) or 0 for amounts in told)
