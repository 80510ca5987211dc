"""The controller put together from settings: which part talks to what."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vpa_inplace.act.capability import Capabilities
from vpa_inplace.act.resizer import Resizer
from vpa_inplace.act.store import LedgerStore
from vpa_inplace.api.config import Config
from vpa_inplace.api.policies import Overrides
from vpa_inplace.drive.controller import TICK, Controller, Fence
from vpa_inplace.drive.lease import Lease
from vpa_inplace.drive.metrics import Metrics
from vpa_inplace.drive.telemetry import Telemetry
from vpa_inplace.drive.tick import Ticker
from vpa_inplace.forecast import Forecaster
from vpa_inplace.journal import Journal
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.cache import Cache
from vpa_inplace.observe.kubernetes.kinds import ConfigMap
from vpa_inplace.observe.kubernetes.owners import Owners
from vpa_inplace.observe.kubernetes.watch import Where
from vpa_inplace.observe.live import LiveSource
from vpa_inplace.observe.prometheus import PrometheusSettings
from vpa_inplace.observe.source import Scope

NAMESPACE: Final = "vpa-inplace"  # of our Deployment, unless told
LEASE: Final = "vpa-inplace"
SWITCH: Final = "vpa-inplace-switch"
"""The ConfigMap that stops all but undo and rescue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How the controller runs, beside the configuration file."""

    namespace: str = NAMESPACE  # where the lease and the kill switch are
    identity: str = ""  # of this replica; default: the host's name and our process number
    lease: bool = True  # False: nobody else runs, by word of the user
    dry_run: bool = False
    every: float = TICK  # seconds between ticks
    listen: str = ""  # address of /metrics, /healthz and /readyz, as :8080; empty: none
    state: Path | None = None  # folder for the history and the journal; None: neither is kept


def assemble(
    *,
    config: Config,
    flags: Overrides,
    forecaster: Forecaster,
    scope: Scope,
    kube: KubeSettings,
    prometheus: PrometheusSettings,
    settings: RunSettings,
) -> Controller:
    """All parts, none of them started."""
    client = KubeClient(kube)
    lease = None
    if settings.lease and not settings.dry_run:
        identity = settings.identity or f"{socket.gethostname()}_{os.getpid()}"
        lease = Lease(KubeClient(kube), settings.namespace, LEASE, identity)  # a connection of its own: it may not wait
    fence = Fence(lease)
    switch = settings.namespace, SWITCH
    cache = Cache(client, where={ConfigMap: Where(*switch)})
    source = LiveSource(
        cache=cache,
        owners=Owners(client),
        prometheus=prometheus,
        switch=switch,
        keep=None if settings.state is None else settings.state / "history.npz",
    )
    ticker = Ticker(
        source=source,
        scope=scope,
        config=config,
        forecaster=forecaster,
        flags=flags,
        store=LedgerStore(client, scope.cluster, fence),
        resizer=Resizer(client, fence, dry_run=settings.dry_run),
        acting=fence,
        term=fence.term,
        capabilities=Capabilities(client),
        dry_run=settings.dry_run,
    )
    journal = None if settings.state is None else Journal(settings.state / "journal")
    telemetry = Telemetry(metrics=Metrics(leads=fence))
    return Controller(
        ticker=ticker,
        cache=cache,
        fence=fence,
        telemetry=telemetry,
        journal=journal,
        every=settings.every,
        listen=settings.listen,
    )
