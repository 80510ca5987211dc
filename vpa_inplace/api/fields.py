"""Field types of what users write: each takes text as people write it and says what is wrong in their words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from vpa_inplace.api.durations import format_duration, parse_duration
from vpa_inplace.api.fractions import parse_fraction
from vpa_inplace.api.yaml_file import noun
from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.domain.policy import ControlledValues, UpdateMode
from vpa_inplace.domain.quantity import parse_amount
from vpa_inplace.domain.resource import Resource

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)

WIDEST_MARGIN: Final = 10.0  # ten times on top; more is a typing mistake


class Section(BaseModel):
    """Base of every part of a file: camelCase, frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        """A key with nothing below it (all commented out) is an empty part."""
        return {} if value is None else value


def described(text: str, default: object = None, **more: Any) -> Any:
    """A field with its line in docs/settings.md."""
    return Field(default=default, description=text, **more)


def _text(value: object, example: str) -> str:
    """Numbers as the text they were written as; everything that is neither is refused."""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)
    raise ValueError(f"must be written like {example}, not {noun(value)}")


def _spoken(parse: Callable[[str], T], example: str) -> Callable[[object], T]:
    """A parser of ours as one of pydantic's; what is parsed already passes."""

    def validate(value: object) -> T:
        try:
            return parse(_text(value, example))
        except UsageError as error:
            raise ValueError(str(error)) from error

    return validate


def _nothing_or(validate: Callable[[object], T]) -> Callable[[object], T | None]:
    """``none`` and YAML's ``null`` say "without": no cap, no floor, no budget."""
    return lambda value: None if value is None or value == "none" else validate(value)


def one_of(words: type[Word]) -> Callable[[object], Word]:
    """A word of an enumeration, with a hint at the nearest."""
    known = [str(word) for word in words]

    def validate(value: object) -> Word:
        if value is False and "Off" in known:  # YAML reads a bare Off as false
            return words("Off")
        if not isinstance(value, str):
            raise ValueError(f"must be one of {', '.join(known)}, not {noun(value)}")
        if value not in known:
            raise ValueError(str(UnknownName("value", value, known)))
        return words(value)

    return validate


def some_of(known: Iterable[str]) -> Callable[[object], tuple[str, ...]]:
    """A list of some of the known words, each at most once."""
    names = list(known)

    def validate(value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValueError(f"must be a list like [{', '.join(names)}], not {noun(value)}")
        for name in value:
            if name not in names:
                raise ValueError(str(UnknownName("value", str(name), names)))
        return tuple(dict.fromkeys(value))

    return validate


def within(least: timedelta, most: timedelta) -> AfterValidator:
    """A duration from ``least`` to ``most``."""

    def validate(span: timedelta) -> timedelta:
        if not least <= span <= most:
            bounds = f"{format_duration(least)} and {format_duration(most)}"
            raise ValueError(f"must lie between {bounds}, not be {format_duration(span)}")
        return span

    return AfterValidator(validate)


def _words(value: object) -> tuple[str, ...]:
    """One word or a list of them."""
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) and word for word in found):
        raise ValueError(f"must be a name or a list of names, not {noun(value)}")
    return tuple(found)


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a name, not {noun(value)}")
    return value


def _path(value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be the path of a file, not {noun(value)}")
    return Path(value).expanduser()


def _amount(resource: Resource) -> Callable[[str], int]:
    return lambda text: parse_amount(text, resource)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise ValueError(f"must be a number above 0, or none, not {noun(value)}")
    return float(value)


def parse_knob(text: str) -> float:
    """A knob of a forecaster: a number, or a percentage.

    Raises:
        UsageError: neither.
    """
    try:
        return parse_fraction(text, most=1000) if text.strip().endswith("%") else float(text)
    except ValueError:
        raise UsageError(f"{text!r} is no number: write it like 0.2 or 20%") from None


Duration = Annotated[timedelta, BeforeValidator(_spoken(parse_duration, "30s, 5m, 1h or 7d"))]
Share = Annotated[float, BeforeValidator(_spoken(parse_fraction, "15% or 0.15"))]
Margin = Annotated[float, BeforeValidator(_spoken(lambda text: parse_fraction(text, WIDEST_MARGIN), "15% or 0.15"))]
OptionalMargin = Annotated[
    float | None, BeforeValidator(_nothing_or(_spoken(lambda text: parse_fraction(text, WIDEST_MARGIN), "15% or none")))
]
Cpu = Annotated[int, BeforeValidator(_spoken(_amount(Resource.CPU), "250m"))]
Memory = Annotated[int, BeforeValidator(_spoken(_amount(Resource.MEMORY), "256Mi"))]
OptionalCpu = Annotated[int | None, BeforeValidator(_nothing_or(_spoken(_amount(Resource.CPU), "250m or none")))]
OptionalMemory = Annotated[int | None, BeforeValidator(_nothing_or(_spoken(_amount(Resource.MEMORY), "256Mi or none")))]
Budget = Annotated[float | None, BeforeValidator(_nothing_or(_number))]
Mode = Annotated[UpdateMode, BeforeValidator(one_of(UpdateMode))]
Values = Annotated[ControlledValues, BeforeValidator(one_of(ControlledValues))]
Resources = Annotated[tuple[str, ...], BeforeValidator(some_of(r.key for r in Resource))]
Names = Annotated[tuple[str, ...], BeforeValidator(_words)]
Name = Annotated[str, BeforeValidator(_name)]
OptionalName = Annotated[str | None, BeforeValidator(_name)]  # None only where it is not written
FilePath = Annotated[Path, BeforeValidator(_path)]
Knob = Annotated[float, BeforeValidator(_spoken(parse_knob, "0.2 or 20%"))]
Knobs = dict[str, Knob]
