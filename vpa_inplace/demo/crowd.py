"""Any number of plausible workloads, for a Prometheus to serve and for benches: shapes drawn from a seed, no stories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from vpa_inplace.demo.actors import Actor, Curve, Role, held, idle, rhythm
from vpa_inplace.demo.shapes import HOUR, bursts, every, wobble
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UsageError

MI: Final = 2**20
NAMESPACES: Final = ("ads", "billing", "catalog", "data", "edge", "ml", "search", "shop")
MOST_REPLICAS: Final = 3
SIDECAR_EVERY: Final = 4  # every fourth workload has a second container


def crowd(containers: int, seed: int) -> tuple[Actor, ...]:
    """Deployments with exactly ``containers`` sized containers in their pods, all replicas counted.

    Raises:
        UsageError: less than one container.
    """
    if containers < 1:
        raise UsageError(f"{containers} containers asked for; at least one is needed")
    dice = np.random.default_rng([seed, 1])
    actors: list[Actor] = []
    left = containers
    while left:
        roles = 2 if len(actors) % SIDECAR_EVERY == SIDECAR_EVERY - 1 and left > 1 else 1
        replicas = min(int(dice.integers(1, MOST_REPLICAS + 1)), left // roles)
        i = len(actors)
        names = ("app", "helper")[:roles]
        actors.append(
            Actor.of(
                f"{NAMESPACES[i % len(NAMESPACES)]}/Deployment/svc-{i:04d}",
                "one of a crowd",
                *(_role(name, dice) for name in names),
                replicas=replicas,
            )
        )
        left -= roles * replicas
    return tuple(actors)


def _role(name: str, dice: np.random.Generator) -> Role:
    peak = float(np.exp(dice.normal(np.log(180), 1.1)))  # millicores; most containers are small, few are large
    memory = float(np.exp(dice.normal(np.log(350), 0.9))) * MI
    asked = float(np.exp(dice.normal(0.5, 0.6)))  # times its peak: most ask for too much, some for too little
    shape = SHAPES[int(dice.integers(len(SHAPES)))]
    return Role(
        name=name,
        cpu=shape(peak, float(dice.uniform(0, 24))),
        memory=held(memory),
        requests=Amounts(max(10, round(peak * asked)), round(memory * max(asked, 1.1) / MI) * MI),
        limits=Amounts(None, round(memory * max(asked, 1.1) * 1.5 / MI) * MI),
    )


def _daily(peak: float, hour: float) -> Curve:
    return rhythm(0.15 * peak, peak, peak=hour, width=3.5, weekends=0.7)


def _flat(peak: float, _: float) -> Curve:
    return idle(0.8 * peak)


def _bursty(peak: float, _: float) -> Curve:
    return lambda t, rng: 0.2 * peak * wobble(t, rng, 0.1) + 0.8 * peak * bursts(t, rng, per_day=4, lasting=2400)


def _hourly(peak: float, _: float) -> Curve:
    return lambda t, rng: (0.05 + 0.9 * every(t, HOUR, lasting=600)) * peak * wobble(t, rng, 0.05)


SHAPES: Final[tuple[Callable[[float, float], Curve], ...]] = (_daily, _daily, _daily, _flat, _bursty, _hourly)
