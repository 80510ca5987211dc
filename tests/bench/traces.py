"""Public usage traces in their common form: a folder of Parquet tables with an index; they lie beside the checkout."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NOMINAL = {
    "bitbrains_rnd": 1.0,
    "borg2011_jobs": 32.0,
    "jumpstarter_d2": 16.0,
    "crane_dsp": None,
    "nab_aws_cpu": 4.0,
    "borg2019_short": 64.0,
    "nezha_online_boutique": 1.0,
}
"""Cores of one unit of each source; None: the series are divided by their own 99th percentile."""
SHIPPABLE = ("borg2011_jobs", "jumpstarter_d2", "crane_dsp", "nab_aws_cpu")
"""Sources whose licences let something trained on them be shipped (CC-BY 4.0, MIT, Apache-2.0, MIT)."""
SOURCES = ("bitbrains_rnd", *SHIPPABLE)


@dataclass(frozen=True)
class Trace:
    """CPU usage of n series: as loaded, each begins in the first column, whatever its clock says."""

    name: str
    step: int  # seconds
    usage: np.ndarray  # F32[n, t] millicores, NaN for gaps
    warm_up: int  # columns of each series that are lived through and not counted
    start: np.ndarray  # [n] epoch seconds at which each series begins
    first: np.ndarray  # [n] column of each series' first window

    @property
    def day(self) -> int:
        return 86400 // self.step

    @property
    def stop(self) -> np.ndarray:
        """[n] one past the column of each series' last sample."""
        known = np.isfinite(self.usage)
        return self.usage.shape[1] - known[:, ::-1].argmax(axis=1)

    def on_one_clock(self) -> Trace:
        """The same series where they stand in time, so that prices of a fleet know no series' future.

        Times at which no series lived are left out: nobody looks across them.
        """
        offset = (self.start - self.start.min()) // self.step
        begin, end = offset, offset + self.stop
        lived = np.zeros(int(end.max()), np.bool_)
        for a, b in zip(begin, end, strict=True):
            lived[a:b] = True
        place = np.cumsum(lived) - 1
        usage = np.full((len(self.usage), int(lived.sum())), np.nan, np.float32)
        first = place[begin]
        for row, (a, stop) in enumerate(zip(first, self.stop, strict=True)):
            usage[row, a : a + stop] = self.usage[row, :stop]
        return replace(self, usage=usage, first=first)


def folder() -> Path | None:
    """Where the traces lie: what VPA_INPLACE_TRACES names, if anything is there."""
    named = os.environ.get("VPA_INPLACE_TRACES")
    path = Path(named) if named else None
    return path if path is not None and (path / "index.json").is_file() else None


def load(path: Path, name: str, every: int = 1) -> Trace:
    """One source, or every so-manieth series of it."""
    index: list[dict[str, Any]] = [
        e for e in json.loads((path / "index.json").read_text()) if Path(e["file"]).stem == name
    ]
    step = int(index[0]["step_s"])
    place = {e["id"]: i for i, e in enumerate(index)}
    table = pd.read_parquet(path / f"{name}.parquet", columns=["ts", "series", "cpu"])
    row = table["series"].astype(object).map(place).to_numpy()
    epoch = table["ts"].astype("datetime64[s, UTC]").astype("int64").to_numpy()
    start = np.full(len(index), np.iinfo(np.int64).max)
    np.minimum.at(start, row, epoch)
    column = (epoch - start[row]) // step
    usage = np.full((len(index), int(column.max()) + 1), np.nan)
    usage[row, column] = table["cpu"].to_numpy(dtype=np.float64)
    unit = NOMINAL[name]
    usage = usage / np.nanquantile(usage, 0.99, axis=1)[:, None] if unit is None else usage * unit
    days = float(np.median([e["days"] for e in index]))
    warm_up = (14 if days >= 21 else 3) * 86400 // step
    usage = (np.maximum(usage, 0) * 1000).astype(np.float32)[::every]
    return Trace(name, step, usage, warm_up, start[::every], np.zeros(len(usage), np.intp))


def made_up(n: int = 24, days: int = 9, *, step: int = 300, seed: int = 1) -> Trace:
    """Usage for where no traces are: a day's rhythm, work that comes in bursts, jobs on the hour, and plain trembling."""
    dice = np.random.default_rng(seed)
    width, per_day = days * 86400 // step, 86400 // step
    t = np.arange(width)
    usage = np.empty((n, width))
    for row in range(n):
        level = dice.lognormal(5, 1)  # millicores
        trembling = np.exp(dice.normal(0, 0.08, width))
        kind = row % 4
        if kind == 0:
            shape = 1 + 0.8 * np.sin(2 * np.pi * (t / per_day + dice.random()))
        elif kind == 1:
            begins = dice.random(width) < 4 / per_day  # four bursts a day, each of a length and height of its own
            shape = np.full(width, 0.15)
            for begin in np.flatnonzero(begins):
                shape[begin : begin + int(dice.exponential(40)) + 2] = dice.lognormal(0, 0.5)
        elif kind == 2:
            phase = int(dice.integers(per_day // 4))
            shape = np.where((t + phase) % (per_day // 4) < 9, 1.5, 0.2)
        else:
            shape = np.exp(np.cumsum(dice.normal(0, 0.01, width)))
        usage[row] = level * shape * trembling
    usage[dice.random(usage.shape) < 0.01] = np.nan
    none = np.zeros(n, np.int64)
    return Trace("made up", step, usage.astype(np.float32), 3 * per_day, none, none)
