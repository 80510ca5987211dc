"""What a configuration comes to: the resolved policy of every container, and of each entry on top of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from vpa_inplace.api.config import Config, Match
from vpa_inplace.api.durations import format_duration
from vpa_inplace.api.fractions import format_fraction
from vpa_inplace.api.policies import default_policy, entry_policy, forecaster_of
from vpa_inplace.domain.policy import Policy
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast import knobs_of

AMOUNTS = frozenset({"quantum", "min_allowed", "max_allowed"})
COUNTS = frozenset({"max_resizes_per_day"})


def summary(config: Config, name: str) -> str:
    """The text of ``config check`` for a file without mistakes.

    Raises:
        UsageError: its profiles are meant for different forecasters.
    """
    forecaster = forecaster_of(config)
    knobs = ", ".join(f"{knob} {getattr(forecaster, knob):g}" for knob in knobs_of(forecaster.name))
    url = config.prometheus.url
    lines = [
        f"{name}: fine",
        f"  cluster     {config.cluster}",
        f"  prometheus  {urlsplit(url).hostname if url else 'not set: give --prometheus'}",
        f"  namespaces  {', '.join(config.namespaces) or 'all but ' + ', '.join(config.excluded_namespaces)}",
        f"  forecaster  {forecaster.name} ({knobs})",
        "",
        "every container:",
    ]
    usual = dict(flattened(default_policy(config)))
    width = max(map(len, usual))
    lines += [f"  {key:{width}}  {value}" for key, value in usual.items()]
    for i, entry in enumerate(config.workloads):
        lines += ["", f"workloads[{i}], {described(entry.match)}:"]
        changed = [(k, v) for k, v in flattened(entry_policy(config, i)) if usual[k] != v]
        lines += [f"  {key:{width}}  {value}" for key, value in changed] or ["  as every container"]
    return "\n".join(lines) + "\n"


def described(match: Match) -> str:
    """``namespace shop or team-*, kind Deployment``"""
    said = (
        (key, getattr(match, key))
        for key in ("namespace", "kind", "name", "container")
        if key in match.model_fields_set
    )
    return ", ".join(f"{key} {' or '.join(patterns)}" for key, patterns in said)


def flattened(policy: Policy) -> Iterator[tuple[str, str]]:
    """Every field of a policy under the key it has in a file, without the part it stands in."""
    for field in fields(policy):
        if field.name not in {"cpu", "memory"}:
            yield _camel(field.name), _shown(field.name, getattr(policy, field.name), None)
    for resource in Resource:
        rule = policy.rule(resource)
        for field in fields(rule):
            if (resource, field.name) != (Resource.CPU, "near_usage"):  # no guard asks for it
                yield f"{resource.key}.{_camel(field.name)}", _shown(field.name, getattr(rule, field.name), resource)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _shown(name: str, value: Any, resource: Resource | None) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case timedelta():
            return format_duration(value)
        case Enum():
            return str(value.value)
        case int() if resource is not None and name in AMOUNTS:
            return format_amount(value, resource)
        case float() if name not in COUNTS:
            return format_fraction(value)
        case float():
            return f"{value:g}"
    return str(value)
