"""Names of the things that are sized: a container role of a workload, in a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vpa_inplace.domain.errors import UsageError

_CONTAINER_PARTS = 5


@dataclass(frozen=True, slots=True, order=True)
class WorkloadKey:
    """The topmost controller of a pod: ``cluster/namespace/kind/name``."""

    cluster: str
    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.cluster}/{self.namespace}/{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class ContainerKey:
    """A container role, the unit of sizing; its history outlives pods and rollouts."""

    workload: WorkloadKey
    container: str

    @classmethod
    def of(cls, cluster: str, namespace: str, kind: str, name: str, container: str) -> ContainerKey:
        return cls(WorkloadKey(cluster, namespace, kind, name), container)

    @classmethod
    def parse(cls, text: str) -> ContainerKey:
        """The inverse of ``str()``.

        Raises:
            UsageError: the text has not five parts.
        """
        parts = text.split("/")
        if len(parts) != _CONTAINER_PARTS or not all(parts):
            raise UsageError(f"{text!r} is no container key; write cluster/namespace/kind/name/container")
        return cls.of(*parts)

    @property
    def namespace(self) -> str:
        return self.workload.namespace

    def __str__(self) -> str:
        return f"{self.workload}/{self.container}"


@dataclass(frozen=True)
class Index:
    """The row order of every matrix: which container role stands in which row. Keys are unique."""

    keys: tuple[ContainerKey, ...]
    _row: dict[ContainerKey, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        row = {key: i for i, key in enumerate(self.keys)}
        if len(row) != len(self.keys):
            raise ValueError("keys of an index must be unique")
        object.__setattr__(self, "_row", row)

    @classmethod
    def of(cls, keys: Iterable[ContainerKey]) -> Index:
        """Sorted and without duplicates, so that two sources of the same facts agree on the rows."""
        return cls(tuple(sorted(set(keys))))

    def row(self, key: ContainerKey) -> int | None:
        return self._row.get(key)

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[ContainerKey]:
        return iter(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self._row
