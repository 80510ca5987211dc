"""One decision from one observation: what the command line and notebooks do, and each tick of the controller will."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vpa_inplace.decide import Decision, decide
from vpa_inplace.domain.dials import Dials
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import Policies
from vpa_inplace.forecast import Forecaster
from vpa_inplace.observe.source import Observation


def decide_once(
    observation: Observation, forecaster: Forecaster, policies: Policies, ledger: Ledger | None = None
) -> Decision:
    """Learn from all of the history, look ahead from the snapshot's now, decide.

    Without a ledger budgets are full, and sizes have stood unchanged for as long as it takes to change them.
    """
    snapshot = observation.snapshot
    history = observation.history.until(snapshot.epoch)
    beliefs = forecaster.learn(history, None)
    outlook = forecaster.foresee(history, beliefs, policies.risk)
    return decide(snapshot, outlook, _of_nothing(snapshot.rows) if ledger is None else ledger, policies)


def _of_nothing(rows: Index) -> Ledger:
    """Nobody watched how long room was left unused: whoever asks once wants to know what would be given back."""
    dials = replace(Dials.new(rows), owed=np.full(len(rows), np.inf))
    return replace(Ledger.empty(rows), dials=dials, in_force=np.full(len(rows), np.nan))
