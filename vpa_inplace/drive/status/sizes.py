"""Sizes to show, a label set and a column each: of container roles, and of pods that are not as their role is.

A fleet of ten thousand containers would be a hundred thousand series, so both lists are bounded: what is acted on goes
first, and how many were left out is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.decide import Decision
from vpa_inplace.drive.status.requests import actual, allocated, desired
from vpa_inplace.forecast.outlook import BLOCK, BLOCKS

Float = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Labels = tuple[str, ...]

ROLE_LABELS: Final = ("namespace", "workload_kind", "workload", "container")
POD_LABELS: Final = (*ROLE_LABELS, "pod")


class PodSeries(StrEnum):
    """Which pods get series of their own."""

    NONE = "none"
    DIFFERENT = "different"  # from their role, or from what their own spec asks for
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """How much of it is shown."""

    pods: PodSeries = PodSeries.DIFFERENT
    most_roles: int = 2500  # ten series each; writing them down takes 0.16 ms a role (measured), so 0.4 s a scrape
    most_pods: int = 1000  # containers of pods, six series each


SHOW: Final = Show()


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Amounts of k things, [2, k] millicores and bytes each, NaN where there is none."""

    labels: tuple[Labels, ...]
    amounts: Mapping[str, Float]  # by what it is: desired, allocated, actual, target, ceiling
    left_out: int = 0


def sizes_of(decision: Decision, show: Show = SHOW) -> tuple[Columns, Columns]:
    """Of roles that have a live pod, and of the containers of pods.

    What pods have is for a role the highest of its pods: like with like, since a target is that of one pod.
    """
    held = {
        "desired": desired(decision.snapshot),
        "allocated": allocated(decision.snapshot),
        "actual": actual(decision.snapshot),
    }
    highest = {name: _highest(amounts, decision) for name, amounts in held.items()}
    return _roles(decision, highest, show), _pods(decision, held, highest["desired"], show)


def _highest(amounts: Float, decision: Decision) -> Float:
    """[2, n] of each row's slots."""
    top = np.full((2, len(decision.snapshot.rows)), np.nan)
    for resource, row in enumerate(top):
        np.fmax.at(row, decision.snapshot.slots.row, amounts[resource])
    return top


def _roles(decision: Decision, highest: Mapping[str, Float], show: Show) -> Columns:
    rows = np.unique(decision.snapshot.slots.row)
    shown = _first(rows, rows, decision, show.most_roles)
    target = decision.sizes.target
    amounts = {**highest, "target": np.where(target < 0, np.nan, target), "ceiling": _ceiling_now(decision)}
    keys = decision.snapshot.rows.keys
    return Columns(
        labels=tuple(
            (key.namespace, key.workload.kind, key.workload.name, key.container)
            for key in (keys[row] for row in shown.tolist())
        ),
        amounts={name: column[:, shown] for name, column in amounts.items()},
        left_out=len(rows) - len(shown),
    )


def _ceiling_now(decision: Decision) -> Float:
    """[2, n] of the hour that is now; an outlook may be of an earlier one."""
    outlook = decision.outlook
    block = int((decision.snapshot.epoch - outlook.at) // BLOCK)
    if not 0 <= block < BLOCKS:
        return np.full(outlook.low.shape, np.nan)
    return outlook.ceiling[:, :, block].astype(np.float64)


def _pods(decision: Decision, held: Mapping[str, Float], role: Float, show: Show) -> Columns:
    slots, pods = decision.snapshot.slots, decision.snapshot.pods
    wanted = _wanted(held, role[:, slots.row], show.pods)
    shown = _first(wanted, slots.row[wanted], decision, show.most_pods)
    return Columns(
        labels=tuple(
            (pod.namespace, pod.workload.kind, pod.workload.name, pod.containers[slots.place[slot]].name, pod.name)
            for slot, pod in ((slot, pods[slots.pod[slot]]) for slot in shown.tolist())
        ),
        amounts={name: column[:, shown] for name, column in held.items()},
        left_out=len(wanted) - len(shown),
    )


def _wanted(held: Mapping[str, Float], role: Float, pods: PodSeries) -> Rows:
    """Slots of the pods that get series; one is different where not everybody tells the same of it."""
    if pods is PodSeries.NONE:
        return np.empty(0, np.intp)
    told = np.stack([*held.values(), role])  # [4, 2, m]; what is not told differs from nothing
    different = (np.fmax.reduce(told) != np.fmin.reduce(told)) & np.isfinite(told).any(axis=0)
    return np.flatnonzero(different.any(axis=0) | (pods is PodSeries.ALL))


def _first(things: Rows, row: Rows, decision: Decision, most: int) -> Rows:
    """At most so many of the things, those of rows that are acted on first; the same ones each tick."""
    if len(things) <= most:
        return things
    policies = decision.policies
    acting = np.array([policy.update_mode.acts for policy in policies.distinct], np.bool_)[policies.of_row[row]]
    order = np.argsort(~acting, kind="stable")[:most]
    return np.sort(things[order])
