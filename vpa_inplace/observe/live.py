"""The source of the controller: objects from watches, usage from Prometheus, a little more of it each time.

When Prometheus is away the facts of the cluster go on, and usage grows old: the guards see its age. When the cluster is
away nothing can be said at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.snapshot import Slots, Snapshot
from vpa_inplace.history import History, evidence_of
from vpa_inplace.observe.from_prometheus import UsageSoFar
from vpa_inplace.observe.kubernetes.around import Place, surroundings, unseen
from vpa_inplace.observe.kubernetes.cache import Cache, Views
from vpa_inplace.observe.kubernetes.facts import NodeFacts, PodFacts
from vpa_inplace.observe.kubernetes.owners import Owners
from vpa_inplace.observe.kubernetes.pods import Node as WireNode
from vpa_inplace.observe.kubernetes.pods import Pod as WirePod
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings
from vpa_inplace.observe.source import Observation, Report, Scope, silent


@dataclass(slots=True, kw_only=True)
class LiveSource:
    """Looks at what the watches know and asks Prometheus for what is new. One thread's."""

    cache: Cache
    owners: Owners
    prometheus: PrometheusSettings
    switch: tuple[str, str] | None = None  # namespace and name of the ConfigMap that is the kill switch
    keep: Path | None = None  # the history on disk, for the next start
    clock: Callable[[], float] = time.time
    views: Views | None = None  # of the last look
    _pods: PodFacts | None = None
    _usage: UsageSoFar | None = None
    _offset: float = 0.0  # of Prometheus' clock against ours, in seconds, as last seen
    _warned: tuple[str, ...] = field(default=())

    def observe(self, scope: Scope, report: Report = silent) -> Observation:
        """See Source. ``now`` is Prometheus' time, also while it is away.

        Raises:
            SourceUnavailable: the pods have never been listed.
        """
        views = self.views = self.cache.views()
        seen = views.of(WirePod)
        if not seen.listed:
            raise SourceUnavailable(f"the pods of the cluster are not known yet: {seen.reason}")
        skips: list[Skip] = []
        nodes = NodeFacts.of(views.of(WireNode).objects.values(), skips)
        wired = list(seen.objects.values())
        if self._pods is None:
            self._pods = PodFacts(scope.cluster)
        tops = self.owners.tops(wired, views)
        pods = self._pods.of(wired, tops, nodes.systems, skips)
        # One that may belong to something larger is left alone: its true owner may forbid what this one would allow.
        sized = [pod for pod in pods if scope.covers(pod.namespace) and not tops[pod.uid].doubt]
        rows = Index.of(pod.key(c) for pod in sized for c in pod.containers if c.sized)
        history, warnings = self._history(sized, rows, report)
        now = datetime.fromtimestamp(self.clock() + self._offset, UTC)
        place = Place(cluster=scope.cluster, switch=self.switch)
        around = replace(surroundings(views, tops, place, now=now, skips=skips), unseen=unseen(views))
        snapshot = Snapshot(
            now=now,
            rows=rows,
            pods=pods,
            slots=Slots.of(pods, rows),
            evidence=evidence_of(history.until(now.timestamp()), now.timestamp()),
            nodes=nodes.nodes,
            around=around,
        )
        return Observation(snapshot=snapshot, history=history, skips=tuple(skips), warnings=warnings)

    def save(self) -> None:
        """The history to disk, for a quick start of the next process."""
        if self._usage is not None:
            self._usage.save()

    def _history(self, pods: list[Pod], rows: Index, report: Report) -> tuple[History, tuple[str, ...]]:
        if self._usage is None:
            self._usage = UsageSoFar(self.prometheus, self.keep)
        try:
            with PromClient(self.prometheus) as client:
                now = client.now()
                self._offset = now - self.clock()
                pulled, self._warned = self._usage.up_to(client, pods, rows, now, report)
            return pulled.history, self._warned
        except SourceUnavailable as error:
            known = self._usage.history
            history = self._unknown(rows) if known is None else known.on(rows)
            return history, (*self._warned, f"usage is not getting newer: {error}")

    def _unknown(self, rows: Index) -> History:
        """No usage at all: nothing shrinks for it, and what is under way is followed and taken back all the same."""
        step = self.prometheus.step
        return History.of(
            rows, start=int(self.clock()) // step * step, step=step, usage=np.empty((2, len(rows), 0), np.float32)
        )
