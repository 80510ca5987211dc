"""Workloads and containers as users name them: ``NS/KIND/NAME[/CONTAINER]``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import ContainerKey

SHORT: Final = {
    "deploy": "deployment",
    "sts": "statefulset",
    "ds": "daemonset",
    "rs": "replicaset",
    "rc": "replicationcontroller",
    "cj": "cronjob",
    "po": "pod",
}
"""kubectl's short names; it also takes plurals and any case."""
SHOWN: Final = 5  # names worth repeating


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for; without ``container`` it is every container of the workload."""

    namespace: str
    kind: str
    name: str
    container: str | None = None

    @classmethod
    def parse(cls, text: str) -> Asked:
        """``NS/KIND/NAME``, ``NS/KIND/NAME/CONTAINER``, or a whole key as reports show it, with the cluster in front.

        Raises:
            UsageError: none of these.
        """
        parts = text.split("/")
        if len(parts) == 5:
            parts = parts[1:]
        if not 3 <= len(parts) <= 4 or not all(parts):
            raise UsageError(
                f"{text!r}: write it like shop/Deployment/web, or shop/Deployment/web/app for one container"
            )
        return cls(*parts)

    def among(self, keys: Iterable[ContainerKey]) -> list[ContainerKey]:
        """The keys that are meant.

        Raises:
            UsageError: none is; names the nearest.
        """
        keys = list(keys)
        of_workload = [key for key in keys if self._is(key)]
        found = [key for key in of_workload if self.container in {None, key.container}]
        if found:
            return found
        if of_workload:
            names = [key.container for key in of_workload]
            raise UsageError(f"{self} has no container {self.container!r}; it has {', '.join(names)}")
        raise UsageError(f"there is no {self} with a live pod{self._hint(keys)}")

    def _is(self, key: ContainerKey) -> bool:
        workload = key.workload
        return (
            workload.namespace == self.namespace
            and workload.kind.casefold() == _kind(self.kind, workload.kind)
            and workload.name == self.name
        )

    def _hint(self, keys: Iterable[ContainerKey]) -> str:
        names = sorted({f"{key.workload.namespace}/{key.workload.kind}/{key.workload.name}" for key in keys})
        short = [name.rpartition("/")[2] for name in names]
        alike = set(get_close_matches(self.name, short, n=SHOWN))
        near = [name for name, last in zip(names, short, strict=True) if last in alike]
        if near:
            return f"; did you mean {' or '.join(near[:SHOWN])}?"
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"; namespace {self.namespace} has {', '.join(names[:SHOWN])}{more}" if names else ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.kind}/{self.name}"


def _kind(asked: str, there: str) -> str:
    """A kind as it stands in keys, in small letters; also for kubectl's short name or plural of ``there``."""
    word = asked.casefold()
    word = SHORT.get(word, word)
    return there.casefold() if word in {f"{there.casefold()}s", f"{there.casefold()}es"} else word
