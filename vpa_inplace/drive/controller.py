"""The loop in the cluster: a tick a minute, a lease every two seconds, the history saved every hour.

APScheduler runs the jobs; it swallows what they raise, so each job reports for itself, and health looks at the last good
tick. Whatever ends the process, the ledger in the cluster tells the next one what may be under way.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Any, Final

from vpa_inplace.domain.errors import SourceUnavailable, VpaInplaceError
from vpa_inplace.drive import logs
from vpa_inplace.drive.health import serve
from vpa_inplace.drive.lease import FENCE, RENEW, Lease
from vpa_inplace.drive.status import watches
from vpa_inplace.drive.telemetry import Telemetry
from vpa_inplace.drive.tick import Tick, Ticker
from vpa_inplace.journal import Journal, news
from vpa_inplace.journal.entries import Held, Reasons
from vpa_inplace.observe.kubernetes.cache import Cache

TICK: Final = 60.0
"""Seconds between two ticks: usage comes in steps of five minutes, pods and what happens to them at once."""
SAVE: Final = 3600.0
"""Seconds between two savings of the history: so much has to be asked for again at most."""
ENDING: Final = 8.0
"""Seconds that a tick may still take after SIGTERM; Kubernetes kills after 30, the budget is 10."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Fence:
    """Whether a write may go out: the lease is held, and nobody has asked us to stop."""

    lease: Lease | None  # None: alone by order of the user
    stopping: threading.Event = field(default_factory=threading.Event)

    def term(self) -> int:
        """Which holding of the lease this is."""
        return 0 if self.lease is None else self.lease.term

    def __call__(self) -> bool:
        return not self.stopping.is_set() and (self.lease is None or self.lease.held)


@dataclass(slots=True, kw_only=True)
class Controller:
    """Runs until it is told to stop."""

    ticker: Ticker
    cache: Cache
    fence: Fence
    telemetry: Telemetry
    journal: Journal | None = None
    every: float = TICK
    listen: str = ""  # address of /metrics, /healthz and /readyz; empty: none
    _held: dict[Held, Reasons] = field(default_factory=dict)
    _led: bool = False
    _trouble: str = ""  # with the lease, as last told

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then end in order: no write is begun, the one under way is finished."""
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler(timezone="UTC")
        common: dict[str, Any] = {"trigger": "interval", "max_instances": 1, "coalesce": True}
        if self.fence.lease is not None:
            self.renew()
            scheduler.add_job(self.renew, seconds=RENEW, id="lease", misfire_grace_time=int(FENCE), **common)
        scheduler.add_job(self.tick, seconds=self.every, id="tick", misfire_grace_time=int(self.every), **common)
        scheduler.add_job(self.save, seconds=SAVE, id="save", misfire_grace_time=int(SAVE), **common)
        server = serve(self.listen, self.telemetry.metrics) if self.listen else None
        self.cache.start()
        scheduler.start()
        try:
            if self._listed(stop):
                scheduler.get_job("tick").modify(next_run_time=_now())
            stop.wait()
        finally:
            self._end(scheduler)
            if server is not None:
                server.stop()

    def tick(self) -> None:
        """One tick; whatever goes wrong in it is said, and nothing is resized."""
        try:
            with self.telemetry.metrics.tick():
                done = self.ticker.tick()
        except SourceUnavailable as error:
            _warn("tick", "none", error)
        except VpaInplaceError as error:
            _warn("tick", "failed", error)
        except Exception:
            log.exception("a bug of ours failed the tick; nothing was resized", extra={logs.FIELDS: {"tick": "failed"}})
        else:
            self._tell(done)

    def renew(self) -> None:
        lease = self.fence.lease
        if lease is None:
            return
        try:
            lease.renew()
        except SourceUnavailable as error:
            if str(error) != self._trouble:  # every two seconds would be a flood
                self._trouble = str(error)
                _warn("lease", "unknown", error)
        else:
            self._trouble = ""
        if lease.held != self._led:
            self._led = lease.held
            fields = {"lease": "held" if self._led else "lost", "holder": lease.holder}
            log.info("this replica %s", "acts" if self._led else "stands by", extra={logs.FIELDS: fields})

    def save(self) -> None:
        try:
            self.ticker.source.save()
        except VpaInplaceError as error:
            _warn("history", "unsaved", error)

    def _listed(self, stop: threading.Event) -> bool:
        """Wait until every kind is listed, or known not to be listable now; a tick before that knows nothing."""
        while not stop.is_set():
            if self.cache.settle(0.5):
                return True
        return False

    def _tell(self, done: Tick) -> None:
        told = news(done.decision, self._held)
        self._held = dict(told.held)
        logs.tell(told.entries)
        for sent in done.sent:
            if not sent.answer.taken:
                fields = {
                    "answer": str(sent.answer.outcome),
                    "pod": str(sent.move.pod),
                    "intent": sent.move.intent.name.lower(),
                }
                log.warning("%s", sent.answer.message, extra={logs.FIELDS: fields})
        for workload, why in done.unwritten.items():
            _warn("ledger", str(workload), why)
        views = self.ticker.source.views
        self.telemetry.tell(
            done.decision,
            done.observation.history,
            told,
            watches={} if views is None else watches(views),
            sent=((sent.move.intent, sent.answer.outcome) for sent in done.sent),
        )
        if self.journal is not None and done.acting:
            try:
                self.journal.append(told.entries)
            except VpaInplaceError as error:
                _warn("journal", "unwritten", error)

    def _end(self, scheduler: Any) -> None:
        self.fence.stopping.set()  # from here on nothing new is written
        ended = threading.Thread(target=scheduler.shutdown, kwargs={"wait": True}, daemon=True)
        ended.start()
        ended.join(ENDING)
        if ended.is_alive():  # the fence stays shut: that tick may send nothing more, and the ledger tells what it sent
            _warn("tick", "left", f"it was still at work {ENDING:.0f} s after we were asked to stop")
        else:
            self._finish()
        self.save()
        if self.fence.lease is not None:
            self.fence.lease.release()
        self.cache.stop()

    def _finish(self) -> None:
        """With no tick at work: the fence is opened for the ledger alone."""
        self.fence.stopping.clear()
        try:
            self.ticker.finish()
        except VpaInplaceError as error:
            _warn("ledger", "unwritten", error)
        finally:
            self.fence.stopping.set()


def _warn(what: str, how: str, why: object) -> None:
    log.warning("%s", why, extra={logs.FIELDS: {what: how}})


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)
