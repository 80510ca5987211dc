"""``vpa-inplace record``: what is observed now, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vpa_inplace.cli.options import (
    OUTPUT,
    ClusterOptions,
    ConfigOptions,
    PrometheusOptions,
    RecordingOptions,
    ScopeOptions,
    TalkOptions,
    option,
)

if TYPE_CHECKING:
    from vpa_inplace.history import History
    from vpa_inplace.observe.source import Observation


def record(
    out: Annotated[Path, option("--out", text="The file to write.", panel=OUTPUT, metavar="FILE", show_default=False)],
    scope: ScopeOptions,
    prometheus: PrometheusOptions,
    recording: RecordingOptions,
    cluster: ClusterOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    force: Annotated[bool, option("--force", text="Replace the file if it is there.", panel=OUTPUT)] = False,
) -> None:
    """Keep what is observed now in one file, to be looked at offline.

    The file holds usage, pods with their requests and limits, and latency series; no credentials, no labels, no
    environment. Every other command reads it with `--recording FILE`.
    """
    from vpa_inplace.cli import work
    from vpa_inplace.cli.streams import deliver, speaker
    from vpa_inplace.domain.errors import UsageError
    from vpa_inplace.observe.recording import write_recording

    if out.exists() and not force:
        raise UsageError(f"{out} exists already; choose another name, or replace it with --force")
    if not out.parent.is_dir():  # before the work, not after it
        raise UsageError(f"{out} cannot be written: there is no folder {out.parent}")
    config = work.configured(file)
    looking = work.Looking(
        scope=work.scope_of(config, scope, cluster.cluster),
        source=work.source_of(config, recording, prometheus, cluster, speaker(quiet=talk.quiet)),
    )
    observation = looking.observe(quiet=talk.quiet)
    write_recording(observation, out)
    deliver(contents(observation, out), None)


def contents(observation: Observation, path: Path) -> str:
    """What a recording holds, in a few lines."""
    from vpa_inplace.report.text import count, percent, span

    snapshot, history = observation.snapshot, observation.history
    workloads = {key.workload for key in snapshot.rows}
    namespaces = {key.namespace for key in snapshot.rows}
    objects = ", ".join(
        count(len(things), noun)
        for things, noun in (
            (snapshot.rows, "container"),
            (workloads, "workload"),
            (namespaces, "namespace"),
            (snapshot.pods, "pod"),
            (snapshot.nodes, "node"),
        )
    )
    known = f"{percent(_known(history))} of the samples"
    usage = f"{span(history.end - history.start)} in steps of {span(history.step)}, {known}"
    lines = [
        ("moment", f"{snapshot.now:%Y-%m-%d %H:%M} UTC"),
        ("objects", objects),
        ("usage", f"{usage}; hourly maxima over {span(history.hourly.shape[2] * 3600)}"),
        ("latency", count(len(snapshot.latency), "histogram")),
        ("left out", count(len(observation.skips), "object")),
    ]
    size = f"{path}: {path.stat().st_size / 2**20:.2f} MiB"
    return "\n".join([size, *(f"  {name:9} {text}" for name, text in lines)]) + "\n"


def _known(history: History) -> float:
    """Share of all steps that have a sample."""
    import numpy as np

    return float(np.isfinite(history.usage).mean()) if history.usage.size else 0.0
