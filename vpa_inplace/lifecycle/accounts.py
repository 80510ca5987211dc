"""What time and the cluster do to the accounts: budgets refill, OOM kills leave floors. Pure reducers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vpa_inplace.domain.amounts import UNSET
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Intent, Move
from vpa_inplace.domain.oom import after_oom
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Snapshot

DAY = 86400.0


def refill(ledger: Ledger, snapshot: Snapshot, policies: Policies) -> Ledger:
    """The ledger at ``snapshot.now``: budgets refilled evenly over the day, new OOM kills noted, old ones let go."""
    ledger = ledger.on(snapshot.rows)
    now = snapshot.epoch
    elapsed = max(now - ledger.at, 0.0)
    with np.errstate(
        invalid="ignore"
    ):  # a first tick has all the time behind it, a policy may allow none or any number
        refill = policies.max_resizes * (elapsed / DAY)
    refill = np.where(np.isinf(policies.max_resizes), np.inf, np.where(policies.max_resizes == 0, 0.0, refill))
    spent = np.maximum(ledger.spent - refill, 0.0)
    floor, at = _with_ooms(ledger, snapshot)
    hold = np.array([p.oom_hold.total_seconds() for p in policies.distinct])[policies.of_row]
    over = now - at > hold
    return replace(
        ledger, at=now, spent=spent, oom_floor=np.where(over, UNSET, floor), oom_at=np.where(over, -np.inf, at)
    )


def debit(ledger: Ledger, admitted: Sequence[Move]) -> Ledger:
    """The ledger after these moves: each row that moves spends one resize, however many of its pods move."""
    if not admitted:
        return ledger
    spending = [move for move in admitted if move.intent is not Intent.UNDO]  # the shrink has paid for its way back
    rows = np.unique([change.row for move in spending for change in move.changes]).astype(np.intp)
    spent = ledger.spent.copy()
    spent[rows] += 1
    return replace(ledger, spent=spent)


def _with_ooms(ledger: Ledger, snapshot: Snapshot) -> tuple[np.ndarray, np.ndarray]:
    """Memory after an OOM kill: max(1.2 x, + 100 MiB) over what the container has; only kills newer than the known.

    The size at which it died is taken from its present spec: a ledger that missed the kill asks for more, not less.
    """
    floor, at = ledger.oom_floor.copy(), ledger.oom_at.copy()
    for pod in snapshot.pods:
        for container in pod.containers:
            if container.last_oom is None:
                continue
            row = snapshot.rows.row(pod.key(container))
            had = container.limits.get(Resource.MEMORY) or container.requests.get(Resource.MEMORY)
            when = container.last_oom.timestamp()
            if row is None or had is None or when <= at[row]:
                continue
            floor[row] = max(floor[row], int(after_oom(had)))
            at[row] = when
    return floor, at
