"""What a validation found, in the words of the person who wrote the file."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from vpa_inplace.api.yaml_file import Where, noun
from vpa_inplace.domain.errors import UnknownName

_PHRASES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be {le} or less",
}


def mistakes_of(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Where, str]]:
    """Where and what, one for each mistake."""
    for found in error.errors(include_url=False):
        where: Where = tuple(part for part in found["loc"] if part != "[key]")
        yield where, _message(found, model, where)


def _message(found: Any, model: type[BaseModel], where: Where) -> str:
    kind, context, given = found["type"], found.get("ctx", {}), found["input"]
    if kind == "extra_forbidden":
        *above, key = where
        return str(UnknownName("key", str(key), _keys(model, tuple(above))))
    if kind == "value_error":
        return str(context["error"])
    if kind not in _PHRASES:
        return f"{found['msg'][0].lower()}{found['msg'][1:]}, not {noun(given)}"
    phrase = _PHRASES[kind].format(**{name: _shown(bound) for name, bound in context.items()})
    return phrase if kind == "missing" else f"{phrase}, not {noun(given)}"


def _shown(bound: object) -> object:
    return f"{bound:g}" if isinstance(bound, float) else bound


def _keys(model: type[BaseModel], where: Where) -> list[str]:
    """The keys that may stand at this place."""
    here: Any = model
    for part in where:
        here = _below(here, part)
    fields = here.model_fields.values() if isinstance(here, type) and issubclass(here, BaseModel) else ()
    return [field.alias for field in fields if field.alias]


def _below(annotation: Any, part: str | int) -> Any:
    """The type of what a key or a list position leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        named = (field.annotation for field in annotation.model_fields.values() if field.alias == part)
        return plain(next(named, None))
    inner = get_args(annotation)
    return plain(inner[-1 if get_origin(annotation) is dict else 0]) if inner else None


def plain(annotation: Any) -> Any:
    """``X | None`` as X."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation
