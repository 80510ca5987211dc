"""Who acts: a Lease that one replica holds, and a fence that is asked before every write.

The client package's own election goes on working after it has lost its lease when the connection breaks at the wrong
moment (kubernetes-client 37, leaderelection). Here a lease is something that expires by our own clock: `held` says yes
only as long as nobody else can have taken it, whatever the API server says or fails to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.observe.kubernetes import KubeClient

# client-go's defaults for controllers (leaderelection.go): 15 s, 10 s, 2 s.
DURATION: Final = 15.0
"""Seconds after which a silent holder's lease may be taken."""
FENCE: Final = 10.0
"""Seconds after the last renewal for which we take ourselves to hold it; the rest is air for a write on its way."""
RENEW: Final = 2.0
"""Seconds between renewals."""


class _Spec(msgspec.Struct, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Lease(msgspec.Struct):
    metadata: _Metadata
    spec: _Spec = msgspec.field(default_factory=_Spec)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record of another holder, and when we first saw it by our own clock: clocks of machines are not compared."""

    version: str
    at: float


class Lease:
    """Call ``renew`` every RENEW seconds, ask ``held`` before every write, ``release`` at the end.

    One thread renews; any thread may ask. ``clock`` is monotonic, in seconds.
    """

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        name: str,
        identity: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self._client, self._clock = client, clock
        self._list = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = name
        self._until = -1.0  # by our clock; before it nobody else can hold the lease
        self._other: _Seen | None = None
        self.holder = ""  # of the last answer
        self.term = 0  # grows each time that it is taken from nobody or from another

    @property
    def held(self) -> bool:
        """Whether a write may still go out."""
        return self._clock() < self._until

    def renew(self) -> bool:
        """Take it, or keep it. False: somebody else has it, or the API server did not answer; then `held` runs out.

        Raises:
            SourceUnavailable: the API server refuses or cannot be reached.
        """
        asked_at = self._clock()  # the fence counts from before the request: an answer may take its time
        lease = self._read()
        if lease is None:
            taken = self._write("POST", self._list, self._record(None))
        elif self._mine(lease) or self._free(lease):
            taken = self._write("PUT", f"{self._list}/{self._name}", self._record(lease))
        else:
            taken = False
        if taken:
            self._until = asked_at + FENCE
            self.term += lease is None or not self._mine(lease)
            self.holder = self.identity
        elif lease is not None and not self._mine(lease):
            self._until = -1.0
        return taken

    def release(self) -> None:
        """Give it back at once, so that the next one need not wait. No error if that fails: it expires anyway."""
        if not self.held:
            return
        self._until = -1.0
        try:
            lease = self._read()
            if lease is not None and self._mine(lease):
                record = self._record(lease)
                record["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                self._write("PUT", f"{self._list}/{self._name}", record)
        except SourceUnavailable:
            pass

    def _read(self) -> _Lease | None:
        from vpa_inplace.observe.kubernetes.client import NotFound

        try:
            lease = self._client.decoded(f"{self._list}/{self._name}", _Lease)
        except NotFound:
            return None
        self.holder = lease.spec.holder_identity or ""
        return lease

    def _mine(self, lease: _Lease) -> bool:
        return lease.spec.holder_identity == self.identity

    def _free(self, lease: _Lease) -> bool:
        """Nobody's, or its holder has been silent for a whole lease by our clock."""
        if not lease.spec.holder_identity:
            return True
        version = lease.metadata.resource_version
        if self._other is None or self._other.version != version:
            self._other = _Seen(version, self._clock())
        return self._clock() - self._other.at > (lease.spec.lease_duration_seconds or DURATION)

    def _record(self, before: _Lease | None) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        changes = before is not None and not self._mine(before)
        transitions = (before.spec.lease_transitions or 0) + changes if before is not None else 0
        metadata: dict[str, Any] = {"name": self._name}
        if before is not None:
            metadata["resourceVersion"] = before.metadata.resource_version  # two who try at once: one gets a 409
        spec: dict[str, Any] = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(DURATION),
            "renewTime": now,
            "leaseTransitions": transitions,
        }
        if before is None or changes:
            spec["acquireTime"] = now
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": metadata,
            "spec": spec,
        }

    def _write(self, method: str, path: str, record: dict[str, Any]) -> bool:
        answer = self._client.answer(method, path, None, record)
        if answer.status in {200, 201}:
            return True
        if answer.status == 409:  # another one was faster
            return False
        self._client.refuse(method, path, answer)
        return False
