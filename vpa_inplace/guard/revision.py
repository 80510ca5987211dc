"""New code has new needs."""

from __future__ import annotations

from dataclasses import dataclass

from vpa_inplace.domain.moves import Intent, Move, Refusal
from vpa_inplace.domain.policy import Policies
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.guard.data import lowered, span
from vpa_inplace.guard.guard import SHRINKS


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A role's history outlives rollouts, so it says nothing yet of the peaks of the code that runs now.

    A revision must live through ``minHistory`` (one day) before anything is taken from it. Its age is that of its
    oldest pod that still lives: a fleet whose pods were all moved to other nodes since looks younger than it is, which
    costs a day and no more. A workload that is rolled out every day is not shrunk, unless its owner asks for less
    history.

    Where revisions are not known (kube-state-metrics does not tell them; Jobs and bare pods have none) it has nothing
    to say, and NotEnoughHistory stands alone. Nor does it see an image that is changed inside a running pod.
    """

    reason: str = "NewRevision"
    judges: frozenset[Intent] = SHRINKS

    def __call__(self, move: Move, snapshot: Snapshot, policies: Policies) -> Refusal | None:
        since = move.revision_since
        if since is None:
            return None
        age = (snapshot.now - since).total_seconds()
        for container, row, _ in lowered(move):
            needed = policies[row].min_history.total_seconds()
            if age < needed:
                message = (
                    f"revision {move.pod.revision} of {move.pod.workload.name} is {span(max(age, 0))} old, "
                    f"{container} has to show {span(needed)} of it"
                )
                return Refusal(self.reason, message, f"{span(needed - age)} more")
        return None
