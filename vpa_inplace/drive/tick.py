"""One tick of the controller: look, decide, write down, send, remember.

observe -> policies of objects and file -> foresee -> decide -> ledger into the cluster -> resizes -> ledger
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec

from vpa_inplace.act.answers import Answer, Outcome
from vpa_inplace.act.capability import Capabilities
from vpa_inplace.act.patience import Patience
from vpa_inplace.act.resizer import Resizer, Sent
from vpa_inplace.act.settle import settled
from vpa_inplace.act.states import Curves
from vpa_inplace.act.store import LedgerStore, Saved
from vpa_inplace.api.config import Config
from vpa_inplace.api.objects.claims import Claim, read_claim
from vpa_inplace.api.objects.resolve import Resolved, resolve
from vpa_inplace.api.objects.seen import Seen
from vpa_inplace.api.policies import NO_OVERRIDES, Overrides
from vpa_inplace.decide import Decision, decide
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Move, Refusal, Skip
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.domain.surroundings import Capability
from vpa_inplace.forecast import Beliefs, Forecaster, Outlook
from vpa_inplace.guard import GUARDS, judge
from vpa_inplace.guard.guard import Guard
from vpa_inplace.history import History
from vpa_inplace.lifecycle import CLOCKS, Clocks
from vpa_inplace.lifecycle.brake import Brake
from vpa_inplace.observe.kubernetes.kinds import InPlacePodAutoscaler
from vpa_inplace.observe.live import LiveSource
from vpa_inplace.observe.source import Observation, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one tick saw, concluded and did."""

    observation: Observation
    resolved: Resolved
    decision: Decision
    sent: tuple[Sent, ...] = ()
    unwritten: dict[WorkloadKey, str] = field(default_factory=dict)  # ledgers that could not be written, and why
    acting: bool = False  # whether this replica was the one that acts
    skips: tuple[Skip, ...] = ()


@dataclass(slots=True, kw_only=True)
class Ticker:
    """Everything that outlives a tick. One thread's.

    ``acting`` says whether this replica holds the lease; while it does not, all is as usual but nothing is written. With
    ``dry_run`` moves are tried with the API server's own dry run and nothing is ever written.
    """

    source: LiveSource
    scope: Scope
    config: Config
    forecaster: Forecaster
    store: LedgerStore
    resizer: Resizer
    acting: Callable[[], bool]
    flags: Overrides = NO_OVERRIDES
    dry_run: bool = False
    term: Callable[[], int] = int  # grows each time that the lease is taken anew
    capabilities: Capabilities | None = None  # None: taken for granted
    guards: Sequence[Guard] = GUARDS
    clocks: Clocks = CLOCKS
    _term: int = 0
    _ledger: Ledger | None = None  # None: has to be read from the cluster
    _beliefs: Beliefs | None = None
    _outlook: tuple[object, Outlook] | None = None
    _claims: dict[str, tuple[str, Claim]] = field(default_factory=dict)
    _brake: Brake = field(default_factory=Brake)
    _patience: Patience = field(default_factory=Patience)

    def tick(self) -> Tick:
        """Look once and do what is to be done.

        Raises:
            SourceUnavailable: pods or the ledger cannot be read. Nothing was done.
        """
        observation = self.source.observe(self.scope)
        snapshot = self._informed(observation.snapshot)
        skips = list(observation.skips)
        resolved = resolve(self._claimed(), self.config, _seen(snapshot, self.scope), self.flags)
        acting = self.acting()
        if (term := self.term()) != self._term:  # the lease was another's meanwhile, and so was the ledger
            self._term, self._ledger = term, None
        ledger = self._remembered(snapshot, acting, skips)
        outlook = self._foreseen(observation.history, resolved.policies)
        decision = decide(
            snapshot,
            outlook,
            ledger.on(snapshot.rows),
            resolved.policies,
            guards=self.guards,
            clocks=self.clocks,
            obey_mode=True,
        )
        self._brake = self._brake.after(decision.ended, snapshot.epoch)
        done = Tick(observation=observation, resolved=resolved, decision=decision, acting=acting, skips=tuple(skips))
        if self.dry_run:
            self._ledger = decision.before
            return replace(done, sent=tuple(self._sent(decision, {})))
        if not acting:
            self._ledger = None  # whoever acts writes it: what we know of it would be old by the time we do
            return done
        self._ledger = None  # what dies from here on, dies with resizes on their way: the cluster knows of them
        saved = self._written(decision, decision.ledger)
        unwritten = saved.failed
        sent = tuple(self._sent(decision, unwritten))
        if not saved.overtaken:
            self._ledger = settled(decision.before, sent, snapshot.epoch)
        return replace(done, sent=sent, unwritten=unwritten)

    def finish(self) -> None:
        """Before the end: what the last answers left in the ledger is written, so that the next one need not guess."""
        if self._ledger is not None and self._outlook is not None and self.acting() and not self.dry_run:
            self.store.save(self._ledger, None, _touched(self._ledger), self._ledger.at)

    def _informed(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what watches do not tell: what the server can do, and what harm was done lately."""
        capability = Capability() if self.capabilities is None else self.capabilities.look(snapshot.epoch)
        return replace(snapshot, around=replace(snapshot.around, capability=capability, braked=self._brake.says))

    def _remembered(self, snapshot: Snapshot, acting: bool, skips: list[Skip]) -> Ledger:
        if self._ledger is None:
            if not acting and not self.dry_run:
                return Ledger.empty(snapshot.rows)
            self._ledger = self.store.load(snapshot.rows, skips)
        return self._ledger

    def _foreseen(self, history: History, policies: Policies) -> Outlook:
        """The outlook, made anew when a step of usage has ended or rows have changed."""
        key = history.end, history.rows, policies.risk.tobytes()
        if self._outlook is None or self._outlook[0] != key:
            self._beliefs = self.forecaster.learn(history, self._beliefs)
            self._outlook = key, self.forecaster.foresee(history, self._beliefs, policies.risk)
        return self._outlook[1]

    def _written(self, decision: Decision, ledger: Ledger) -> Saved:
        """The ledger with the moves to come, put into the cluster first."""
        curves = Curves(decision.snapshot.rows, decision.outlook)
        now = decision.snapshot.epoch
        wanted = {*_touched(ledger), *_touched(decision.before), *self.store.remembering()}
        wanted |= self.store.ceilings_due(_sized(decision), now)
        return self.store.save(ledger, curves, sorted(wanted), now)

    def _sent(self, decision: Decision, unwritten: dict[WorkloadKey, str]) -> Iterator[Sent]:
        now = decision.snapshot.epoch
        look = partial(_second_look, decision, self.guards)
        for move in decision.due:
            if why := unwritten.get(move.pod.workload):
                yield Sent(move=move, answer=Answer(outcome=Outcome.FENCED, message=f"its ledger: {why}"))
            elif why := self._patience.holds(move, now):
                yield Sent(move=move, answer=Answer(outcome=Outcome.BUSY, message=why))
            else:
                sent = self.resizer.send(move, look)
                self._patience.hear(sent, now)
                yield sent
        self._patience.forget({pod.uid for pod in decision.snapshot.pods})

    def _claimed(self) -> list[Claim]:
        """Autoscalers as they stand; each is read once for each of its versions."""
        views = self.source.views
        assert views is not None
        known: dict[str, tuple[str, Claim]] = {}
        for item in views.of(InPlacePodAutoscaler).objects.values():
            uid, version = item.metadata.uid, item.metadata.resource_version
            before = self._claims.get(uid)
            known[uid] = before if before is not None and before[0] == version else (version, read_claim(_plain(item)))
        self._claims = known
        return [claim for _, claim in known.values()]


def _plain(item: InPlacePodAutoscaler) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(item)
    return {name: value for name, value in plain.items() if value is not None}


def _seen(snapshot: Snapshot, scope: Scope) -> Seen:
    workloads = {key.workload for key in snapshot.rows} | set(snapshot.around.workloads)
    return Seen(cluster=scope.cluster, rows=snapshot.rows, pods=snapshot.pods, workloads=workloads)


def _second_look(decision: Decision, guards: Sequence[Guard], move: Move) -> tuple[Refusal, ...]:
    return judge(move, decision.snapshot, decision.policies, guards)


def _touched(ledger: Ledger) -> set[WorkloadKey]:
    """Workloads of which there is more to remember than time."""
    killed = {ledger.rows.keys[row].workload for row in (ledger.oom_floor >= 0).nonzero()[0]}
    return killed | {attempt.workload for attempt in ledger.attempts} | {size.workload for size in ledger.too_big}


def _sized(decision: Decision) -> set[WorkloadKey]:
    """Workloads that may be resized: only for these is a ceiling kept."""
    return {key.workload for row, key in enumerate(decision.snapshot.rows) if decision.policies[row].update_mode.acts}
