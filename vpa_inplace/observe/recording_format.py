"""What stands in a recording, member by member: docs/recording.md as code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import ContainerKey
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import Node, Pod
from vpa_inplace.domain.resource import Resource
from vpa_inplace.domain.snapshot import LatencySeries
from vpa_inplace.history.history import DAY, HOUR

SCHEMA: Final = "vpa-inplace.recording"
VERSION: Final = 1
MANIFEST, USAGE, HOURLY, LATENCY = "manifest.json", "usage.parquet", "hourly.parquet", "latency.parquet"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # of every member: the same observation gives the same bytes
LONGEST: Final = 5 * 366 * DAY  # seconds; a longer span is a slip of the pen, and memory would not hold it
CELLS: Final = 2**21  # of a matrix, or lines of a table, at a time: 50 MB of columns
COLUMN: Final[Mapping[str, Any]] = {  # usage is noise to a dictionary; its exponents pack well once bytes are split
    "compression": "zstd",
    "use_dictionary": ["row", "series", "window", "bound"],
    "column_encoding": {
        "ts": "DELTA_BINARY_PACKED",
        "cpu": "BYTE_STREAM_SPLIT",
        "memory": "BYTE_STREAM_SPLIT",
        "count": "BYTE_STREAM_SPLIT",
    },
}

Columns = dict[str, npt.NDArray[Any]]
Matrix = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


class Head(msgspec.Struct):
    """Enough to say whether the rest can be understood."""

    schema: str = ""
    version: int = 0


class Row(msgspec.Struct):
    key: ContainerKey
    born: tuple[int | None, int | None]  # epoch seconds of the first CPU and memory sample


class Latency(msgspec.Struct):
    metric: str
    namespace: str
    pod: str
    bounds: list[str]  # as Prometheus writes them: JSON has no infinity
    start: int
    step: int
    windows: int


class Manifest(msgspec.Struct, kw_only=True):
    schema: str
    version: int
    now: datetime
    step: int
    start: int
    columns: int
    hour_start: int
    hours: int
    rows: list[Row]
    pods: list[Pod]
    nodes: list[Node] = []
    latency: list[Latency] = []
    skips: list[Skip] = []
    warnings: list[str] = []
    cleaned: dict[str, int] = {}


def check(manifest: Manifest) -> None:
    """What types do not say.

    Raises:
        ValueError: a field is out of its range.
    """
    if manifest.step < 1 or HOUR % manifest.step:
        raise ValueError(f"step {manifest.step} must divide an hour")
    if manifest.start % manifest.step or manifest.hour_start % HOUR:
        raise ValueError("start must be a multiple of step, and hour_start one of 3600")
    spans = [("columns", manifest.columns * manifest.step), ("hours", manifest.hours * HOUR)]
    spans += [(f"windows of {x.metric} of {x.namespace}/{x.pod}", x.windows * x.step) for x in manifest.latency]
    for name, span in spans:
        if not 0 <= span <= LONGEST:
            raise ValueError(f"{name} must cover between nothing and five years")
    if any(each.step < 1 for each in manifest.latency):
        raise ValueError("step of a latency series must be a second or more")
    moments = [("now", manifest.now)]
    for pod in manifest.pods:
        moments += [(f"created of pod {pod}", at) for at in (pod.created,) if at is not None]
        moments += [(f"last_oom of {pod}/{c.name}", c.last_oom) for c in pod.containers if c.last_oom is not None]
    for name, moment in moments:
        if moment.tzinfo is None:
            raise ValueError(f"{name} has no time zone; write it like 2026-03-02T12:00:00Z")


def add_member(archive: zipfile.ZipFile, name: str, data: bytes | memoryview) -> None:
    archive.writestr(zipfile.ZipInfo(name, EPOCH), data)  # stored: Parquet is compressed already


def add_table(archive: zipfile.ZipFile, name: str, parts: Iterable[Columns]) -> None:
    """A table, a part at a time; there is one part at least, if an empty one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, writer = io.BytesIO(), None
    for part in parts:
        table = pa.table(part)
        if writer is None:
            encoding = {k: v for k, v in COLUMN["column_encoding"].items() if k in part}
            dictionary = [k for k in COLUMN["use_dictionary"] if k in part]
            writer = pq.ParquetWriter(
                sink,
                table.schema,
                compression=COLUMN["compression"],
                use_dictionary=dictionary,
                column_encoding=encoding,
            )
        if table.num_rows:
            writer.write_table(table)
    if writer is not None:
        writer.close()
    add_member(archive, name, sink.getbuffer())


def table(archive: zipfile.ZipFile, name: str, needed: Iterable[str]) -> Iterator[Columns]:
    """The table in parts.

    Raises:
        KeyError: no such member.
        ValueError: a column is missing.
    """
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(archive.read(name)))
    if missing := [column for column in needed if column not in file.schema_arrow.names]:
        raise ValueError(f"{name} has no column {', '.join(missing)}")
    for batch in file.iter_batches(CELLS):
        yield {column: batch.column(column).to_numpy(zero_copy_only=False) for column in batch.schema.names}


def long(matrix: Matrix, start: int, step: int, censored: Mask | None = None) -> Iterator[Columns]:
    """A line for every (row, window) of ``matrix`` [2, n, t] that says something: a sample, or that demand was higher."""
    height = max(1, CELLS // max(1, matrix.shape[2]))
    for first in range(0, max(1, matrix.shape[1]), height):
        some = slice(first, first + height)
        says = np.isfinite(matrix[:, some]).any(axis=0)
        if censored is not None:
            says |= censored[:, some].any(axis=0)
        row, column = np.nonzero(says)
        row += first
        part: Columns = {"row": row.astype(np.int32), "ts": start + column.astype(np.int64) * step}
        part |= {resource.key: matrix[resource, row, column] for resource in Resource}
        if censored is not None:
            part |= {f"{resource.key}_censored": censored[resource, row, column] for resource in Resource}
        yield part


def wide(parts: Iterable[Columns], shape: tuple[int, int, int], start: int, step: int) -> tuple[Matrix, Mask]:
    """The inverse of :func:`long`.

    Raises:
        ValueError, IndexError: a line is outside of the shape.
    """
    matrix = np.full(shape, np.nan, np.float32)
    censored = np.zeros(shape, np.bool_)
    for part in parts:
        row, column = part["row"], (part["ts"] - start) // step
        if len(row) and (row.min() < 0 or column.min() < 0):
            raise ValueError("a sample lies before the start of the recording")
        for resource in Resource:
            matrix[resource, row, column] = part[resource.key]
            if (name := f"{resource.key}_censored") in part:
                censored[resource, row, column] = part[name]
    return matrix, censored


def about(series: LatencySeries) -> Latency:
    """Everything of a latency series but its counts."""
    return Latency(
        metric=series.metric,
        namespace=series.namespace,
        pod=series.pod,
        bounds=[repr(bound) for bound in series.bounds],
        start=series.start,
        step=series.step,
        windows=len(series.counts),
    )


def long_latency(latency: Sequence[LatencySeries]) -> Iterator[Columns]:
    """A line for every count that is known, a series at a time; an empty part first, for who has none."""
    kinds = {"series": np.int32, "window": np.int32, "bound": np.int32, "count": np.float32}
    yield {name: np.empty(0, kind) for name, kind in kinds.items()}
    for i, series in enumerate(latency):
        window, bound = np.nonzero(np.isfinite(series.counts))
        counts = series.counts[window, bound]
        columns: tuple[npt.NDArray[Any], ...] = (np.full(len(window), i), window, bound, counts)
        yield {name: column.astype(kinds[name]) for name, column in zip(kinds, columns, strict=True)}


def wide_latency(parts: Iterable[Columns], abouts: Sequence[Latency]) -> list[LatencySeries]:
    """The inverse of :func:`long_latency`.

    Raises:
        ValueError, IndexError: a line is outside of its series.
    """
    shapes = np.array([(each.windows, len(each.bounds)) for each in abouts], np.int64).reshape(-1, 2)
    offsets = np.array([0, *accumulate(shapes.prod(axis=1).tolist())], np.int64)
    flat = np.full(offsets[-1], np.nan, np.float32)
    for part in parts:
        series, window, bound = part["series"], part["window"], part["bound"]
        height, width = shapes[series].T
        if ((series < 0) | (window < 0) | (window >= height) | (bound < 0) | (bound >= width)).any():
            raise ValueError("a count lies outside of its latency series")
        flat[offsets[series] + window * width + bound] = part["count"]
    return [
        LatencySeries(
            metric=each.metric,
            namespace=each.namespace,
            pod=each.pod,
            bounds=tuple(float(bound) for bound in each.bounds),
            start=each.start,
            step=each.step,
            counts=flat[first:last].reshape(shape),
        )
        for each, shape, first, last in zip(abouts, shapes, offsets[:-1], offsets[1:], strict=True)
    ]
