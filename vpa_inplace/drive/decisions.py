"""Usage tables in, decision tables out: the two Parquet files of a replay.

Usage: ``ts`` (start of the window), ``series``, ``cpu`` (cores), ``mem`` (bytes; the column may be missing), NaN for a
gap. Decisions: the same columns, the allocation asked for from ``ts`` on; sparse, NaN where a resource does not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.errors import FileRefused, SourceUnavailable
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.resource import Resource
from vpa_inplace.history import History
from vpa_inplace.history.history import HOUR
from vpa_inplace.observe.files import write_whole

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: Final = ("cpu", "mem")
UNIT: Final = (1000.0, 1.0)  # millicores in a core, bytes in a byte
LARGEST: Final = 2 * 2**30  # bytes of one usage matrix: what a laptop has to spare

Int = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Usage of n series on one grid, each from its own first row to its own last one.

    A series whose rows stand off the common grid by less than a step is moved onto it; ``shift`` moves its decisions
    back, so that each series keeps its own clock.
    """

    names: tuple[Any, ...]  # the series as the file has them, one a row
    history: History
    first: Int  # [n] column of the first window
    stop: Int  # [n] one past the column of the last window
    shift: Int  # [n] seconds

    @classmethod
    def of(cls, history: History) -> Usage:
        """A history as if it had been read: every row runs from its first sample to the end."""
        n, width = len(history.rows), history.usage.shape[2]
        known: npt.NDArray[np.bool_] = np.logical_or(*np.isfinite(history.usage))
        return cls(
            names=tuple(str(key) for key in history.rows),
            history=history,
            first=np.where(known.any(axis=1), known.argmax(axis=1), width).astype(np.int64),
            stop=np.full(n, width, np.int64),
            shift=np.zeros(n, np.int64),
        )

    @property
    def has(self) -> tuple[bool, bool]:
        """Whether there is any CPU and any memory usage."""
        cpu, memory = (bool(np.isfinite(matrix).any()) for matrix in self.history.usage)
        return cpu, memory


@dataclass(slots=True)
class Decisions:
    """Changes in the order in which they were made; ``add`` takes those of one moment."""

    at: list[Int] = field(default_factory=list)  # epoch seconds, one a change
    row: list[npt.NDArray[np.intp]] = field(default_factory=list)
    size: list[npt.NDArray[np.float64]] = field(default_factory=list)  # [2, changes] millicores, bytes; NaN: no change

    def add(self, at: int, row: npt.NDArray[np.intp], size: npt.NDArray[np.float64]) -> None:
        if len(row):
            self.at.append(np.full(len(row), at, np.int64))
            self.row.append(row)
            self.size.append(size)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.row)


def read_usage(path: Path | str) -> Usage:
    """Read a usage table.

    Raises:
        SourceUnavailable: there is no such file.
        FileRefused: not Parquet, columns missing, rows unsorted, doubled or off the grid, values that are no usage.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise SourceUnavailable(f"usage file {path} does not exist")
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are ValueErrors
        raise FileRefused(f"usage file {path} is no readable Parquet file: {error}") from error
    try:
        return usage_of(table)
    except FileRefused as error:
        raise FileRefused(f"usage file {path}: {error}") from error


def usage_of(table: pd.DataFrame) -> Usage:
    """A usage table as a matrix; the same errors as :func:`read_usage`."""
    missing = [name for name in ("ts", "series") if name not in table]
    if missing or not any(name in table for name in COLUMNS):
        have = ", ".join(map(str, table.columns)) or "none"
        raise FileRefused(f"it needs the columns ts, series, and cpu or mem; it has {have}")
    if table.empty:
        raise FileRefused("it has no rows")
    epoch = _epoch(table)
    codes, uniques = table["series"].factorize(use_na_sentinel=True)
    names = tuple(uniques)
    if (codes < 0).any():
        raise FileRefused(f"row {int((codes < 0).argmax())} has no series")
    order = np.argsort(codes, kind="stable")  # rows of one series together, in the order of the file
    row, epoch = codes[order], epoch[order]
    step = _step(row, epoch, names)
    begins = np.flatnonzero(np.diff(row, prepend=-1))
    shift = epoch[begins] % step
    epoch = epoch - shift[row]
    start, end = int(epoch.min()), int(epoch.max()) + step
    width = (end - start) // step
    if 2 * len(names) * width * 4 > LARGEST:
        raise FileRefused(
            f"{len(names)} series over {width} steps of {step} s do not fit into {LARGEST // 2**30} GiB: "
            "replay them in parts"
        )
    column = (epoch - start) // step
    usage = np.full((2, len(names), width), np.nan, np.float32)
    for resource in Resource:
        if COLUMNS[resource] in table:
            usage[resource, row, column] = _values(table, resource)[order] * UNIT[resource]
    first = column[begins]
    stop = np.append(column[begins[1:] - 1], column[-1]) + 1
    rows = Index(tuple(ContainerKey.of("replay", "default", "Pod", str(name), "main") for name in names))
    history = History.of(rows, start=start, step=step, usage=usage)
    return Usage(names=names, history=history, first=first, stop=stop, shift=shift)


def write_decisions(path: Path | str, decisions: Decisions, usage: Usage) -> None:
    """Write the decision table, sorted by time, then by the order of the series in the usage file.

    Raises:
        UsageError: the file cannot be written there.
    """
    table = decision_table(decisions, usage)
    write_whole(Path(path), lambda file: table.to_parquet(file, compression="zstd", index=False))


def decision_table(decisions: Decisions, usage: Usage) -> pd.DataFrame:
    """The decisions as ``ts, series, cpu, mem``; a resource that the usage lacks has no column."""
    import pandas as pd

    row = np.concatenate([np.empty(0, np.intp), *decisions.row])
    at = np.concatenate([np.empty(0, np.int64), *decisions.at]) + usage.shift[row]
    size = np.concatenate([np.empty((2, 0)), *decisions.size], axis=1)
    order = np.lexsort((row, at))
    row, at, size = row[order], at[order], size[:, order]
    series = pd.Series(usage.names)
    if all(isinstance(name, str) for name in usage.names):
        series = series.astype("category")  # one text a series in the file, not one a row
    table = pd.DataFrame(
        {
            "ts": pd.to_datetime(at, unit="s", utc=True).astype("datetime64[ms, UTC]"),
            "series": series.take(row.tolist()).array,
        }
    )
    for resource, present in zip(Resource, usage.has, strict=True):
        if present:
            table[COLUMNS[resource]] = size[resource] / UNIT[resource]
    return table


def _epoch(table: pd.DataFrame) -> Int:
    import pandas as pd

    ts = table["ts"]
    if not pd.api.types.is_datetime64_any_dtype(ts):
        raise FileRefused(f"column ts holds {ts.dtype}; it needs timestamps (without a zone they count as UTC)")
    if ts.isna().any():
        raise FileRefused(f"row {int(ts.isna().to_numpy().argmax())} has no ts")
    aware = ts.dt.tz_localize("UTC") if ts.dt.tz is None else ts.dt.tz_convert("UTC")
    seconds: Int = aware.astype("datetime64[s, UTC]").astype("int64").to_numpy()
    return seconds


def _step(row: npt.NDArray[np.intp], epoch: Int, names: Sequence[Any]) -> int:
    """The step of the grid in seconds; every gap of every series must be a multiple of it."""
    gap, same = np.diff(epoch), np.diff(row) == 0

    def where(i: int) -> str:
        return f"series {names[row[i]]!r} at {np.datetime64(int(epoch[i]), 's')}Z"

    if (bad := same & (gap == 0)).any():
        raise FileRefused(f"{where(int(bad.argmax()) + 1)} is there twice; keep one row a window")
    if (bad := same & (gap < 0)).any():
        raise FileRefused(f"{where(int(bad.argmax()) + 1)} stands after a later row; sort by series and ts")
    if not same.any():
        raise FileRefused("no series has two rows, so there is no grid step")
    step = int(gap[same].min())
    if step < 1 or HOUR % step:
        raise FileRefused(f"the grid step is {step} s; it must divide an hour (60 and 300 s are usual)")
    if (bad := same & (gap % step != 0)).any():
        i = int(bad.argmax()) + 1
        raise FileRefused(f"{where(i)} is {gap[i - 1]} s after the row before it, no multiple of the step of {step} s")
    return step


def _values(table: pd.DataFrame, resource: Resource) -> npt.NDArray[np.float64]:
    name = COLUMNS[resource]
    try:
        values = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise FileRefused(f"column {name} holds {table[name].dtype}; it needs numbers") from error
    wrong = (values < 0) | np.isinf(values)
    if wrong.any():
        i = int(wrong.argmax())
        where = f"series {table['series'].iloc[i]!r} at {table['ts'].iloc[i]}"
        raise FileRefused(f"{where} uses {values[i]:g} of {name}; usage is finite and not negative, NaN is a gap")
    return values
