"""``vpa-inplace doctor``: what is there to work with."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vpa_inplace.cli.options import (
    OUTPUT,
    ClusterOptions,
    ConfigOptions,
    PrometheusOptions,
    ScopeOptions,
    TalkOptions,
    option,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpa_inplace.api.config import Config
    from vpa_inplace.cli.checks import Check


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def doctor(
    scope: ScopeOptions,
    prometheus: PrometheusOptions,
    cluster: ClusterOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    output: Annotated[Form, option("-o", "--output", text="Lines or an object.", panel=OUTPUT)] = Form.TEXT,
) -> None:
    """Check what is there to work with, and say what to do about the rest.

    One line for each thing: ok, warn (works, but not as well as it could) or fail. Exit code 1 if anything fails. Small
    queries only; changes nothing.
    """
    import os
    import sys

    from vpa_inplace.cli import work
    from vpa_inplace.cli.checks import as_json, as_text, healthy
    from vpa_inplace.cli.streams import deliver
    from vpa_inplace.report.options import Options

    config = work.configured(file)
    where = work.scope_of(config, scope, cluster.cluster)
    checks = list(found(config, prometheus, cluster, where.namespaces))
    color = Options.for_stream(sys.stdout, os.environ).color
    deliver(as_json(checks) if output is Form.JSON else as_text(checks, color=color, quiet=talk.quiet), None)
    if not healthy(checks):
        raise typer.Exit(1)


def found(
    config: Config, prometheus: PrometheusOptions, cluster: ClusterOptions, namespaces: tuple[str, ...]
) -> Iterator[Check]:
    """Everything that was looked at: the cluster first, because it decides what Prometheus must hold."""
    import time

    from vpa_inplace.cli import work
    from vpa_inplace.cli.checks import State, fail, ok
    from vpa_inplace.cli.checks_kubernetes import ESSENTIAL, KubernetesChecks
    from vpa_inplace.cli.checks_prometheus import PrometheusChecks
    from vpa_inplace.domain.errors import UsageError
    from vpa_inplace.observe.prometheus import PromClient

    alone = bool(cluster.no_cluster)
    if alone:
        yield ok("kubeconfig", "left out, as asked: pods come from kube-state-metrics")
    else:
        settings, asked = work.cluster_asked_for(config, cluster)
        for check in KubernetesChecks(settings, namespaces, asked)():
            alone = alone or (check.name in ESSENTIAL and check.state is not State.OK)
            yield check
    try:
        usage = work.prometheus_settings(config, prometheus)
    except UsageError as error:
        yield fail("prometheus", str(error), "nothing can be read before this works")
        return
    with PromClient(usage) as client:
        yield from PrometheusChecks(client, time.time(), alone)()
