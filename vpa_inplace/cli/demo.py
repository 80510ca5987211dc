"""``vpa-inplace demo``: the whole of it on a generated fleet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from vpa_inplace.cli.options import OUTPUT, TalkOptions, option

if TYPE_CHECKING:
    from vpa_inplace.decide import Decision
    from vpa_inplace.demo.fleet import Fleet
    from vpa_inplace.observe.source import Observation, Report
    from vpa_inplace.report.options import Options

STAR: Final = "ml/StatefulSet/llm-chat/vllm"  # the container that is explained: an inference server


def demo(
    talk: TalkOptions,
    *,
    out: Annotated[
        Path | None, option("--out", text="Write the fleet as a recording.", panel=OUTPUT, metavar="FILE")
    ] = None,
    seed: Annotated[
        int | None, option("--seed", text="Another roll of the dice; the default is fixed.", panel=OUTPUT, min=0)
    ] = None,
    replay: Annotated[
        bool, option("--replay/--no-replay", text="Compare forecasters by replay (the longest part).", panel=OUTPUT)
    ] = True,
    width: Annotated[
        int | None, option("--width", text="Columns to wrap at; default: the terminal's.", panel=OUTPUT, min=40)
    ] = None,
) -> None:
    """See it all on a generated fleet: no cluster, no Prometheus, no network.

    Prints the report, explains one container, and compares forecasters by replay. The same every time.
    """
    import os
    import sys

    from vpa_inplace.cli.progress import progress
    from vpa_inplace.cli.streams import deliver, speaker
    from vpa_inplace.demo.fleet import SEED, make_fleet
    from vpa_inplace.demo.observation import observation_of
    from vpa_inplace.observe.recording import write_recording
    from vpa_inplace.report.options import Options

    fleet = make_fleet(seed=SEED if seed is None else seed)
    observation = observation_of(fleet)
    if out is not None:
        write_recording(observation, out)
        speaker(quiet=talk.quiet)(f"recording of {len(observation.snapshot.rows)} containers in {out}")
    look = Options.for_stream(sys.stdout, os.environ, width=width, verbose=talk.verbose)
    decision = _decided(observation)
    deliver(_heading(1, "What would be resized, and why", look) + _report(decision, observation, look), None)
    deliver(_heading(2, f"One container's story: {STAR}", look) + _story(decision, observation, look), None)
    if replay:
        with progress(quiet=talk.quiet) as tell:
            scores = _scores(fleet, look, tell)
        deliver(_heading(3, "The same nine days replayed, without a look ahead", look) + scores, None)
    deliver(_next_steps(out), None)


def _decided(observation: Observation) -> Decision:
    from vpa_inplace.api.config import load_config
    from vpa_inplace.api.policies import forecaster_of, policies_for
    from vpa_inplace.drive.once import decide_once

    config = load_config(None)
    return decide_once(observation, forecaster_of(config), policies_for(config, observation.snapshot.rows))


def _heading(number: int, text: str, look: Options) -> str:
    from vpa_inplace.report.grid import painted

    title = f"{number}. {text}"
    return f"\n{painted([(title, 'bold')], color=look.color)}\n{'=' * len(title)}\n\n"


def _report(decision: Decision, observation: Observation, look: Options) -> str:
    from vpa_inplace.report.build import build
    from vpa_inplace.report.registry import make_report

    document = build(decision, observation, cluster="demo", forecaster_name=decision.outlook.experts[0])
    return make_report("table")(document, look)


def _story(decision: Decision, observation: Observation, look: Options) -> str:
    from vpa_inplace.cli.names import Asked
    from vpa_inplace.report.explain import explain
    from vpa_inplace.report.explain_text import explain_text

    (key,) = Asked.parse(STAR).among(observation.snapshot.rows)
    return explain_text(explain(decision, observation, key), look)


def _scores(fleet: Fleet, look: Options, tell: Report) -> str:
    from vpa_inplace.api.config import load_config
    from vpa_inplace.demo.observation import observation_of
    from vpa_inplace.drive.score import scoreboard, usual_entrants
    from vpa_inplace.report.scoreboard import scoreboard as drawn

    scores = scoreboard(observation_of(fleet).history, usual_entrants(load_config(None)), report=tell)
    return drawn(scores, look) + (
        "\nAll of it is generated. VPA: a port of upstream's recommender. simple rule: the last hour or yesterday, + 15 %,\n"
        "resized at every chance. vpa-inplace: the same rule within a budget of 8 resizes a day, memory held at its peak.\n"
        "Every size is in force at once. Oracles know the future: the distance to them is what a forecaster can still win.\n"
    )


def _next_steps(out: Path | None) -> str:
    file = "demo.recording" if out is None else str(out)
    first = "" if out is not None else f"  vpa-inplace demo --no-replay --out {file}\n"
    return (
        "\nNext:\n"
        f"{first}"
        f"  vpa-inplace recommend --recording {file} -o markdown\n"
        f"  vpa-inplace explain shop/deploy/checkout --recording {file}\n"
        "  vpa-inplace recommend -p http://your-prometheus:9090\n"
    )
