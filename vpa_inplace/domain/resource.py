"""The two resources that a running pod can be resized in; the axis 0 of every matrix."""

from enum import IntEnum


class Resource(IntEnum):
    """Index into axis 0 of every ``[2, n]`` matrix. CPU counts millicores, memory counts bytes."""

    CPU = 0
    MEMORY = 1

    @property
    def key(self) -> str:
        """The name Kubernetes uses in requests and limits."""
        return ("cpu", "memory")[self]
