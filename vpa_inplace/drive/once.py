"""One decision from one observation: what the command line and notebooks do, and each tick of the controller will."""

from __future__ import annotations

from vpa_inplace.decide import Decision, decide
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.policy import Policies
from vpa_inplace.forecast import Forecaster
from vpa_inplace.observe.source import Observation


def decide_once(
    observation: Observation, forecaster: Forecaster, policies: Policies, ledger: Ledger | None = None
) -> Decision:
    """Learn from all of the history, look ahead from the snapshot's now, decide. Without a ledger budgets are full."""
    snapshot = observation.snapshot
    history = observation.history.until(snapshot.epoch)
    beliefs = forecaster.learn(history, None)
    outlook = forecaster.foresee(history, beliefs, policies.risk)
    return decide(snapshot, outlook, Ledger.empty(snapshot.rows) if ledger is None else ledger, policies)
