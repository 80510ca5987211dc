"""How a resize looks from outside: an answer against the table, a pod's sizes and conditions, a container's cgroup."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import cgroups
from tests.cluster.api import Answer
from tests.cluster.cluster import Cluster
from tests.cluster.conformance.answers import Expected

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
DRY_RUN = "?dryRun=All"
UNLIMITED = 1 << 60  # cgroup v1 writes "no limit" as a huge number of bytes
PERIOD = 100_000  # µs, the CFS period that kubelets use


def check(answer: Answer, expected: Expected, pod: str = "") -> re.Match[str]:
    """The answer is the expected one to the letter; the match gives the parts of its message that have names."""
    assert answer.code == expected.code, f"{answer.code} instead of {expected.code}: {answer.body}"
    if answer.code == 200:
        return re.fullmatch("", "")  # type: ignore[return-value]  # it matches
    match = re.fullmatch(expected.message, answer.body["message"])
    assert match, f"{answer.body['message']!r} is not {expected.message!r}"
    details = answer.body.get("details") or {}
    named = pod if expected.kind else None
    assert (answer.body["reason"], details.get("kind"), details.get("name")) == (expected.reason, expected.kind, named)
    assert match.groupdict().get("pod") in {None, pod}
    seen = [(cause.get("reason", ""), cause.get("field")) for cause in answer.causes]
    assert seen == [(cause.reason, cause.field) for cause in expected.causes]
    for cause, wanted in zip(answer.causes, expected.causes, strict=True):
        assert re.fullmatch(wanted.text, cause.get("message", "")), cause
    return match


def body(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"containers": list(containers)}}


def status_of(pod: Any, container: str = "main") -> Any:
    """The status of a container, of whichever list."""
    status = pod["status"]
    both = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    return next(one for one in both if one["name"] == container)


def condition(pod: Any, kind: str) -> Any:
    """The condition of this type, or None: a condition that is over is taken away, not set to False."""
    return next((one for one in pod["status"].get("conditions", []) if one["type"] == kind), None)


def waits(pod: Any, reason: str = "Deferred") -> bool:
    """Whether the newest size is pending for this reason. An older one's condition does not count."""
    found = condition(pod, PENDING)
    return found is not None and found["reason"] == reason and observed(found, pod)


def observed(holder: Any, pod: Any) -> bool:
    """Whether a condition or a status speaks of the newest spec, as far as it tells: 1.33 does not."""
    return bool(holder.get("observedGeneration", pod["metadata"]["generation"]) == pod["metadata"]["generation"])


def done(pod: Any) -> bool:
    """Whether a resize is over and in force: the test that code which resizes pods has to make.

    No single field tells: conditions are absent for some milliseconds after the PATCH, allocatedResources has no limits,
    and observedGeneration, which 1.33 has not, may be right while the cgroup is not yet.
    """
    resources = {one["name"]: one["resources"] for one in pod["spec"]["containers"]}
    return (
        not condition(pod, PENDING)
        and not condition(pod, IN_PROGRESS)
        and observed(pod["status"], pod)
        and all(_in_force(pod, name, wanted) for name, wanted in resources.items())
    )


def _in_force(pod: Any, name: str, wanted: Any) -> bool:
    status = status_of(pod, name)
    return bool(
        status.get("resources") == wanted and status.get("allocatedResources", {}) == wanted.get("requests", {})
    )


@dataclass(frozen=True, slots=True)
class Group:
    """The cgroup files of one running container, or of its pod: v1 or v2."""

    cpu: Path
    memory: Path

    @property
    def pod(self) -> Group:
        """What limits all containers of the pod together."""
        return Group(self.cpu.parent, self.memory.parent)

    def millicores(self) -> int | None:
        """The CPU limit, None if there is none."""
        with suppress(FileNotFoundError):
            quota = int((self.cpu / "cpu.cfs_quota_us").read_text())
            return None if quota < 0 else quota * 1000 // PERIOD
        quota_text, period = (self.cpu / "cpu.max").read_text().split()
        return None if quota_text == "max" else int(quota_text) * 1000 // int(period)

    def bytes(self) -> int | None:
        """The memory limit, None if there is none."""
        with suppress(FileNotFoundError):
            limit = int((self.memory / "memory.limit_in_bytes").read_text())
            return None if limit > UNLIMITED else limit
        text = (self.memory / "memory.max").read_text().strip()
        return None if text == "max" else int(text)

    def weight(self) -> int:
        """What the CPU request became: shares or weight, more for more."""
        for name in ("cpu.shares", "cpu.weight"):
            with suppress(FileNotFoundError):
                return int((self.cpu / name).read_text())
        raise FileNotFoundError(self.cpu)


def group(cluster: Cluster, pod: Any, container: str = "main") -> Group:
    """Where this container's limits are written. A restarted container has another one."""
    number = status_of(pod, container)["containerID"].rpartition("/")[2]
    kept = f"pod{pod['metadata']['uid']}/{number}"
    kubepods = [root / cluster.place.cgroup / "kubepods" for root in cgroups.hierarchies()]
    folders = [root / qos / kept for root in kubepods for qos in ("", "burstable", "besteffort")]

    def holds(*files: str) -> Path:
        found = (folder for folder in folders if any((folder / file).exists() for file in files))
        folder = next(found, None)
        assert folder, f"no cgroup of container {container} with one of {files}"
        return folder

    return Group(cpu=holds("cpu.shares", "cpu.weight"), memory=holds("memory.limit_in_bytes", "memory.max"))
