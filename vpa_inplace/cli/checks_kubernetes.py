"""Is there access to a cluster, what version is it, and what may we do there?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from vpa_inplace.cli.checks import Check, fail, ok, warn
from vpa_inplace.domain.errors import SourceRefused, UsageError, VpaInplaceError
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.report.text import listed

REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RESIZES, LOWERS_MEMORY = 33, 34  # minor versions: resize is on by default; memory limits may fall (KEP-1287)


@dataclass(frozen=True, slots=True)
class Right:
    """Something we may want to do, and what it means when we may not."""

    verb: str
    group: str
    resource: str
    subresource: str
    needed: bool  # nothing can be recommended without it
    without: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'/' if self.subresource else ''}{self.subresource}"


RIGHTS: Final = (
    Right("list", "", "pods", "", True, "pods cannot be found"),
    Right("list", "apps", "replicasets", "", False, "each ReplicaSet counts as a workload of its own"),
    Right("list", "batch", "jobs", "", False, "each Job counts as a workload of its own"),
    Right("list", "", "nodes", "", False, "room on nodes is not known"),
    Right("patch", "", "pods", "resize", False, "recommendations only; acting on them needs it"),
)
ESSENTIAL: Final = frozenset({"kubeconfig", "connection", "list pods"})
"""Checks without which pods have to come from kube-state-metrics."""


class _Version(msgspec.Struct, rename="camel"):
    git_version: str = ""
    minor: str = ""


class _Status(msgspec.Struct):
    allowed: bool = False


class _Review(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


@dataclass(frozen=True, slots=True)
class KubernetesChecks:
    """Checks of one cluster. ``asked``: access was asked for, so its lack is a failure."""

    settings: KubeSettings
    namespaces: Sequence[str]  # none: all
    asked: bool

    def __call__(self) -> Iterator[Check]:
        try:
            client = KubeClient(self.settings)
        except UsageError as error:
            yield self._no_access("kubeconfig", str(error))
            return
        yield ok("kubeconfig", f"points at {client.server}")
        try:
            version = client.decoded("/version", _Version)
        except SourceRefused as error:
            yield fail("connection", str(error), "log in again, or go without the cluster: --no-cluster")
            return
        except VpaInplaceError as error:
            yield self._no_access("connection", str(error))
            return
        yield of_version(version.git_version, version.minor)
        for right in RIGHTS:
            yield self._of_right(client, right)

    def _no_access(self, name: str, message: str) -> Check:
        if self.asked:
            return fail(name, message, "mend it, or go without the cluster: --no-cluster")
        return warn(name, message, "pods come from kube-state-metrics alone")

    def _of_right(self, client: KubeClient, right: Right) -> Check:
        try:
            refused = [where for where in self._places(right) if not _allowed(client, right, where)]
        except VpaInplaceError as error:
            return warn(str(right), f"cannot be asked: {error}", "allow create on selfsubjectaccessreviews")
        if not refused:
            return ok(str(right), "allowed")
        where = f" in {listed(refused)}" if refused != [""] else ""
        todo = (
            f"a role with {right.verb} on {right.resource}{'/' if right.subresource else ''}{right.subresource}{where}"
        )
        message = f"not allowed{where}: {right.without}"
        return fail(str(right), message, todo) if right.needed else warn(str(right), message, todo)

    def _places(self, right: Right) -> Sequence[str]:
        """Namespaces to ask for; none is all of them, and nodes are in none."""
        return [""] if right.resource == "nodes" or not self.namespaces else self.namespaces


def of_version(text: str, minor: str) -> Check:
    """What a version can do. ``minor`` may carry a sign, as in 34+."""
    digits = "".join(c for c in minor if c.isdigit())
    if not digits:
        return warn("api server", f"answers, but tells no version ({text or 'nothing'})", "is it a Kubernetes API?")
    if int(digits) < RESIZES:
        message = f"{text}: no resize of running pods before 1.{RESIZES}, so recommendations only"
        return warn("api server", message, f"upgrade to 1.{RESIZES} or later to act on them")
    limits = "" if int(digits) >= LOWERS_MEMORY else f", memory limits cannot fall before 1.{LOWERS_MEMORY}"
    return ok("api server", f"{text}, resizes running pods{limits}")


def _allowed(client: KubeClient, right: Right, namespace: str) -> bool:
    attributes = {"verb": right.verb, "group": right.group, "resource": right.resource, "namespace": namespace}
    if right.subresource:
        attributes["subresource"] = right.subresource
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return msgspec.json.decode(client.request("POST", REVIEWS, body=body), type=_Review).status.allowed
