"""``vpa-inplace explain``: how the sizes of one workload come about."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

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


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NS/KIND/NAME[/CONTAINER]",
            help="A workload, such as shop/Deployment/web or shop/deploy/web/app; kinds as kubectl takes them.",
            show_default=False,
        ),
    ],
    prometheus: PrometheusOptions,
    recording: RecordingOptions,
    cluster: ClusterOptions,
    forecast: ForecastOptions,
    report: ReportOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    output: Annotated[
        Form, option("-o", "--output", text="A chart and sentences, or every number.", panel=OUTPUT)
    ] = Form.TEXT,
) -> None:
    """Show how the sizes of one workload come about, step by step.

    From the usage that was seen, over the forecast and the rules of its policy, to what is done and what holds it back.
    """
    from vpa_inplace.cli import work
    from vpa_inplace.cli.names import Asked
    from vpa_inplace.cli.streams import deliver, speaker
    from vpa_inplace.report.explain import explain as explained
    from vpa_inplace.report.explain import explain_json
    from vpa_inplace.report.explain_text import explain_text

    say = speaker(quiet=talk.quiet)
    asked = Asked.parse(name)
    config = work.configured(file)
    chosen = work.forecasting(config, forecast, say)
    looking = work.Looking(
        scope=work.scope_of(config, ScopeOptions(namespace=[asked.namespace]), cluster.cluster),
        source=work.source_of(config, recording, prometheus, cluster, say),
    )
    observation = looking.observe(quiet=talk.quiet)
    keys = asked.among(observation.snapshot.rows)
    decision = chosen.decide(observation)
    found = [explained(decision, observation, key) for key in keys]
    if output is Form.JSON:
        texts = [explain_json(explanation) for explanation in found]
        # a container that is named is one object; a workload is a list, however many containers it has
        text = texts[0] if asked.container else "[" + ",\n".join(part.rstrip("\n") for part in texts) + "]\n"
    else:
        look = work.look_of(report, talk, context=None)
        text = "\n".join(explain_text(explanation, look) for explanation in found)
    deliver(text, report.out)
