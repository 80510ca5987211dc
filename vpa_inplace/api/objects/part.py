"""Base of every part of an object, and laws that the API server and we check in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vpa_inplace.api.fields import Section, described

GROUP: Final = "autoscaling.vpa-inplace.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "autoscaling.vpa-inplace.io/v1alpha1"


@dataclass(frozen=True, slots=True)
class Rule:
    """A law on one part of an object, said twice.

    ``cel`` is for the API server, which then refuses the object with ``message``. ``holds`` is for objects that stood
    there before the law did, or came past it: they get a condition with the same ``message``.
    """

    message: str
    cel: str
    holds: Callable[[Any], bool]


class Part(Section):
    """A part that users write: no unknown keys. Descriptions in the schema are the docstrings."""

    model_config = ConfigDict(use_attribute_docstrings=True, validate_by_name=True, validate_by_alias=True)
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        """``null`` is not written, as the API server has it too."""
        if not isinstance(value, Mapping):
            return value
        return {key: said for key, said in value.items() if said is not None}

    @model_validator(mode="after")
    def _obeys(self) -> Self:
        broken = [rule.message for rule in self.rules if not rule.holds(self)]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler.resolve_ref_schema(handler(core))
        if cls.rules:
            found["x-kubernetes-validations"] = [{"rule": rule.cel, "message": rule.message} for rule in cls.rules]
        return found

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """From JSON as the API server gives it.

        Raises:
            ValidationError: ``mistakes_of`` says what is wrong, in the words of whoever wrote it.
        """
        return cls.model_validate(raw, by_alias=True, by_name=False)

    def written(self, only: Iterable[str] | None = None) -> dict[str, Any]:
        """As JSON for the API server: what was said (of these fields), in canonical spelling."""
        include = None if only is None else set(only)
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, include=include)


class Kept(Part):
    """A part that we write: fields of a newer version of ours are carried along."""

    model_config = ConfigDict(extra="allow")


def as_in_file(model: type[BaseModel], name: str, more: str = "") -> Any:
    """A field of the configuration file, in the same words and some more; what is not written comes from there."""
    return described(f"{model.model_fields[name].description} {more}".strip())


def common(one: type[BaseModel], other: type[BaseModel]) -> Iterable[str]:
    """Fields that an object and the configuration file both have, under the same name."""
    return one.model_fields.keys() & other.model_fields.keys()


def unique(key: str, names: Iterable[str]) -> None:
    """The API server holds this by the keys of a list, in its own words.

    Raises:
        ValueError: a name stands twice.
    """
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise ValueError(f"{key} {doubled[0]!r} stands twice; keep one")
