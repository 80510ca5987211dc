"""What is told of a tick to those who watch us: one call after each, from the thread that ticks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vpa_inplace.decide import Decision
from vpa_inplace.domain.intent import Intent
from vpa_inplace.drive.metrics import Metrics
from vpa_inplace.drive.status import SHOW, Coverage, Show, Watch, status_of
from vpa_inplace.history import History
from vpa_inplace.journal import News


@dataclass(slots=True, kw_only=True)
class Telemetry:
    """The metrics, and what they have to remember between ticks."""

    metrics: Metrics = field(default_factory=Metrics)
    show: Show = SHOW
    _coverage: Coverage = field(default_factory=Coverage)

    def tell(
        self,
        decision: Decision,
        history: History,
        news: News,
        *,
        watches: Mapping[str, Watch],
        sent: Iterable[tuple[Intent, str]] = (),
    ) -> None:
        """A tick is over.

        Args:
            decision: that it came to.
            history: that it came from.
            news: of the decision, against that of the tick before.
            watches: how each kind of objects was kept up to date, see ``status.watches``.
            sent: intent and outcome of each move that was sent.
        """
        judged = self._coverage.observe(history)
        self._coverage = judged.add(decision.outlook, decision.snapshot.rows, decision.policies)
        status = status_of(
            decision, at=self.metrics.pulse.clock(), watches=watches, coverage=judged.shares(), show=self.show
        )
        self.metrics.decided(decision, status, news)
        for intent, outcome in sent:
            self.metrics.sent(intent, outcome)
