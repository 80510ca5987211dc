"""``vpa-inplace run``: the controller, in the cluster or outside of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from vpa_inplace.cli.options import (
    CLUSTER,
    OUTPUT,
    ClusterOptions,
    ConfigOptions,
    ForecastOptions,
    PrometheusOptions,
    ScopeOptions,
    TalkOptions,
    option,
)


def run(
    scope: ScopeOptions,
    prometheus: PrometheusOptions,
    cluster: ClusterOptions,
    forecast: ForecastOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    dry_run: Annotated[
        bool, option("--dry-run", text="Try each resize with the API server's dry run; change nothing.", panel=CLUSTER)
    ] = False,
    no_lease: Annotated[
        bool, option("--no-lease", text="Act without holding the Lease: for when no other replica runs.", panel=CLUSTER)
    ] = False,
    own_namespace: Annotated[
        str,
        option("--own-namespace", text="Namespace of the Lease and the kill switch.", panel=CLUSTER, metavar="NAME"),
    ] = "vpa-inplace",
    state: Annotated[
        Path | None,
        option("--state", text="Folder for the history and the journal.", panel=OUTPUT, metavar="FOLDER"),
    ] = None,
    listen: Annotated[
        str,
        option(
            "--listen", text="Address of /metrics, /healthz and /readyz, as :8080.", panel=OUTPUT, metavar="ADDRESS"
        ),
    ] = "",
    log_format: Annotated[
        str, option("--log-format", text="logfmt or json.", panel=OUTPUT, metavar="FORMAT")
    ] = "logfmt",
    every: Annotated[
        float, option("--every", text="Seconds between two looks.", panel=CLUSTER, min=1.0, metavar="SECONDS")
    ] = 60.0,
) -> None:
    """Resize running pods in place, as their InPlacePodAutoscaler or the configuration says. Ends on SIGTERM or Ctrl-C.

    Only workloads whose updateMode is InPlace are touched; all others are only looked at.
    """
    import logging
    import signal
    import threading

    from vpa_inplace.cli import work
    from vpa_inplace.cli.streams import speaker
    from vpa_inplace.domain.errors import UnknownName
    from vpa_inplace.drive import logs
    from vpa_inplace.drive.assemble import RunSettings, assemble

    if log_format not in set(logs.LogFormat):
        raise UnknownName("log format", log_format, logs.LogFormat)
    logs.set_up(logs.LogFormat(log_format), level="WARNING" if talk.quiet else "DEBUG" if talk.verbose else "INFO")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    config = work.configured(file)
    chosen = work.forecasting(config, forecast, speaker(quiet=talk.quiet))
    kube, _ = work.cluster_asked_for(config, cluster)
    if state is not None:
        work.folder(state, "--state")
    controller = assemble(
        config=config,
        flags=chosen.flags,
        forecaster=chosen.forecaster,
        scope=work.scope_of(config, scope, cluster.cluster),
        kube=kube,
        prometheus=work.prometheus_settings(config, prometheus),
        settings=RunSettings(
            namespace=own_namespace, lease=not no_lease, dry_run=dry_run, every=every, listen=listen, state=state
        ),
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    controller.run(stop)
