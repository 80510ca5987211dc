"""An observation in one file: a zip of a JSON manifest and Parquet tables, described in docs/recording.md."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.errors import FileRefused, UsageError
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Node, Pod
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import LatencySeries, Slots, Snapshot
from vpa_inplace.history import History, evidence_of
from vpa_inplace.history.history import HOUR, NEVER
from vpa_inplace.observe.files import write_whole
from vpa_inplace.observe.source import Observation, Report, Scope, silent

SCHEMA: Final = "vpa-inplace.recording"
VERSION: Final = 1
MANIFEST, USAGE, HOURLY, LATENCY = "manifest.json", "usage.parquet", "hourly.parquet", "latency.parquet"
UNREADABLE: Final = (
    zlib.error,
    EOFError,
    RuntimeError,  # an archive that says it is encrypted, or packed in a way that zipfile does not know
    ValueError,  # of msgspec, numpy and Index: odd fields, the same row twice
    IndexError,
    TypeError,
    OverflowError,
)
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # of every member: the same observation gives the same bytes


class _Head(msgspec.Struct):
    schema: str = ""
    version: int = 0


class _Row(msgspec.Struct):
    key: ContainerKey
    born: tuple[int | None, int | None]  # epoch seconds of the first CPU and memory sample


class _Latency(msgspec.Struct):
    metric: str
    namespace: str
    pod: str
    bounds: list[str]  # as Prometheus writes them: JSON has no infinity
    start: int
    step: int
    windows: int


class _Manifest(msgspec.Struct, kw_only=True):
    schema: str
    version: int
    now: datetime
    step: int
    start: int
    columns: int
    hour_start: int
    hours: int
    rows: list[_Row]
    pods: list[Pod]
    nodes: list[Node] = []
    latency: list[_Latency] = []
    skips: list[Skip] = []
    warnings: list[str] = []
    cleaned: dict[str, int] = {}


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
        raise FileRefused(f"{path} is no recording: {error.args[0]}") from error
    except (*UNREADABLE, ArrowException) as error:
        raise FileRefused(f"recording {path} does not hold what its manifest says: {error}") from error


# ------------------------------------------------------------------------------------------------------------- out


def _write(observation: Observation, file: BinaryIO) -> None:
    history, snapshot = observation.history, observation.snapshot
    manifest = _Manifest(
        schema=SCHEMA,
        version=VERSION,
        now=snapshot.now,
        step=history.step,
        start=history.start,
        columns=history.usage.shape[2],
        hour_start=history.hour_start,
        hours=history.hourly.shape[2],
        rows=[_Row(key, _born(history, row)) for row, key in enumerate(history.rows)],
        pods=list(snapshot.pods),
        nodes=list(snapshot.nodes.values()),
        latency=[_about(series) for series in snapshot.latency],
        skips=list(observation.skips),
        warnings=list(observation.warnings),
        cleaned=dict(observation.cleaned),
    )
    detail = _long(history.usage, history.start, history.step)
    place = (detail["row"], (detail["ts"] - history.start) // history.step)
    for resource in Resource:
        detail[f"{resource.key}_censored"] = history.censored[(resource, *place)]
    with zipfile.ZipFile(file, "w") as archive:
        _member(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        _member(archive, USAGE, _parquet(detail))
        _member(archive, HOURLY, _parquet(_long(history.hourly, history.hour_start, HOUR)))
        _member(archive, LATENCY, _parquet(_long_latency(snapshot.latency)))


def _member(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, EPOCH), data)  # stored: Parquet is compressed already


def _born(history: History, row: int) -> tuple[int | None, int | None]:
    cpu, memory = (None if x == NEVER else int(x) for x in history.born[:, row])
    return cpu, memory


def _about(series: LatencySeries) -> _Latency:
    return _Latency(
        metric=series.metric,
        namespace=series.namespace,
        pod=series.pod,
        bounds=[repr(bound) for bound in series.bounds],
        start=series.start,
        step=series.step,
        windows=len(series.counts),
    )


Columns = dict[str, npt.NDArray[Any]]


def _long(matrix: npt.NDArray[np.float32], start: int, step: int) -> Columns:
    """Rows of a table for every (row, column) in which some resource is known."""
    row, column = np.nonzero(np.isfinite(matrix).any(axis=0))
    values: Columns = {"row": row.astype(np.int32), "ts": start + column.astype(np.int64) * step}
    return values | {resource.key: matrix[resource, row, column] for resource in Resource}


def _long_latency(latency: Sequence[LatencySeries]) -> Columns:
    kinds = {"series": np.int32, "window": np.int32, "bound": np.int32, "count": np.float32}
    parts: dict[str, list[npt.NDArray[Any]]] = {name: [np.empty(0, kind)] for name, kind in kinds.items()}
    for i, series in enumerate(latency):
        window, bound = np.nonzero(np.isfinite(series.counts))
        values: tuple[npt.NDArray[Any], ...] = (np.full(len(window), i), window, bound, series.counts[window, bound])
        for name, value in zip(parts, values, strict=True):
            parts[name].append(value)
    return {name: np.concatenate(arrays).astype(kinds[name]) for name, arrays in parts.items()}


def _parquet(columns: Columns) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


# -------------------------------------------------------------------------------------------------------------- in


def _read(archive: zipfile.ZipFile, path: Path) -> Observation:
    body = archive.read(MANIFEST)
    head = msgspec.json.decode(body, type=_Head)
    if head.schema != SCHEMA:
        raise FileRefused(f"{path} is no recording: its manifest says schema {head.schema!r}")
    if head.version > VERSION:
        raise FileRefused(
            f"recording {path} has version {head.version}, this program reads up to {VERSION}; use a newer vpa-inplace"
        )
    manifest = msgspec.json.decode(body, type=_Manifest)
    history = _history(archive, manifest)
    pods = tuple(manifest.pods)
    moment = manifest.now
    snapshot = Snapshot(
        now=moment,
        rows=history.rows,
        pods=pods,
        slots=Slots.of(pods, history.rows),
        evidence=evidence_of(history.until(moment), moment.timestamp()),
        nodes={node.name: node for node in manifest.nodes},
        latency=tuple(_latency(archive, manifest)),
    )
    return Observation(
        snapshot=snapshot,
        history=history,
        skips=tuple(manifest.skips),
        warnings=tuple(manifest.warnings),
        cleaned=manifest.cleaned,
    )


def _history(archive: zipfile.ZipFile, manifest: _Manifest) -> History:
    n = len(manifest.rows)
    detail = _table(archive, USAGE)
    usage = _matrix(detail, (2, n, manifest.columns), manifest.start, manifest.step)
    censored = np.zeros(usage.shape, np.bool_)
    place = (detail["row"], (detail["ts"] - manifest.start) // manifest.step)
    for resource in Resource:
        if (name := f"{resource.key}_censored") in detail:
            censored[(resource, *place)] = detail[name]
    born = [[NEVER if row.born[r] is None else row.born[r] for row in manifest.rows] for r in Resource]
    return History(
        rows=Index(tuple(row.key for row in manifest.rows)),
        start=manifest.start,
        step=manifest.step,
        usage=usage,
        censored=censored,
        hour_start=manifest.hour_start,
        hourly=_matrix(_table(archive, HOURLY), (2, n, manifest.hours), manifest.hour_start, HOUR),
        born=np.array(born, np.int64).reshape(2, n),
    )


def _matrix(table: Columns, shape: tuple[int, int, int], start: int, step: int) -> npt.NDArray[np.float32]:
    matrix = np.full(shape, np.nan, np.float32)
    row, column = table["row"], (table["ts"] - start) // step
    if len(row) and (row.min() < 0 or column.min() < 0):
        raise ValueError("a sample lies before the start of the recording")
    for resource in Resource:
        matrix[resource, row, column] = table[resource.key]
    return matrix


def _latency(archive: zipfile.ZipFile, manifest: _Manifest) -> Iterator[LatencySeries]:
    table = _table(archive, LATENCY)
    for i, about in enumerate(manifest.latency):
        counts = np.full((about.windows, len(about.bounds)), np.nan, np.float32)
        mine = table["series"] == i
        counts[table["window"][mine], table["bound"][mine]] = table["count"][mine]
        yield LatencySeries(
            metric=about.metric,
            namespace=about.namespace,
            pod=about.pod,
            bounds=tuple(float(bound) for bound in about.bounds),
            start=about.start,
            step=about.step,
            counts=counts,
        )


def _table(archive: zipfile.ZipFile, name: str) -> Columns:
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(archive.read(name)))
    return {column: table.column(column).to_numpy() for column in table.column_names}


def _within(observation: Observation, scope: Scope, path: Path) -> Observation:
    snapshot = observation.snapshot
    if scope.selector:
        raise UsageError(f"selector {scope.selector!r}: recording {path} holds no labels; give -l when recording")
    there = sorted({pod.namespace for pod in snapshot.pods})
    for namespace in scope.namespaces:
        if namespace not in there:
            near = get_close_matches(namespace, there, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(there)}"
            raise UsageError(f"namespace {namespace!r} is not in recording {path}; {hint}")
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
    return replace(observation, snapshot=narrowed, history=history, skips=skips)
