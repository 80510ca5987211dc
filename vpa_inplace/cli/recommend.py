"""``vpa-inplace recommend``: what would be resized, and why."""

from __future__ import annotations

from typing import Annotated

from vpa_inplace.cli.options import (
    OUTPUT,
    ClusterOptions,
    ConfigOptions,
    ForecastOptions,
    PrometheusOptions,
    RecordingOptions,
    ReportOptions,
    ScopeOptions,
    TalkOptions,
    option,
)


def recommend(
    scope: ScopeOptions,
    prometheus: PrometheusOptions,
    recording: RecordingOptions,
    cluster: ClusterOptions,
    forecast: ForecastOptions,
    report: ReportOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    output: Annotated[
        str, option("-o", "--output", text="table, json, yaml, csv, markdown or patch.", panel=OUTPUT, metavar="FORMAT")
    ] = "table",
) -> None:
    """Say what would be resized, and why. Changes nothing.

    The same decision as the controller's. `-o patch` prints kubectl commands that carry it out.
    """
    from vpa_inplace.cli import work
    from vpa_inplace.cli.streams import deliver, speaker
    from vpa_inplace.report.build import build
    from vpa_inplace.report.registry import make_report

    say = speaker(quiet=talk.quiet)
    printed = make_report(output)
    config = work.configured(file)
    chosen = work.forecasting(config, forecast, say)
    looking = work.Looking(
        scope=work.scope_of(config, scope, cluster.cluster),
        source=work.source_of(config, recording, prometheus, cluster, say),
    )
    observation = looking.observe(quiet=talk.quiet)
    chosen.warn_of_idle_patterns(observation, say)
    decision = chosen.decide(observation)
    document = build(
        decision, observation, cluster=looking.cluster(observation), forecaster_name=chosen.forecaster.name
    )
    look = work.look_of(report, talk, context=cluster.context or config.kubernetes.context)
    deliver(printed(document, look), report.out)
