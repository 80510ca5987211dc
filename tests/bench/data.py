"""Usage made up for benches: seeded, shaped like services with a day rhythm, built without large temporaries."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.history import History
from vpa_inplace.history.history import DAY, HOUR, STEP

END = datetime(2026, 3, 2, 12, tzinfo=UTC)
BATCH = 500  # rows made at a time, so that the peak memory is that of the data
MIB = 2**20


def some_rows(n: int) -> Index:
    """n containers, twenty to a namespace."""
    return Index(tuple(ContainerKey.of("bench", f"ns-{i // 20}", "Deployment", f"app-{i}", "main") for i in range(n)))


def some_usage(n: int, width: int, *, seed: int = 1, step: int = STEP) -> np.ndarray:
    """[2, n, width] millicores and bytes; one sample in a hundred is missing."""
    dice = np.random.default_rng(seed)
    usage = np.empty((2, n, width), np.float32)
    t = np.arange(width, dtype=np.float32) * np.float32(2 * np.pi * step / DAY)
    for first in range(0, n, BATCH):
        rows = min(BATCH, n - first)
        part = usage[:, first : first + rows]
        phase = dice.uniform(0, 2 * np.pi, (rows, 1)).astype(np.float32)
        for resource, (level, swing, noise) in enumerate(((200.0, 0.6, 0.3), (400.0 * MIB, 0.2, 0.02))):
            scale = dice.lognormal(0, 1, (rows, 1)).astype(np.float32) * np.float32(level)
            jitter = dice.standard_normal((rows, width), dtype=np.float32) * np.float32(noise)
            part[resource] = scale * (1 + np.float32(swing) * np.sin(t + phase)) * np.exp(jitter)
        part[:, dice.random((rows, width), dtype=np.float32) < 0.01] = np.nan
    return usage


def some_history(n: int, *, days: float = 8, seed: int = 1) -> History:
    """A history of n containers that ends at ``END``."""
    width = int(days * DAY) // STEP
    start = int(END.timestamp()) - width * STEP
    return History.of(some_rows(n), start=start, step=STEP, usage=some_usage(n, width, seed=seed))


def with_weeks(history: History, *, days: int = 35) -> History:
    """The same history with hourly maxima that reach back ``days``, as after weeks of watching."""
    more = days * 24 - history.hourly.shape[2]
    earlier = np.tile(history.hourly[:, :, :24], (1, 1, -(-more // 24)))[:, :, :more]
    return history.with_past(earlier, start=history.hour_start - more * HOUR)
