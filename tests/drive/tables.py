"""Small usage tables for replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

START = pd.Timestamp("2026-03-02", tz="UTC")  # a Monday, midnight
MIB = 2**20


def a_table(
    series: Mapping[object, Sequence[float] | np.ndarray],
    *,
    memory: Mapping[object, Sequence[float] | np.ndarray] | None = None,
    step: int = 300,
    starts: Mapping[object, pd.Timestamp] | None = None,
) -> pd.DataFrame:
    """CPU in cores and memory in bytes per series, one row a step, as a usage file holds them."""
    parts = []
    for name, cpu in series.items():
        begin = (starts or {}).get(name, START)
        columns = {
            "ts": begin + pd.to_timedelta(np.arange(len(cpu)) * step, unit="s"),
            "series": name,
            "cpu": np.asarray(cpu, float),
        }
        if memory is not None:
            columns["mem"] = np.asarray(memory[name], float)
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def a_day_of_waves(*, days: int, peak: float, seed: int) -> np.ndarray:
    """Cores at five-minute steps: a daily rhythm with seeded noise."""
    t = np.arange(days * 288)
    noise = np.random.default_rng(seed).lognormal(0, 0.2, len(t))
    return peak * (0.35 + 0.3 * np.sin(2 * np.pi * t / 288)) * noise
