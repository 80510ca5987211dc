"""Amounts of CPU and memory in objects: text there, whole millicores and bytes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, PlainSerializer

from vpa_inplace.api.objects.fields import INT_OR_STRING, Schema, told
from vpa_inplace.api.yaml_file import noun
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.domain.quantity import format_amount, parse_amount
from vpa_inplace.domain.resource import Resource

T = TypeVar("T")

QUANTITY: Final = r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4}|[numkMGTPE]|[KMGTPE]i)?$"
"""What parse_quantity reads, and nothing below zero."""
HOURS: Final = 24  # of the day that ceilings bound

_BOUNDS: Final[Schema] = {"pattern": QUANTITY, "maxLength": 32}
AS_USERS_WRITE: Final[Schema] = INT_OR_STRING | {"minimum": 0} | _BOUNDS  # 2 is "2"
AS_WE_WRITE: Final[Schema] = {"type": "string"} | _BOUNDS  # text only: admission policies copy it into pods


def spelled(amounts: Amounts) -> dict[str, str]:
    """As requests and limits are written; what is not set is left out."""
    pairs = ((resource, amounts.get(resource)) for resource in Resource)
    return {resource.key: format_amount(amount, resource) for resource, amount in pairs if amount is not None}


def parsed(value: object) -> Amounts:
    """The inverse.

    Raises:
        UsageError: a resource that is neither, or what is no quantity.
        ValueError: no mapping.
    """
    if isinstance(value, Amounts):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"must be a mapping like {{cpu: 250m, memory: 256Mi}}, not {noun(value)}")
    found = Amounts()
    for key, said in value.items():
        resource = next((r for r in Resource if r.key == key), None)
        if resource is None:
            raise UnknownName("resource", str(key), (r.key for r in Resource))
        found = found.replace(resource, _amount(said, resource))
    return found


def _amount(value: object, resource: Resource) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{resource.key} must be a quantity, not {noun(value)}")
    return parse_amount(str(value), resource)


def _bytes(value: object) -> int:
    """Text as Kubernetes writes it; a whole number is one of ours already."""
    return value if isinstance(value, int) else _amount(value, Resource.MEMORY)


def _curve(resource: Resource) -> Callable[[object], tuple[int, ...]]:
    def read(value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or len(value) != HOURS:
            raise ValueError(f"must be a list of {HOURS} amounts, one an hour")
        return tuple(one if isinstance(one, int) else _amount(one, resource) for one in value)

    return read


def _ours(read: Callable[[object], T]) -> BeforeValidator:
    """Our errors as pydantic's."""

    def validate(value: object) -> T:
        try:
            return read(value)
        except UsageError as error:
            raise ValueError(str(error)) from error

    return BeforeValidator(validate)


def _both(one: Schema) -> Schema:
    return {"type": "object", "properties": {resource.key: one for resource in Resource}}


def _spelled_curve(resource: Resource) -> PlainSerializer:
    return PlainSerializer(lambda curve: [format_amount(amount, resource) for amount in curve], return_type=list[str])


def _curve_schema() -> Schema:
    return {"type": "array", "items": AS_WE_WRITE, "minItems": HOURS, "maxItems": HOURS}


_AS_TEXT: Final = PlainSerializer(spelled, return_type=dict[str, str])

Quantities = Annotated[Amounts, _ours(parsed), _AS_TEXT, told(_both(AS_USERS_WRITE))]
"""Amounts that users write."""
Written = Annotated[Amounts, _ours(parsed), _AS_TEXT, told(_both(AS_WE_WRITE))]
"""Amounts that we write."""
Bytes = Annotated[
    int, _ours(_bytes), PlainSerializer(lambda b: format_amount(b, Resource.MEMORY), return_type=str), told(AS_WE_WRITE)
]
CpuCurve = Annotated[
    tuple[int, ...], _ours(_curve(Resource.CPU)), _spelled_curve(Resource.CPU), told(_curve_schema())
]  # millicores, one an hour
MemoryCurve = Annotated[
    tuple[int, ...], _ours(_curve(Resource.MEMORY)), _spelled_curve(Resource.MEMORY), told(_curve_schema())
]  # bytes, one an hour


def least_and_most(resource: Resource) -> tuple[str, str]:
    """A law of minAllowed and maxAllowed: its sentence, and in CEL. One law a resource, so that each is named."""
    key = resource.key
    least, most = f"self.minAllowed.{key}", f"self.maxAllowed.{key}"
    given = f"has(self.minAllowed) && has({least}) && has(self.maxAllowed) && has({most})"
    ordered = f"{_quantity(least)}.compareTo({_quantity(most)}) <= 0"
    return f"minAllowed.{key} is above maxAllowed.{key}", f"!({given}) || {ordered}"


def _quantity(amount: str) -> str:
    """A number or text as a quantity.

    Each look at the text is dear: Kubernetes 1.33 does not see maxLength here, so it takes the text to be as long as a
    request may be, and counts the reading of it. `quantity(string(...))` looks twice, isQuantity() once more.
    """
    return f"(type({amount}) == int ? quantity('0').add(int({amount})) : quantity({amount}))"
