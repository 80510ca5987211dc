"""Moves and worlds for guards: each test names what it is about and nothing else."""

from __future__ import annotations

from dataclasses import replace

from tests.support.builders import a_pod, a_snapshot
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.moves import Change, Intent, Move, Refusal
from vpa_inplace.domain.pods import Node, Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.snapshot import Snapshot
from vpa_inplace.domain.surroundings import Surroundings
from vpa_inplace.guard.guard import Guard

UNDO, RESCUE, GROW, SHRINK = Intent
PLENTY = Amounts(100_000, 2**40)


def a_move(
    pod: Pod | None = None,
    intent: Intent = SHRINK,
    requests: Amounts = Amounts(cpu=100),
    limits: Amounts = Amounts(),
    *,
    container: str = "app",
    **more: object,
) -> Move:
    """A move of one container of the pod; its rows are those of ``a_snapshot`` with this pod alone."""
    pod = a_pod() if pod is None else pod
    names = sorted(c.name for c in pod.containers if c.sized)
    old = next(c for c in pod.containers if c.name == container)
    change = Change(container, names.index(container), old.requests, old.limits, requests, limits)
    return Move(pod, intent, (change,), 8.0, **more)  # type: ignore[arg-type]


def a_world(pod: Pod | None = None, *, node: dict[str, object] | None = None, **around: object) -> Snapshot:
    """The pod alone; its node, where fields of it are given, and what it lives among."""
    pod = a_pod() if pod is None else pod
    nodes = {} if node is None else {"node-1": Node(**({"name": "node-1", "allocatable": PLENTY} | node))}
    return replace(a_snapshot(pod), nodes=nodes, around=Surroundings(**around))


def refused(guard: Guard, move: Move, world: Snapshot | None = None, policy: Policy = Policy()) -> Refusal | None:
    """What the guard says to the move, if it is one that it judges."""
    world = a_world(move.pod) if world is None else world
    if move.intent not in guard.judges:
        return None
    refusal = guard(move, world, Policies.uniform(policy, len(world.rows)))
    if refusal is not None:
        assert refusal.reason == guard.reason
        assert refusal.message
        assert refusal.lifted_by
    return refusal


def refuses(guard: Guard, move: Move, world: Snapshot | None = None, policy: Policy = Policy()) -> bool:
    return refused(guard, move, world, policy) is not None


def intents(guard: Guard, world: Snapshot, **of_move: object) -> set[Intent]:
    """Which intents of the same move the guard refuses."""
    return {intent for intent in Intent if refuses(guard, a_move(world.pods[0], intent, **of_move), world)}  # type: ignore[arg-type]
