"""The ledger brought to the present: accounts first, then every resize that is on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from vpa_inplace.domain.attempts import Attempt, Ended, Step
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import NO_ROW, Change, Move
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.lifecycle.accounts import debit, refill
from vpa_inplace.lifecycle.attempts import CLOCKS, Clocks, Due, follow

FORGIVEN: Final = 24 * 3600.0
"""Seconds after which a size that a node has refused may be tried there again: nodes change, and are renamed never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """What time has done since the last tick."""

    ledger: Ledger
    moves: tuple[Move, ...] = ()  # that earlier resizes call for: undos, and the part of a rescue that fits
    ended: tuple[Ended, ...] = ()


def advance(ledger: Ledger, snapshot: Snapshot, policies: Policies, clocks: Clocks = CLOCKS) -> Advanced:
    """The ledger at ``snapshot.now``: budgets refilled, new OOM kills noted, each attempt one look further."""
    ledger = refill(ledger, snapshot, policies)
    if not (ledger.attempts or ledger.too_big):
        return Advanced(ledger=ledger)
    followed = follow(ledger.attempts, snapshot, clocks)
    remembered = [size for size in ledger.too_big if snapshot.epoch - size.at < FORGIVEN]
    ledger = replace(ledger, attempts=followed.open, too_big=(*remembered, *followed.too_big))
    moves = tuple(_move(due, snapshot) for due in followed.due)
    return Advanced(ledger=ledger, moves=moves, ended=followed.ended)


def enter(ledger: Ledger, admitted: Sequence[Move], now: float) -> Ledger:
    """The ledger with these moves paid for and written down, before any of them is sent."""
    if not admitted:
        return ledger
    ledger = debit(ledger, admitted)
    return replace(ledger, attempts=(*ledger.attempts, *(_attempt(move, now) for move in admitted)))


def _move(due: Due, snapshot: Snapshot) -> Move:
    changes = tuple(_change(due, step, snapshot) for step in due.steps)
    return Move(due.pod, due.intent, changes, float("inf"), reason=due.reason)


def _change(due: Due, step: Step, snapshot: Snapshot) -> Change:
    """The step from what the container has now, whatever it had when the attempt began."""
    container = next(c for c in due.pod.containers if c.name == step.container)
    row = snapshot.rows.row(due.pod.key(container))
    return Change(
        container=step.container,
        row=NO_ROW if row is None else row,
        old_requests=container.requests,
        old_limits=container.limits,
        requests=step.requests,
        limits=step.limits,
    )


def _attempt(move: Move, now: float) -> Attempt:
    named = {change.container for change in move.changes}
    return Attempt(
        workload=move.pod.workload,
        pod=move.pod.name,
        uid=move.pod.uid,
        intent=move.intent,
        steps=tuple(
            Step(
                container=change.container,
                old_requests=change.old_requests,
                old_limits=change.old_limits,
                requests=change.requests,
                limits=change.limits,
            )
            for change in move.changes
        ),
        began=now,
        since=now,
        restarts=sum(container.restarts for container in move.pod.containers if container.name in named),
    )
