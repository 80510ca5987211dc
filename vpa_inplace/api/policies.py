"""From a configuration and the flags to what the brain takes: a policy for each row, and one forecaster.

built-in Policy < profile < defaults < workloads (later entries win) < flags and environment < objects in the cluster
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from vpa_inplace.api.config import Config, Match
from vpa_inplace.api.models import model_for
from vpa_inplace.api.policy_file import PolicyFile, laid_over
from vpa_inplace.api.yaml_file import place
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.forecast import Forecaster, make_forecaster


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What flags say; it holds for every container, whatever the file says. ``None``: nothing."""

    profile: str | None = None
    risk: float | None = None
    forecaster: str | None = None
    knobs: Mapping[str, float] = field(default_factory=dict)
    policies: tuple[PolicyFile, ...] = ()  # later ones win


NO_OVERRIDES = Overrides()
Own = Mapping[ContainerKey, PolicyFile]
"""What objects in the cluster say of single containers; see objects/resolve.py. Nobody overrides an owner's Off."""
NOTHING: Own = {}
FALLBACK = "recent"  # the forecaster where neither flags nor file nor profile name one


def policies_for(config: Config, rows: Index, flags: Overrides = NO_OVERRIDES, own: Own = NOTHING) -> Policies:
    """The policy of every row.

    Raises:
        UnknownName: the flags, or an object, name a profile that does not exist.
    """
    below: dict[tuple[tuple[int, ...], str], Policy] = {}
    known: dict[tuple[tuple[int, ...], int], Policy] = {}
    policies = []
    for key in rows:
        entries, said = _matching(config, key), own.get(key)
        group = entries, id(said)  # of layers that are equal to pydantic, one may be silent and the other say none
        if group not in known:
            name = (said.forecast.profile if said else None) or _profile(config, entries, flags)
            if (entries, name) not in below:
                below[entries, name] = _policy(config, entries, flags, name)
            known[group] = laid_over(below[entries, name], said) if said else below[entries, name]
        policies.append(known[group])
    return Policies.of(policies)


def default_policy(config: Config, flags: Overrides = NO_OVERRIDES) -> Policy:
    """The policy of a container that no entry of ``workloads`` is about."""
    return _policy(config, (), flags, _profile(config, (), flags))


def entry_policy(config: Config, entry: int) -> Policy:
    """The policy of a container that just this entry of ``workloads`` is about."""
    return _policy(config, (entry,), NO_OVERRIDES, _profile(config, (entry,), NO_OVERRIDES))


def forecaster_of(config: Config, flags: Overrides = NO_OVERRIDES) -> Forecaster:
    """The forecaster of the fleet with its knobs: the flags', the file's, else the profile's.

    Raises:
        UnknownName: no such forecaster, profile or knob.
        UsageError: profiles of this file are meant for different forecasters, and nobody chose one.
        FileRefused: its trained model cannot be read.
    """
    fleet = config.profile_named(_profile(config, (), flags))
    name = flags.forecaster or config.forecaster or fleet.forecaster or FALLBACK
    if not (flags.forecaster or config.forecaster or flags.profile):
        for where, profile in config.profiles_named():
            meant = config.profile_named(profile).forecaster
            if meant not in {None, name} and where != ("profile",):
                raise UsageError(
                    f"{place(where)}: profile {profile!r} is meant for forecaster {meant!r}, the other containers' for "
                    f"{name!r}, and one forecaster serves all; choose it with --forecaster, or with forecaster in the file"
                )
    knobs: dict[str, float] = {}
    for meant_for, said in ((fleet.forecaster, fleet.knobs), (config.forecaster, config.knobs)):
        if meant_for == name:  # knobs of another forecaster say nothing about this one
            knobs |= said
    return make_forecaster(name, knobs | dict(flags.knobs), model_for(name))


def unmatched(config: Config, rows: Iterable[ContainerKey]) -> Iterator[str]:
    """Places of entries that are about no container: a typing mistake more often than not."""
    met = {entry for key in rows for entry in _matching(config, key)}
    return (place(("workloads", i)) for i in range(len(config.workloads)) if i not in met)


def _matching(config: Config, key: ContainerKey) -> tuple[int, ...]:
    return tuple(i for i, entry in enumerate(config.workloads) if _matches(entry.match, key))


def _matches(match: Match, key: ContainerKey) -> bool:
    workload = key.workload
    return (
        _any(match.namespace, workload.namespace)
        and _any((kind.casefold() for kind in match.kind), workload.kind.casefold())
        and _any(match.name, workload.name)
        and _any(match.container, key.container)
    )


def _any(patterns: Iterable[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _profile(config: Config, entries: tuple[int, ...], flags: Overrides) -> str:
    named = [config.profile, config.defaults.forecast.profile]
    named += [config.workloads[i].forecast.profile for i in entries]
    return flags.profile or next(name for name in reversed(named) if name is not None)


def _policy(config: Config, entries: tuple[int, ...], flags: Overrides, name: str) -> Policy:
    """All that is said of a container of this profile, but for objects in the cluster."""
    layers: list[PolicyFile] = [
        config.profile_named(name),
        config.defaults,
        *(config.workloads[i] for i in entries),
        *flags.policies,
    ]
    policy = Policy()
    for layer in layers:
        policy = laid_over(policy, layer)
    said: dict[str, Any] = {"profile": name} if flags.risk is None else {"profile": name, "risk": flags.risk}
    return replace(policy, **said)
