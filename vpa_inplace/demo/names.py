"""Names as Kubernetes gives them, always the same for the same thing: pods, ReplicaSets, Jobs and their owner chains."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"  # k8s.io/apimachinery/pkg/util/rand: no vowels, no words


@dataclass(frozen=True, slots=True)
class Owner:
    """A controller: of the pod, or of a controller nearer to it."""

    kind: str
    name: str


def pod_names(kind: str, name: str, replicas: int, *, born: int) -> tuple[list[str], tuple[Owner, ...]]:
    """Names of a generation's pods, and their owners from the pod's own controller up to the workload."""
    top = Owner(kind, name)
    if kind == "Deployment":
        replica_set = f"{name}-{suffix(name, born, 'template', length=10)}"
        return _with_suffix(replica_set, replicas, born), (Owner("ReplicaSet", replica_set), top)
    if kind == "StatefulSet":
        return [f"{name}-{i}" for i in range(replicas)], (top,)
    if kind == "CronJob":
        job = f"{name}-{born // 60}"  # minutes since the epoch, as the CronJob controller does
        return _with_suffix(job, replicas, born), (Owner("Job", job), top)
    if kind == "JobSet":
        job = f"{name}-workers-0"
        pods = [f"{job}-{i}-{suffix(job, born, i)}" for i in range(replicas)]  # an indexed Job
        return pods, (Owner("Job", job), top)
    return _with_suffix(name, replicas, born), (top,)


def suffix(*parts: object, length: int = 5) -> str:
    """Letters that look random and depend on nothing but ``parts``."""
    digest = sha256("/".join(map(str, parts)).encode()).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:length])


def uid(*parts: object) -> str:
    """A UID that depends on nothing but ``parts``."""
    return str(uuid5(NAMESPACE_DNS, "/".join(map(str, parts))))


def _with_suffix(stem: str, replicas: int, born: int) -> list[str]:
    return [f"{stem}-{suffix(stem, born, i)}" for i in range(replicas)]
