"""A cluster of one pod a series, simulated: what a replay moves instead of a real one.

Each pod is Guaranteed with one container, request = limit. Growing and shrinking take ``delay`` steps. Memory follows
the common back-test protocol: usage above the limit is an OOM kill, after which the limit is at once raised to
max(1.2 x, + 100 MiB) and held there for a day, and a shrink below the last sample waits, as the kubelet makes it wait.
The kill is told to the brain as Kubernetes tells it, in the container's status.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.evidence import Evidence
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.moves import Move
from vpa_inplace.domain.oom import after_oom
from vpa_inplace.domain.pods import Container, Pod, QosClass, ResizeStatus
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Slots, Snapshot
from vpa_inplace.history.history import DAY
from vpa_inplace.recommend import Sizes

PLACEHOLDER: Final = (1, 2**20)
"""What a pod has of a resource of which nothing is known yet (a Guaranteed pod needs some of both). Nobody is shown it."""

QUIET: Final = ResizeStatus()
UNDER_WAY: Final = ResizeStatus(in_progress=True)
FAILING: Final = ResizeStatus(in_progress=True, failing=True, message="memory limit below current usage")

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class SimulatedCluster:
    """Pods of n series. ``spec`` is what was asked for last, ``in_force`` what the kubelet has made of it."""

    def __init__(self, rows: Index, *, step: int, delay: int = 0) -> None:
        n = len(rows)
        self.rows = rows
        self.step = step  # seconds
        self.born: Mask = np.zeros((2, n), np.bool_)
        self.spec: Int = np.repeat(np.array(PLACEHOLDER, np.int64)[:, None], n, axis=1)
        self.in_force: Float = np.full((2, n), np.nan)
        self._asked = deque([self.spec.copy() for _ in range(delay)])  # oldest first: what comes into force next
        self._held: Float = np.zeros(n)  # bytes, after an OOM
        self._held_until: Int = np.zeros(n, np.int64)  # epoch seconds of the last step for which it is held
        self._killed: dict[int, datetime] = {}  # rows killed in the last window; told once, the ledger remembers
        # what the kubelet says is in force: no word of sizes held after a kill
        self._told: npt.NDArray[np.signedinteger] = self.spec.copy()
        self._waits: Mask = np.zeros(n, np.bool_)  # a smaller memory limit that usage does not allow yet
        self._pods: list[Pod | None] = [None] * n
        self._stale: Mask = np.zeros(n, np.bool_)  # whose object is not what it would be if built now
        self._members: npt.NDArray[np.intp] = np.empty(0, np.intp)
        self._listed: tuple[Pod, ...] | None = None

    def bear(self, sizes: Sizes, who: Mask) -> None:
        """Pods (and their second resource, where it is seen later) are born at the size of the moment.

        Args:
            sizes: of this tick.
            who: [2, n] what may be born.
        """
        new = who & ~self.born & (sizes.target >= 0)
        if not new.any():
            return
        for amounts in (self.spec, *self._asked):
            np.copyto(amounts, np.maximum(sizes.target, 1), where=new)
        self.born |= new
        np.copyto(self._told, self.spec, where=new.any(axis=0))
        self._stale |= new.any(axis=0)

    def keep(self, alive: Mask) -> None:
        """Only these rows [n] have a pod now."""
        members = np.flatnonzero(alive & self.born.any(axis=0))
        if not np.array_equal(members, self._members):
            self._members, self._listed = members, None

    def snapshot(self, now: int, evidence: Evidence) -> Snapshot:
        """What a client of the API server would see at ``now`` (epoch seconds)."""
        if self._stale.any():
            self._build(np.flatnonzero(self._stale))
        if self._listed is None:
            self._listed = tuple(pod for row in self._members if (pod := self._pods[row]) is not None)
        members = self._members
        amounts = self.spec[:, members]
        slots = Slots(
            row=members,
            pod=np.arange(len(members)),
            place=np.zeros(len(members), np.intp),
            request=amounts,
            limit=amounts,
            guaranteed=np.ones(len(members), np.bool_),
        )
        when = datetime.fromtimestamp(now, UTC)
        return Snapshot(now=when, rows=self.rows, pods=self._listed, slots=slots, evidence=evidence)

    def resize(self, moves: Iterable[Move]) -> None:
        """Patch the pods' specs; the API server keeps what was asked for, whatever the kubelet makes of it."""
        for move in moves:
            for change in move.changes:
                for resource in Resource:
                    if (amount := change.requests.get(resource)) is not None:
                        self.spec[resource, change.row] = amount
                self._stale[change.row] = True

    def settle(self, now: int, used: npt.NDArray[np.floating]) -> Float:
        """The kubelet's part at ``now``: what is due comes into force. Returns [2, n] what was due, NaN where unborn.

        Args:
            now: epoch seconds.
            used: [n] bytes of memory in the window that ended now, NaN where unknown.
        """
        self._asked.append(self.spec.copy())
        asked = self._asked.popleft()
        due = np.where(self.born, asked, np.nan)
        want = due.copy()
        held = now <= self._held_until
        want[Resource.MEMORY, held] = np.fmax(want[Resource.MEMORY, held], self._held[held])
        waits = (want[Resource.MEMORY] < self.in_force[Resource.MEMORY]) & (used > want[Resource.MEMORY])
        want[Resource.MEMORY, waits] = self.in_force[Resource.MEMORY, waits]
        told = asked.copy()
        told[Resource.MEMORY, waits] = want[Resource.MEMORY, waits].astype(np.int64)
        self._stale |= (waits != self._waits) | (told != self._told).any(axis=0)
        self.in_force, self._told, self._waits = want, told, waits
        return due

    def live(self, now: int, killed: Mask) -> None:
        """One window from ``now`` on in which these containers [n] went over their memory limit and were killed."""
        if not (killed.any() or self._killed):
            return
        self._held[killed] = after_oom(self.in_force[Resource.MEMORY, killed])
        self._held_until[killed] = now + DAY
        when = datetime.fromtimestamp(now + self.step, UTC)
        self._stale[list(self._killed)] = True  # it is told once; the ledger remembers
        self._killed = {int(row): when for row in np.flatnonzero(killed)}
        self._stale |= killed

    def _build(self, rows: npt.NDArray[np.intp]) -> None:
        """New objects for these pods; all others stay as they are."""
        self._listed = None
        self._stale[rows] = False
        for row in rows.tolist():
            key = self.rows.keys[row]
            amounts = Amounts(int(self.spec[Resource.CPU, row]), int(self.spec[Resource.MEMORY, row]))
            actual = Amounts(int(self._told[Resource.CPU, row]), int(self._told[Resource.MEMORY, row]))
            container = Container(
                name=key.container,
                requests=amounts,
                limits=amounts,
                last_oom=self._killed.get(row),
                allocated=actual,
                actual_requests=actual,
                actual_limits=actual,
            )
            self._pods[row] = Pod(
                namespace=key.namespace,
                name=key.workload.name,
                uid=key.workload.name,
                workload=key.workload,
                containers=(container,),
                qos=QosClass.GUARANTEED,
                node="simulated",
                resize=FAILING if self._waits[row] else QUIET if actual == amounts else UNDER_WAY,
            )
