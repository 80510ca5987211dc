"""``--set key=value``: one knob of the forecaster or one field of the policy, said for a single run.

A field is named as in the configuration file, by its whole path or by as much of the end of it as is unmistakable:
``resourcePolicy.memory.peakMargin``, ``memory.peakMargin`` or ``deadBand``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from vpa_inplace.api.fields import parse_knob
from vpa_inplace.api.mistakes import mistakes_of, plain
from vpa_inplace.api.policy_file import PolicyFile, laid_over
from vpa_inplace.api.yaml_file import parse_yaml
from vpa_inplace.domain.errors import ConfigError, UnknownName, UsageError
from vpa_inplace.domain.policy import Policy
from vpa_inplace.forecast import FORECASTERS, knobs_of

ELSEWHERE: Final = frozenset({"forecast.profile"})  # has a flag of its own, and must be known before all others

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the flags of one run say."""

    knobs: Mapping[str, float]
    policies: tuple[PolicyFile, ...]  # later ones win

    def over(self, policy: Policy) -> Policy:
        """The policy with these settings on top."""
        for file in self.policies:
            policy = laid_over(policy, file)
        return policy


def parse_settings(texts: Iterable[str], forecaster: str) -> Settings:
    """Settings from ``key=value`` texts; a key is a knob of this forecaster or a field of the policy.

    Raises:
        UnknownName: no such forecaster, knob or field.
        UsageError: not ``key=value``, a name that fits two fields, or a value that does not fit.
    """
    if forecaster not in FORECASTERS:
        raise UnknownName("forecaster", forecaster, FORECASTERS)
    known = set(knobs_of(forecaster))
    knobs, policies = {}, []
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise UsageError(f"--set {text}: write key=value, such as margin=20% or memory.peakMargin=none")
        if key in known:
            try:
                knobs[key] = parse_knob(value)
            except UsageError as error:
                raise UsageError(f"--set {text}: {error}") from error
        else:
            policies.append(_policy(text, _path(key, known), value))
    return Settings(knobs, tuple(policies))


def _path(key: str, knobs: Iterable[str]) -> Path:
    """The whole path of a field from its end."""
    paths = list(_paths(PolicyFile))
    asked = tuple(key.split("."))
    fitting = [path for path in paths if path[-len(asked) :] == asked]
    if not fitting:
        raise UnknownName("setting", key, [*knobs, *(_shortest(path, paths) for path in paths)])
    if len(fitting) > 1:
        raise UsageError(f"--set {key}: say which one, {' or '.join(_shortest(path, paths) for path in fitting)}")
    return fitting[0]


def _paths(model: type[BaseModel], above: Path = ()) -> Iterator[Path]:
    for name, field in model.model_fields.items():
        path, kind = (*above, field.alias or name), plain(field.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _paths(kind, path)
        elif ".".join(path) not in ELSEWHERE:
            yield path


def _shortest(path: Path, paths: Sequence[Path]) -> str:
    for length in range(1, len(path)):
        if sum(other[-length:] == path[-length:] for other in paths) == 1:
            return ".".join(path[-length:])
    return ".".join(path)


def _policy(text: str, path: Path, value: str) -> PolicyFile:
    try:
        data: Any = parse_yaml(f"value: {value}", "--set").data["value"]
    except ConfigError as error:
        raise UsageError(f"--set {text}: {value!r} is no value of {path[-1]}") from error
    for part in reversed(path):
        data = {part: data}
    try:
        return PolicyFile.model_validate(data)
    except ValidationError as error:
        found = "; ".join(message for _, message in mistakes_of(error, PolicyFile))
        raise UsageError(f"--set {text}: {found}") from error
