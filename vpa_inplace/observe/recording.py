"""An observation in one file: a zip of a JSON manifest and Parquet tables, described in docs/recording.md."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np

from vpa_inplace.domain.errors import FileRefused, UsageError
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import Slots, Snapshot
from vpa_inplace.history import History, evidence_of
from vpa_inplace.history.history import HOUR, NEVER
from vpa_inplace.observe.discovery import left_out, no_such_namespace
from vpa_inplace.observe.files import write_whole
from vpa_inplace.observe.recording_format import (
    HOURLY,
    LATENCY,
    MANIFEST,
    SCHEMA,
    USAGE,
    VERSION,
    Head,
    Manifest,
    Row,
    about,
    add_member,
    add_table,
    check,
    long,
    long_latency,
    table,
    wide,
    wide_latency,
)
from vpa_inplace.observe.source import Observation, Report, Scope, silent

SAMPLES: Final = ("row", "ts", *(resource.key for resource in Resource))  # columns of usage and hours
UNREADABLE: Final = (
    zlib.error,
    EOFError,
    RuntimeError,  # an archive that says it is encrypted, or packed in a way that zipfile does not know
    ValueError,  # of msgspec, numpy, Index and our own checks: odd fields, the same row twice
    IndexError,
    TypeError,
    OverflowError,
    MemoryError,
)


def write_recording(observation: Observation, path: Path) -> None:
    """Write the observation, whole or not at all.

    Raises:
        UsageError: the place cannot be written to.
    """
    write_whole(path, lambda file: _write(observation, file))


@dataclass(frozen=True, slots=True)
class RecordingSource:
    """The source `recording`: what was observed once, seen again."""

    path: Path

    def observe(self, scope: Scope, report: Report = silent) -> Observation:  # noqa: ARG002 - it takes no time
        """See :class:`~vpa_inplace.observe.source.Source`; the cluster's name is the recording's own.

        Raises:
            UsageError: no such file, or the scope asks for what a recording does not hold.
            FileRefused: torn, foreign, or written by a newer version.
        """
        return _within(read_recording(self.path), scope, self.path)


def read_recording(path: Path) -> Observation:
    """The whole observation of a recording.

    Raises:
        UsageError: no such file.
        FileRefused: torn, foreign, or written by a newer version.
    """
    from pyarrow.lib import ArrowException

    if not path.is_file():
        raise UsageError(
            f"recording {path} does not exist; write one with `vpa-inplace record` or `vpa-inplace demo --out`"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            if (broken := archive.testzip()) is not None:
                raise FileRefused(f"recording {path} is damaged in {broken}; record it again")
            return _read(archive, path)
    except zipfile.BadZipFile as error:
        raise FileRefused(f"{path} is no recording, or it was cut off ({error}); record it again") from error
    except KeyError as error:
        raise FileRefused(f"{path} is no recording, or not a whole one: {error.args[0]}") from error
    except OSError as error:
        raise FileRefused(f"recording {path} cannot be read: {error.strerror or error}") from error
    except (*UNREADABLE, ArrowException) as error:
        raise FileRefused(f"recording {path} does not hold what its manifest says: {error}") from error


# ------------------------------------------------------------------------------------------------------------- out


def _write(observation: Observation, file: BinaryIO) -> None:
    history, snapshot = observation.history, observation.snapshot
    manifest = Manifest(
        schema=SCHEMA,
        version=VERSION,
        now=snapshot.now,
        step=history.step,
        start=history.start,
        columns=history.usage.shape[2],
        hour_start=history.hour_start,
        hours=history.hourly.shape[2],
        rows=[Row(key, _born(history, row)) for row, key in enumerate(history.rows)],
        pods=list(snapshot.pods),
        nodes=list(snapshot.nodes.values()),
        latency=[about(series) for series in snapshot.latency],
        skips=list(observation.skips),
        warnings=list(observation.warnings),
        cleaned=dict(observation.cleaned),
    )
    with zipfile.ZipFile(file, "w") as archive:
        add_member(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        add_table(archive, USAGE, long(history.usage, history.start, history.step, history.censored))
        add_table(archive, HOURLY, long(history.hourly, history.hour_start, HOUR))
        add_table(archive, LATENCY, long_latency(snapshot.latency))


def _born(history: History, row: int) -> tuple[int | None, int | None]:
    cpu, memory = (None if x == NEVER else int(x) for x in history.born[:, row])
    return cpu, memory


# -------------------------------------------------------------------------------------------------------------- in


def _read(archive: zipfile.ZipFile, path: Path) -> Observation:
    body = archive.read(MANIFEST)
    head = msgspec.json.decode(body, type=Head)
    if head.schema != SCHEMA:
        raise FileRefused(f"{path} is no recording: its manifest says schema {head.schema!r}")
    if head.version > VERSION:
        raise FileRefused(
            f"recording {path} has version {head.version}, this program reads up to {VERSION}; use a newer vpa-inplace"
        )
    manifest = msgspec.json.decode(body, type=Manifest)
    check(manifest)
    history = _history(archive, manifest)
    pods = tuple(manifest.pods)
    moment = manifest.now
    counts = table(archive, LATENCY, ("series", "window", "bound", "count"))
    snapshot = Snapshot(
        now=moment,
        rows=history.rows,
        pods=pods,
        slots=Slots.of(pods, history.rows),
        evidence=evidence_of(history.until(moment), moment.timestamp()),
        nodes={node.name: node for node in manifest.nodes},
        latency=tuple(wide_latency(counts, manifest.latency)),
    )
    return Observation(
        snapshot=snapshot,
        history=history,
        skips=tuple(manifest.skips),
        warnings=tuple(manifest.warnings),
        cleaned=manifest.cleaned,
    )


def _history(archive: zipfile.ZipFile, manifest: Manifest) -> History:
    n = len(manifest.rows)
    detail = table(archive, USAGE, SAMPLES)
    usage, censored = wide(detail, (2, n, manifest.columns), manifest.start, manifest.step)
    hourly, _ = wide(table(archive, HOURLY, SAMPLES), (2, n, manifest.hours), manifest.hour_start, HOUR)
    born = [[NEVER if row.born[r] is None else row.born[r] for row in manifest.rows] for r in Resource]
    return History(
        rows=Index(tuple(row.key for row in manifest.rows)),
        start=manifest.start,
        step=manifest.step,
        usage=usage,
        censored=censored,
        hour_start=manifest.hour_start,
        hourly=hourly,
        born=np.array(born, np.int64).reshape(2, n),
    )


def _within(observation: Observation, scope: Scope, path: Path) -> Observation:
    snapshot = observation.snapshot
    if scope.selector:
        raise UsageError(f"selector {scope.selector!r}: recording {path} holds no labels; give -l when recording")
    there = sorted({pod.namespace for pod in snapshot.pods})
    for namespace in scope.namespaces:
        if namespace not in there:
            raise no_such_namespace(namespace, there, f"is not in recording {path}")
    if all(scope.covers(namespace) for namespace in there):
        return observation
    pods = tuple(pod for pod in snapshot.pods if scope.covers(pod.namespace))
    rows = Index(tuple(key for key in snapshot.rows if scope.covers(key.namespace)))
    history = observation.history.on(rows)
    narrowed = replace(
        snapshot,
        rows=rows,
        pods=pods,
        slots=Slots.of(pods, rows),
        evidence=evidence_of(history.until(snapshot.now), snapshot.epoch),
        latency=tuple(series for series in snapshot.latency if scope.covers(series.namespace)),
    )
    skips = tuple(skip for skip in observation.skips if any(scope.covers(part) for part in skip.what.split("/")[:2]))
    return replace(observation, snapshot=narrowed, history=history, skips=(*left_out(there, scope), *skips))
