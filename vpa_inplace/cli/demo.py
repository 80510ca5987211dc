"""``vpa-inplace demo``: the whole of it on a generated fleet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from vpa_inplace.cli.options import OUTPUT, TalkOptions, option

if TYPE_CHECKING:
    from vpa_inplace.api.config import Config
    from vpa_inplace.decide import Decision
    from vpa_inplace.demo.fleet import Fleet
    from vpa_inplace.history import History
    from vpa_inplace.observe.source import Observation
    from vpa_inplace.report.options import Options
    from vpa_inplace.report.registry import Report

FLEET: Final = "Fleet"
STAR: Final = "ml/StatefulSet/llm-chat/vllm"  # the container that is explained: an inference server
WIDTH: Final = 100  # columns of sentences where nobody says otherwise
WARM_UP: Final = 3.0  # days that are lived through and not counted; a third of a record that is shorter than nine
COMPETITORS: Final = (
    ("VPA", "a port of upstream's recommender; resized in place whenever it says something else by 10 % or more"),
    ("simple rule", "the most of the last hour, or of yesterday around that time, plus 15 %; no limit to its resizes"),
    ("vpa-inplace", "the default profile. So far the same rule, within 8 resizes a day, and memory held at its peak"),
    ("static", "the most of the last 7 days plus 15 %"),
    ("oracles", "know the future: the way from the others to them is what a better forecast can still win"),
)
CAVEAT: Final = (
    "Every size is in force at once, and each role is one simulated pod. Made-up days repeat themselves better than "
    "real ones do, so this ranks nobody: judge on usage of your own with vpa-inplace replay."
)


def demo(
    talk: TalkOptions,
    *,
    output: Annotated[
        str,
        option(
            "-o",
            "--output",
            text="table shows everything; json, yaml, csv, markdown or patch give the report alone.",
            panel=OUTPUT,
            metavar="FORMAT",
        ),
    ] = "table",
    width: Annotated[
        int | None, option("--width", text="Columns to wrap at; default: the terminal's.", panel=OUTPUT, min=40)
    ] = None,
    no_replay: Annotated[
        bool, option("--no-replay", text="Leave out the comparison by replay, which takes longest.", panel=OUTPUT)
    ] = False,
    out: Annotated[
        Path | None,
        option("--out", text="Write the fleet to this file, to be read with --recording.", panel=FLEET, metavar="FILE"),
    ] = None,
    force: Annotated[bool, option("--force", text="Replace that file if it is there.", panel=FLEET)] = False,
    days: Annotated[int, option("--days", text="How much past it has.", panel=FLEET, min=1, max=60)] = 9,
    seed: Annotated[
        int | None, option("--seed", text="Another roll of the dice; the default is fixed.", panel=FLEET, min=0)
    ] = None,
) -> None:
    """See it all on a generated fleet: no cluster, no Prometheus, no network.

    Prints the report, explains one container, and compares forecasters by replay. The same every time.
    """
    import os
    import sys

    from vpa_inplace.api.config import load_config
    from vpa_inplace.cli.streams import deliver, speaker
    from vpa_inplace.demo.fleet import SEED, make_fleet
    from vpa_inplace.demo.observation import observation_of
    from vpa_inplace.report.options import Options
    from vpa_inplace.report.registry import make_report

    printed = make_report(output)
    fleet = make_fleet(days=days, seed=SEED if seed is None else seed)
    observation = observation_of(fleet)
    if out is not None:
        _keep(observation, out, force=force)
        speaker(quiet=talk.quiet)(f"recording of {len(observation.snapshot.rows)} containers in {out}")
    look = Options.for_stream(sys.stdout, os.environ, width=width, verbose=talk.verbose)
    config = load_config(None)
    decision, report = _decided(config, observation, printed, look)
    if output != "table":
        deliver(report, None)
        return
    deliver(_opening(fleet, observation, look), None)
    deliver(_heading("1. What would be resized now, and why", look) + report, None)
    deliver(_heading("2. How one size comes about", look) + _story(decision, observation, look), None)
    if not no_replay:
        deliver(_heading("3. The same past once more, decided every 5 minutes without a look ahead", look), None)
        deliver(_scores(config, observation.history, days, look, quiet=talk.quiet), None)
    deliver(_next_steps(out, look), None)


def _keep(observation: Observation, out: Path, *, force: bool) -> None:
    from vpa_inplace.domain.errors import UsageError
    from vpa_inplace.observe.recording import write_recording

    if out.exists() and not force:
        raise UsageError(f"{out} exists already; choose another name, or replace it with --force")
    write_recording(observation, out)


def _decided(config: Config, observation: Observation, printed: Report, look: Options) -> tuple[Decision, str]:
    """The decision that ``recommend`` would make of the same fleet, and its report."""
    from vpa_inplace.api.policies import forecaster_of, policies_for
    from vpa_inplace.drive.once import decide_once
    from vpa_inplace.report.build import build

    forecaster = forecaster_of(config)
    decision = decide_once(observation, forecaster, policies_for(config, observation.snapshot.rows))
    cluster = observation.snapshot.rows.keys[0].workload.cluster
    return decision, printed(build(decision, observation, cluster=cluster, forecaster_name=forecaster.name), look)


def _opening(fleet: Fleet, observation: Observation, look: Options) -> str:
    from vpa_inplace.report.text import count

    pods = len(observation.snapshot.pods)
    text = (
        f"A generated cluster of {count(len(fleet.stories), 'workload')} with {count(pods, 'live pod')}, as it might "
        f"stand on {fleet.now:%A, %Y-%m-%d at %H:%M} UTC with {count(_days(fleet), 'day')} of usage behind it. "
        "Nothing in it was measured, and nothing is changed anywhere."
    )
    if not look.verbose:
        return _wrapped([("", f"{text} What each workload is there to show: -v.")], look)
    stories = [(f"{key.namespace}/{key.kind}/{key.name}", story) for key, story in fleet.stories.items()]
    return _wrapped([("", text)], look) + "\n" + _wrapped(stories, look)


def _days(fleet: Fleet) -> int:
    return round(fleet.width * fleet.step / 86400)


def _heading(text: str, look: Options) -> str:
    from vpa_inplace.report.grid import painted

    return f"\n\n{painted([(text, 'bold')], color=look.color)}\n{'=' * len(text)}\n\n"


def _story(decision: Decision, observation: Observation, look: Options) -> str:
    from vpa_inplace.cli.names import Asked
    from vpa_inplace.report.explain import explain
    from vpa_inplace.report.explain_text import explain_text

    (key,) = Asked.parse(STAR).among(observation.snapshot.rows)
    return explain_text(explain(decision, observation, key), look)


def _scores(config: Config, history: History, days: int, look: Options, *, quiet: bool) -> str:
    from dataclasses import replace
    from datetime import timedelta

    from vpa_inplace.cli.progress import progress
    from vpa_inplace.drive.score import scoreboard, usual_entrants
    from vpa_inplace.report.scoreboard import scoreboard as drawn

    warm_up = min(WARM_UP, days / 3)
    with progress(quiet=quiet) as tell:
        scores = scoreboard(history, usual_entrants(config), warm_up=timedelta(days=warm_up), report=tell)
    short = [replace(score, name=score.name.removesuffix(", hindsight")) for score in scores]
    warm = f"The first {warm_up:.3g} days of each container are lived through and not counted. "
    return drawn(short, look) + "\n" + _wrapped([*COMPETITORS], look) + "\n" + _wrapped([("", warm + CAVEAT)], look)


def _next_steps(out: Path | None, look: Options) -> str:
    file = "demo.recording" if out is None else str(out)
    steps = (
        *(() if out is not None else (("keep the fleet:", f"vpa-inplace demo --no-replay --out {file}"),)),
        ("for an issue:", f"vpa-inplace recommend --recording {file} -o markdown"),
        ("another size:", f"vpa-inplace explain shop/deploy/checkout --recording {file}"),
        ("your cluster:", "vpa-inplace recommend -p http://your-prometheus:9090"),
    )
    lines = [f"  {what:<16}{command}\n" for what, command in steps]
    return _heading("Next", look) + "".join(lines)


def _wrapped(items: Iterable[tuple[str, str]], look: Options) -> str:
    """Words and what is said of them, in two columns that keep to the page; without words one paragraph."""
    from textwrap import wrap

    items = [*items]
    width = min(look.width or WIDTH, WIDTH)
    indent = max(len(word) for word, _ in items)
    indent += 2 if indent else 0

    def lines() -> Iterator[str]:
        for word, text in items:
            first, *more = wrap(text, max(width - indent, 30)) or [""]
            yield f"{word:<{indent}}{first}\n"
            yield from (f"{'':<{indent}}{line}\n" for line in more)

    return "".join(lines())
