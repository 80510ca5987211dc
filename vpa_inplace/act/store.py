"""ResizeStates read at the start and written when they change: before a resize is sent, never for nothing.

A budget refills by itself, so it is not written each time; ceilings are written every few hours, spread over the fleet.
At rest this costs no request.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import msgspec

from vpa_inplace.act.states import Curves, as_json, ledger_of, object_of, states_of, urgent
from vpa_inplace.api.objects.resize_state import ResizeState, StateSpec, state_name
from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.domain.keys import Index, WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Skip
from vpa_inplace.observe.kubernetes import KubeClient
from vpa_inplace.observe.kubernetes.client import NotFound

GROUP: Final = "/apis/autoscaling.vpa-inplace.io/v1alpha1"
CEILINGS_EVERY: Final = 6 * 3600.0
"""Seconds between two writings of a ceiling that nothing else asks for: a curve of 24 h is then never older than 6."""


@dataclass(slots=True)
class _Known:
    version: str  # resourceVersion
    spec: StateSpec


@dataclass(slots=True)
class Saved:
    """What became of one writing."""

    failed: dict[WorkloadKey, str] = field(default_factory=dict)  # and why; nothing may be sent for these
    written: int = 0
    overtaken: bool = False  # somebody else has written: what we remember is not all there is


class LedgerStore:
    """One writer: the replica that holds the lease. ``fence`` is asked before every write."""

    def __init__(self, client: KubeClient, cluster: str, fence: Callable[[], bool]) -> None:
        self._client, self._cluster, self._fence = client, cluster, fence
        self._known: dict[WorkloadKey, _Known] = {}

    def states(self, skips: list[Skip]) -> list[ResizeState]:
        """All that can be read.

        Raises:
            SourceUnavailable: they cannot be listed.
        """
        return [state for _, state in self._listed(skips)]

    def load(self, rows: Index, skips: list[Skip]) -> Ledger:
        """The ledger as the cluster has it; states that cannot be read are skipped, with their reason.

        Raises:
            SourceUnavailable: they cannot be listed; then nothing may be done, as something may be under way.
        """
        self._known, states = {}, []
        for version, state in self._listed(skips):
            workload = WorkloadKey(
                self._cluster, state.metadata.namespace, state.spec.workload.kind, state.spec.workload.name
            )
            self._known[workload] = _Known(version, state.spec)
            states.append(state)
        return ledger_of(states, rows, self._cluster)

    def save(self, ledger: Ledger, curves: Curves | None, workloads: Iterable[WorkloadKey], now: float) -> Saved:
        """Write what has changed of these workloads. One that fails does not keep the others from being written."""
        saved = Saved()
        for workload, told in states_of(ledger, curves, workloads).items():
            known = self._known.get(workload)
            spec = told if known is None else _kept(told, known.spec)
            if not _worth_writing(workload, spec, None if known is None else known.spec, now):
                continue
            try:
                problem = self._write(workload, spec, known, saved)
            except SourceUnavailable as error:
                problem = str(error)
            if problem:
                saved.failed[workload] = problem
            else:
                saved.written += 1
        return saved

    def remembering(self) -> set[WorkloadKey]:
        """Workloads whose object tells of something that may be over by now."""
        return {workload for workload, known in self._known.items() if any(urgent(known.spec))}

    def ceilings_due(self, workloads: Iterable[WorkloadKey], now: float) -> set[WorkloadKey]:
        """Those whose curve in the cluster is missing or getting old."""
        return {workload for workload in workloads if _getting_old(workload, self._known.get(workload), now)}

    def _write(self, workload: WorkloadKey, spec: StateSpec, known: _Known | None, saved: Saved) -> str:
        """Why it could not be written; empty if it was."""
        if not self._fence():
            return "this replica has lost its lease"
        body: dict[str, Any] = as_json(object_of(workload, spec))
        path = f"{GROUP}/namespaces/{quote(workload.namespace, safe='')}/resizestates"
        if known is None:
            answer = self._client.answer("POST", path, None, body)
        else:
            body["metadata"]["resourceVersion"] = known.version
            answer = self._client.answer("PUT", f"{path}/{state_name(workload)}", None, body)
        if answer.status in {200, 201}:
            version = msgspec.json.decode(answer.body, type=_Object).metadata.resource_version
            self._known[workload] = _Known(version, spec)
            return ""
        if answer.status in {404, 409}:
            # Somebody else wrote it, or removed it: read it again before the next try. Until then nothing is sent.
            saved.overtaken = True
            self._reread(workload, path)
        return f"{answer.status} {answer.body[:200].decode(errors='replace')}"

    def _reread(self, workload: WorkloadKey, path: str) -> None:
        answer = self._client.answer("GET", f"{path}/{state_name(workload)}")
        if answer.status == 404:
            self._known.pop(workload, None)
        elif answer.status == 200:
            version = msgspec.json.decode(answer.body, type=_Object).metadata.resource_version
            known = self._known.get(workload)
            empty = StateSpec.read({"workload": {"kind": workload.kind, "name": workload.name}})
            self._known[workload] = _Known(version, empty if known is None else known.spec)

    def _listed(self, skips: list[Skip]) -> Iterator[tuple[str, ResizeState]]:
        try:
            found = list(self._client.items(f"{GROUP}/resizestates", msgspec.Raw))
        except NotFound as error:
            advice = "vpa-inplace config crds | kubectl apply -f -"
            raise SourceUnavailable(
                f"the cluster does not know ResizeStates, in which resizes are noted: {advice}"
            ) from error
        for raw in found:
            told = msgspec.json.decode(raw)
            try:
                yield told["metadata"]["resourceVersion"], ResizeState.read(told)
            except ValueError as error:  # pydantic's: a state torn by hand, or of a version that we cannot read
                name = f"{told['metadata'].get('namespace')}/{told['metadata'].get('name')}"
                skips.append(Skip(f"ResizeState {name}", "UnreadableState", str(error)))


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Object(msgspec.Struct):
    metadata: _Metadata


def _kept(spec: StateSpec, before: StateSpec) -> StateSpec:
    """What is not known now stays as it was written: a curve of yesterday is better than none."""
    ceilings = {**before.ceilings, **spec.ceilings}
    return spec.model_copy(update={"ceilings": ceilings, "birth": before.birth}) if ceilings or before.birth else spec


def _worth_writing(workload: WorkloadKey, spec: StateSpec, before: StateSpec | None, now: float) -> bool:
    if before is None:
        return bool(spec.attempts or spec.ooms or spec.refused or spec.ceilings)
    return urgent(spec) != urgent(before) or (bool(spec.ceilings) and _aged(workload, before, now))


def _getting_old(workload: WorkloadKey, known: _Known | None, now: float) -> bool:
    return known is None or _aged(workload, known.spec, now)


def _aged(workload: WorkloadKey, spec: StateSpec, now: float) -> bool:
    """After three to six hours, by name: not all workloads in the same minute."""
    oldest = min((curve.start.timestamp() for curve in spec.ceilings.values()), default=-1.0)
    spread = zlib.crc32(str(workload).encode()) % int(CEILINGS_EVERY)
    return now - oldest >= CEILINGS_EVERY / 2 + spread / 2
