"""The whole story on one screen. The controller, the report and the replay call this; read it first.

    observe  ->  foresee  ->  size  ->  plan  ->  judge  ->  act | report | replay
    (facts)     (Outlook)   (Sizes)   (Moves)  (Refusals)

Everything here is pure: ``now`` is the snapshot's, memory is the ledger's, and everything worth saying goes out in
the ``Decision``. Nothing is logged, drawn or read on the way, so each decision can be executed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.attempts import Ended
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Intent, Move, Verdict
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.forecast import Outlook
from vpa_inplace.guard import GUARDS, judge
from vpa_inplace.guard.guard import Guard
from vpa_inplace.lifecycle import CLOCKS, Clocks, advance, enter
from vpa_inplace.plan import plan
from vpa_inplace.plan.pace import CAP, keep_pace
from vpa_inplace.recommend import Sizes, size
from vpa_inplace.recommend.standing import priced, since, standing, turned


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was known, what was concluded, what is to be done and what is held back."""

    snapshot: Snapshot
    policies: Policies
    outlook: Outlook
    sizes: Sizes
    verdicts: tuple[Verdict, ...]
    before: Ledger  # brought to the present
    ledger: Ledger  # and with the moves written down that are to be made
    ended: tuple[Ended, ...] = ()  # earlier resizes that are over

    @property
    def admitted(self) -> tuple[Move, ...]:
        return tuple(verdict.move for verdict in self.verdicts if verdict.admitted)

    @property
    def due(self) -> tuple[Move, ...]:
        """What is to be done now: admitted, allowed by the update mode (an undo always is), one resize a pod.

        A pod that needs both directions gets the other one when the first is in force.
        """
        return _due(self.admitted, self.policies)


def _due(admitted: Iterable[Move], policies: Policies) -> tuple[Move, ...]:
    first: dict[str, Move] = {}
    for move in admitted:
        if _may_act(move, policies):
            first.setdefault(move.pod.uid, move)
    return tuple(first.values())


def _may_act(move: Move, policies: Policies) -> bool:
    if move.intent is Intent.UNDO:
        return True
    return all(policies[change.row].update_mode.acts for change in move.changes)


def _acting(policies: Policies) -> npt.NDArray[np.bool_]:
    """[n] rows whose running pods are resized."""
    return np.array([policy.update_mode.acts for policy in policies.distinct], np.bool_)[policies.of_row]


def decide(
    snapshot: Snapshot,
    outlook: Outlook,
    ledger: Ledger,
    policies: Policies,
    *,
    guards: Sequence[Guard] = GUARDS,
    clocks: Clocks = CLOCKS,
    obey_mode: bool = False,
) -> Decision:
    """Decide for the whole fleet at ``snapshot.now``.

    A report and a replay show what would be done; with ``obey_mode``, as in the controller, only what the update mode
    of its policy allows is entered into the ledger.
    """
    rows, seconds = priced(outlook, policies), since(ledger, snapshot.epoch)
    allowed = policies.allowing(rows, CAP)
    past = advance(ledger, snapshot, allowed, clocks)
    now = standing(snapshot, policies) if rows.any() else None
    obeying = rows & _acting(policies) if obey_mode else rows
    before = past.ledger if now is None else turned(past.ledger, now, policies, obeying, seconds)
    sizes = size(outlook, snapshot, policies, before)
    pace = None if now is None else keep_pace(sizes, before, now, allowed, rows=rows, seconds=seconds)
    asked, at_once = (sizes, None) if pace is None else (pace.sizes, pace.at_once)
    moves = [*past.moves, *plan(asked, snapshot, before, allowed, past.moves, outlook, at_once)]
    verdicts = tuple(Verdict(move, judge(move, snapshot, allowed, guards)) for move in moves)
    admitted = [verdict.move for verdict in verdicts if verdict.admitted]
    if obey_mode:
        admitted = list(_due(admitted, policies))
    before = before if pace is None else pace.remembered(before, admitted)
    return Decision(
        snapshot=snapshot,
        policies=policies,
        outlook=outlook,
        sizes=sizes,
        verdicts=verdicts,
        before=before,
        ledger=enter(before, admitted, snapshot.epoch),
        ended=past.ended,
    )
