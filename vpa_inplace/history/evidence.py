"""From the matrix to the few facts per row that guards and reports need."""

from __future__ import annotations

import numpy as np

from vpa_inplace.domain.evidence import Evidence
from vpa_inplace.history.history import DAY, HOUR, NEVER, History


def evidence_of(history: History, now: float) -> Evidence:
    """Summary of a history at ``now`` (epoch seconds); pass ``history.until(now)``.

    Coverage looks at the last day only: older gaps are part of a row's story, not of today's trust in its source.
    """
    day = history.last(DAY)
    known = np.isfinite(day)
    width = day.shape[2]
    shape = history.usage.shape[:2]
    life = np.clip(np.where(history.born == NEVER, 0, history.end - history.born), 0, None).astype(np.float64)
    expected = np.minimum(np.maximum(life // history.step, 0), DAY // history.step)
    counted = known.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        coverage = np.where(expected > 0, np.minimum(counted / np.maximum(expected, 1), 1.0), 0.0)
    if width == 0:
        newest = np.full(shape, np.nan, np.float32)
        cut_off = np.zeros(shape, np.bool_)
        age = np.full(shape, np.inf)
        recent = np.full(shape, np.nan, np.float32)
    else:
        back = known[:, :, ::-1].argmax(axis=2)  # columns between the newest sample and the end
        some = counted > 0
        newest = np.where(some, np.take_along_axis(day, (width - 1 - back)[:, :, None], axis=2)[:, :, 0], np.nan)
        marks = history.censored[:, :, history.censored.shape[2] - width :]
        cut_off = some & np.take_along_axis(marks, (width - 1 - back)[:, :, None], axis=2)[:, :, 0]
        age = np.where(some, now - history.end + back * float(history.step), np.inf)
        recent = np.fmax.reduce(history.last(HOUR), axis=2)
    peak = np.fmax.reduce(history.hourly, axis=2, initial=np.nan)
    return Evidence(
        newest=newest.astype(np.float32, copy=False),
        cut_off=cut_off,
        age=age,
        recent_peak=recent,
        peak=np.fmax(peak, recent),
        peak_age=np.where(history.born == NEVER, 0.0, np.maximum(now - history.born, 0.0)),
        coverage=coverage,
        fleet=_fleet(known, history.per_hour),
    )


def _fleet(known: np.ndarray, per_hour: int) -> np.ndarray:
    """Per resource, rows with a sample in the last three steps over rows with one in the three steps an hour before.

    A source that loses a tenth of its rows at once has lost targets, not load.
    """
    width = known.shape[2]
    if width < per_hour + 3:
        return np.ones(2)
    now = known[:, :, -3:].any(axis=2).sum(axis=1)
    before = known[:, :, width - per_hour - 3 : width - per_hour].any(axis=2).sum(axis=1)
    return np.where(before > 0, now / np.maximum(before, 1), 1.0)
