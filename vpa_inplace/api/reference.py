"""docs/settings.md, written from the models themselves: every key of the file, its built-in value and its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vpa_inplace.api.config import Config, WorkloadFile
from vpa_inplace.api.durations import format_duration
from vpa_inplace.api.mistakes import plain
from vpa_inplace.api.policy_file import PolicyFile
from vpa_inplace.api.profiles import Profile
from vpa_inplace.domain.policy import Policy
from vpa_inplace.domain.quantity import format_amount
from vpa_inplace.domain.resource import Resource

HEAD: Final = """\
# Settings

One file, `vpa-inplace.yaml`, for the command line (`--config FILE` or `VPA_INPLACE_CONFIG`) and the controller. This
page is written by `vpa-inplace config reference` from the models that read the file; a test holds the two together.

- Precedence: flags, then environment, then this file, then what is built in. Every option of the command line has a
  mirror in the environment: `--excluded-namespace` is `VPA_INPLACE_EXCLUDED_NAMESPACE`.
- The policy of a container: the built-in one, its profile's over it, then `defaults`, then each entry of `workloads` that
  matches, in the order of the file.
- Durations: `30s`, `5m`, `1h30m`, `7d`. Shares: `15%` or `0.15`. Amounts: Kubernetes quantities. `none`: without.
- `vpa-inplace config check FILE` names every mistake with its line.
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """A table of the page."""

    title: str
    model: type[BaseModel]
    said: str  # before the table


def reference() -> str:
    """The page as markdown."""
    parts = [
        _Part("The file", Config, ""),
        _Part(
            "Policy",
            PolicyFile,
            "Stands in `defaults`, in each entry of `workloads` and in each profile. What is not written is taken from the "
            "layer below; the values shown are those of profile `default`.",
        ),
        _Part("workloads", WorkloadFile, "A policy as above, and the containers it is about:"),
        _Part("profiles", Profile, "A policy as above by its name, and:"),
    ]
    return "\n".join([HEAD, *(_table(part) for part in parts)])


def _table(part: _Part) -> str:
    lines = [f"## {part.title}", ""]
    if part.said:
        lines += [part.said, ""]
    lines += ["| key | built in | meaning |", "|---|---|---|"]
    inherited = PolicyFile.model_fields if part.model is not PolicyFile and issubclass(part.model, PolicyFile) else {}
    lines += [
        f"| `{key}` | {value} | {text} |"
        for key, value, text in _keys(part.model, "")
        if key.split(".")[0] not in _aliases(inherited)
    ]
    return "\n".join([*lines, ""])


def _aliases(model_fields: dict[str, FieldInfo]) -> set[str]:
    return {field.alias for field in model_fields.values() if field.alias}


def _keys(model: type[BaseModel], above: str) -> Iterator[tuple[str, str, str]]:
    """Key, built-in value and meaning; parts are opened, except where they have a table of their own."""
    for name, field in model.model_fields.items():
        key = f"{above}{field.alias}"
        inner = _inner(field)
        if inner is None or inner in {Profile, WorkloadFile, PolicyFile}:
            own_table = {"defaults": "see Policy", "workloads": "see workloads", "profiles": "see profiles"}
            value = own_table.get(key) or _built_in(key, name, field)
            yield key, value, (field.description or "").replace("|", "\\|")
        else:
            yield from _keys(inner, f"{key}.")


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a field, of its list's items or of its mapping's values."""
    annotation = plain(field.annotation)
    for found in (annotation, *(plain(part) for part in get_args(annotation))):
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return None


def _built_in(key: str, name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    parts = key.split(".")
    policy = Policy()
    if parts[0] == "resourcePolicy" and len(parts) == 3:
        resource = Resource.CPU if parts[1] == "cpu" else Resource.MEMORY
        value = getattr(policy.rule(resource), name)
        if name in {"min_allowed", "max_allowed", "quantum"}:
            return "none" if value is None else f"`{format_amount(value, resource)}`"
        return "none" if value is None else _shown(value)
    if name == "controlled_resources":
        return "`cpu, memory`"
    return _shown(getattr(policy, name, field.default))


def _shown(value: Any) -> str:
    match value:
        case None | () | "":
            return "–"
        case dict():
            return "–" if not value else f"`{value}`"
        case bool():
            return f"`{str(value).lower()}`"
        case timedelta():
            return f"`{format_duration(value)}`"
        case tuple():
            return f"`{', '.join(map(str, value))}`"
        case Enum():
            return f"`{value.value}`"
        case float() if value < 1:
            return f"`{value * 100:g}%`"
        case float() | int():
            return f"`{value:g}`"
    return f"`{value}`"
