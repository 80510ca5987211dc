"""The source `prometheus`: objects from the cluster or from kube-state-metrics, usage from Prometheus."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.keys import ContainerKey, Index, WorkloadKey
from vpa_inplace.domain.pods import Pod
from vpa_inplace.domain.snapshot import Slots, Snapshot
from vpa_inplace.history import History, evidence_of
from vpa_inplace.history.history import DAY
from vpa_inplace.observe.discovery import Discovered, empty_namespaces, no_such_namespace
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes import discover as from_kubernetes
from vpa_inplace.observe.latency import pull_latency
from vpa_inplace.observe.prometheus import PromClient, PrometheusSettings, Pulled, owners_over_window, pull_usage
from vpa_inplace.observe.prometheus.queries import CPU, MEMORY
from vpa_inplace.observe.source import Observation, Report, Scope, silent
from vpa_inplace.observe.state_metrics import discover as from_state_metrics
from vpa_inplace.observe.store import load_or_start_cold, save_history
from vpa_inplace.workload.owners import Owners, topmost

OVERLAP: Final = 600  # seconds asked for again: late samples of the last windows
NO_OWNERS: Final = (
    "no kube_pod_owner series: history starts with the pods that live now; is kube-state-metrics scraped?"
)
ENOUGH: Final = 0.95  # of the history asked for; less is worth a word


@dataclass(frozen=True, slots=True)
class PrometheusSource:
    """Usage from a Prometheus; ``kube`` is the cluster its pods are in, ``None`` when there is no access to it."""

    settings: PrometheusSettings
    kube: KubeSettings | None = None
    cache: Path | None = None  # the history is kept there, and only what is new is asked for

    def observe(self, scope: Scope, report: Report = silent) -> Observation:
        """See :class:`~vpa_inplace.observe.source.Source`; ``now`` is the server's, or the moment of the settings."""
        with PromClient(self.settings) as client:
            now = client.now()
            end = int(now) - int(now) % self.settings.step
            span = int(self.settings.history.total_seconds())
            seen = self._discovered(client, scope, now, report)
            if not seen.pods:
                _explain_emptiness(client, scope, end)
            rows = Index.of(pod.key(c) for pod in seen.pods for c in pod.containers if c.sized)
            usage = UsageSoFar(self.settings, self.cache)
            pulled, warnings = usage.up_to(client, seen.pods, rows, now, report)
            usage.save()
            namespaces = sorted({pod.namespace for pod in seen.pods})
            latency, unread = pull_latency(client, namespaces, end=end, report=report)
        moment = datetime.fromtimestamp(now, UTC)
        snapshot = Snapshot(
            now=moment,
            rows=rows,
            pods=seen.pods,
            slots=Slots.of(seen.pods, rows),
            evidence=evidence_of(pulled.history.until(moment), moment.timestamp()),
            nodes=seen.nodes,
            latency=latency,
        )
        return Observation(
            snapshot=snapshot,
            history=pulled.history,
            skips=seen.skips,
            warnings=(
                *seen.warnings,
                *empty_namespaces(seen.pods, scope),
                *warnings,
                *_about(pulled, end, span),
                *unread,
            ),
            cleaned=pulled.cleaned,
        )

    def _discovered(self, client: PromClient, scope: Scope, now: float, report: Report) -> Discovered:
        if self.kube is not None:
            return from_kubernetes(KubeClient(self.kube), scope, report)
        return from_state_metrics(client, scope, owners_over_window(client, now, OVERLAP), now, report)


class UsageSoFar:
    """The history that grows: from disk at first where it is kept there, then only what is new is asked for."""

    def __init__(self, settings: PrometheusSettings, keep: Path | None = None) -> None:
        self.history: History | None = None
        self.pulled_to = 0  # epoch seconds; what a file holds may be older than it says
        self._settings, self._keep, self._read = settings, keep, False

    def up_to(
        self, client: PromClient, pods: Sequence[Pod], rows: Index, now: float, report: Report = silent
    ) -> tuple[Pulled, tuple[str, ...]]:
        """Usage of these pods' containers up to the last step that has ended, with warnings for the user."""
        end = int(now) - int(now) % self._settings.step
        since = end - int(self._settings.history.total_seconds())
        old, warning = self._old(since, end)
        warnings = [] if warning is None else [warning]
        if self.pulled_to == end and old is not None and all(key in old.rows for key in rows):
            self.history = old.on(rows)
            return Pulled(self.history, {}, None), ()  # no step has ended since

        def pull(begin: int, wanted: Container[ContainerKey]) -> Pulled:
            owners = owners_over_window(client, end, end - begin)
            if not owners and NO_OWNERS not in warnings:
                warnings.append(NO_OWNERS)
            where = {p: row for p, row in places(pods, rows, owners).items() if rows.keys[row] in wanted}
            return pull_usage(client, rows, where, end=end, since=begin, report=report)

        pulled = pull(since, rows) if old is None else _brought_up(old, rows, pull, since)
        self.history, self.pulled_to = pulled.history, end
        return pulled, tuple(warnings)

    def save(self) -> None:
        if self._keep is not None and self.history is not None:
            save_history(self.history, self._keep)

    def _old(self, since: int, end: int) -> tuple[History | None, str | None]:
        """What is known already, or why it is of no use."""
        if self.history is None and self._keep is not None and not self._read:
            self._read = True
            self.history, warning = load_or_start_cold(self._keep)
            if warning is not None:
                return None, warning
        old = self.history
        if old is not None and (old.step != self._settings.step or not since < old.end <= end):
            return (
                None,
                f"history {self._keep or 'in memory'} is not of this time or step; all of it is asked for again",
            )
        return old, None


def _brought_up(
    old: History, rows: Index, pull: Callable[[int, Container[ContainerKey]], Pulled], since: int
) -> Pulled:
    """The cached history and what has come since; roles that are not in it bring all of theirs."""
    parts = [pull(max(since, old.end - OVERLAP), old.rows)]
    strangers = {key for key in rows if key not in old.rows}
    if strangers:
        parts.append(pull(since, strangers))
    history, counts = old.on(rows), Counter[str]()
    for part in parts:
        history = history.append(part.history.usage, start=part.history.start, censored=part.history.censored)
        history = history.with_past(part.history.hourly, start=part.history.hour_start)
        counts.update(part.cleaned)
    born = history.born[history.born < history.end]
    return Pulled(history, dict(sorted(counts.items())), float(born.min()) if born.size else None)


def places(pods: Sequence[Pod], rows: Index, owners: Owners) -> dict[tuple[str, str, str], int]:
    """(namespace, pod, container): row, for live pods and for those of earlier rollouts whose owners are still known."""
    cluster = pods[0].workload.cluster if pods else ""
    roles: dict[WorkloadKey, list[tuple[str, int]]] = defaultdict(list)
    for row, key in enumerate(rows):
        roles[key.workload].append((key.container, row))
    workloads = {
        (namespace, ref.name): topmost(cluster, namespace, ref.name, owners)
        for namespace, ref in owners
        if ref.kind == "Pod"
    }
    workloads |= {(pod.namespace, pod.name): pod.workload for pod in pods}
    return {
        (namespace, pod, container): row
        for (namespace, pod), workload in workloads.items()
        for container, row in roles.get(workload, ())
    }


def _about(pulled: Pulled, end: int, span: int) -> Iterator[str]:
    if pulled.oldest is None:
        yield f"no usage at all: neither {CPU} nor {MEMORY} has samples of these containers; is cAdvisor scraped?"
    elif end - pulled.oldest < span * ENOUGH:
        have, asked = (end - pulled.oldest) / DAY, span / DAY
        yield f"usage reaches back {have:.1f} d of the {asked:g} d asked for: retention or the workloads are younger"


def _explain_emptiness(client: PromClient, scope: Scope, end: int) -> None:
    """Why no pod was found, as an error that says what to do."""
    found = client.instant(f'count by (namespace) ({MEMORY}{{container!=""}})', end)
    names = sorted({sample.labels.get("namespace", "") for sample in found} - {""})
    for namespace in scope.namespaces:
        if names and namespace not in names:
            raise no_such_namespace(namespace, names, "has no containers in prometheus")
    if not names:
        raise SourceUnavailable(
            f"prometheus {client.settings.shown} knows no containers at that time: neither kube-state-metrics nor "
            f"{MEMORY} has any series; run doctor to see what is missing"
        )
    asked = f"selector {scope.selector!r}" if scope.selector else "this scope"
    raise SourceUnavailable(f"no live pods match {asked} in {', '.join(names[:10])}; run doctor to see what is missing")
