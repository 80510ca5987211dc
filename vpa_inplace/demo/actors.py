"""What a demo workload is: its pods, its containers and what they demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from vpa_inplace.demo.lives import Life, Steady
from vpa_inplace.demo.shapes import Load, Times, day, weekend, wobble
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.pods import ContainerKind

Curve = Callable[[Times, np.random.Generator], Load]
"""Millicores or bytes per window of one pod; NaN where nobody measured."""


STEADY: Final = Steady()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One container of a workload and what it demands."""

    name: str
    cpu: Curve
    memory: Curve
    requests: Amounts = field(default_factory=Amounts)
    limits: Amounts = field(default_factory=Amounts)
    kind: ContainerKind = ContainerKind.APP
    oom_ago: timedelta | None = None  # before the record's end the first pod's container was killed for memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One workload: how many pods, of which containers, where and when."""

    namespace: str
    kind: str
    name: str
    roles: tuple[Role, ...]
    story: str
    replicas: int = 1
    life: Life = STEADY
    pool: str = "pool"  # the group of nodes its pods run on

    @classmethod
    def of(
        cls,
        path: str,
        story: str,
        *roles: Role,
        replicas: int = 1,
        life: Life = STEADY,
        pool: str = "pool",
    ) -> Actor:
        """``path`` is ``namespace/kind/name``."""
        namespace, kind, name = path.split("/")
        return cls(
            namespace=namespace,
            kind=kind,
            name=name,
            roles=roles,
            story=story,
            replicas=replicas,
            life=life,
            pool=pool,
        )


def idle(level: float) -> Curve:
    """About the same all the time."""
    return lambda t, rng: level * wobble(t, rng, 0.08)


def held(level: float) -> Curve:
    """Memory that is claimed and kept: half a percent of movement."""
    return lambda t, rng: level * wobble(t, rng, 0.005)


def rhythm(low: float, high: float, *, peak: float, width: float, weekends: float = 1.0) -> Curve:
    """From ``low`` at night to ``high`` at the hour ``peak``; ``weekends`` is their share of the rise."""
    return lambda t, rng: (
        (low + (high - low) * day(t, peak=peak, width=width) * weekend(t, weekends)) * wobble(t, rng, 0.06)
    )
