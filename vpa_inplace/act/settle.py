"""What the answers to a tick's moves leave in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from vpa_inplace.act.answers import Outcome
from vpa_inplace.act.resizer import Sent
from vpa_inplace.domain.attempts import TooBig
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.lifecycle import enter

PERHAPS: Final = frozenset({Outcome.TAKEN, Outcome.UNKNOWN})
"""Outcomes after which something may be under way."""


def settled(before: Ledger, sent: Iterable[Sent], now: float) -> Ledger:
    """The ledger after these answers: what was taken, or may have been, is on its way; the rest never was.

    ``before`` is the ledger of the decision without its moves: a refused move has cost nothing.
    """
    sent = list(sent)
    made = [one for one in sent if one.answer.outcome in PERHAPS]
    ledger = enter(before, [one.move for one in made], now)
    fresh = ledger.attempts[len(before.attempts) :]
    attempts = (
        *before.attempts,
        *(replace(attempt, generation=one.generation) for attempt, one in zip(fresh, made, strict=True)),
    )
    too_big = tuple(size for one in sent if one.answer.outcome is Outcome.NODE_CAPACITY for size in _too_big(one, now))
    return replace(ledger, attempts=attempts, too_big=(*ledger.too_big, *too_big))


def _too_big(sent: Sent, now: float) -> Iterable[TooBig]:
    for change in sent.move.changes:
        yield TooBig(
            workload=sent.move.pod.workload,
            container=change.container,
            node=sent.move.pod.node or "",
            requests=change.requests,
            at=now,
            message=sent.answer.message,
        )
