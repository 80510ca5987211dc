"""Field types of objects: the configuration file's own, with what the API server is told of them.

A schema can say less than we can: the shape of a duration, not whether it is too long.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from vpa_inplace.api.durations import format_duration
from vpa_inplace.api.fields import Budget, Duration, Mode, Resources, Share, Values
from vpa_inplace.api.yaml_file import noun
from vpa_inplace.domain.policy import ControlledValues, UpdateMode
from vpa_inplace.domain.resource import Resource

Schema = dict[str, Any]

INT_OR_STRING: Final[Schema] = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
_NUMBER: Final = r"[0-9]+(\.[0-9]+)?"
DURATION: Final = "^" + "".join(f"({_NUMBER}{unit})?" for unit in ("w", "d", "h", "m", "s", "ms")) + "$"
DNS_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
PERCENT: Final = "^(100|[1-9][0-9]?)%$"


def told(schema: Schema) -> WithJsonSchema:
    """What the API server is told of a type, instead of what pydantic would say."""
    return WithJsonSchema(schema)


def words(known: Any) -> WithJsonSchema:
    return told({"type": "string", "enum": [str(word) for word in known]})


def _pods_or_share(value: object) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"must be a number of pods or a share like 25%, not {noun(value)}")
    return value


def some_pods(value: int | str) -> bool:
    """Whether it is at least one pod, or a share from 1 % to 100 %."""
    return value >= 1 if isinstance(value, int) else re.fullmatch(PERCENT, value) is not None


def some_pods_in_cel(field: str) -> str:
    return f"type(self.{field}) == int ? self.{field} >= 1 : self.{field}.matches('{PERCENT}')"


def _budget(value: float | None) -> int | float | str:
    if value is None:
        return "none"
    return int(value) if value.is_integer() else value


Span = Annotated[
    Duration,
    PlainSerializer(format_duration, return_type=str),
    told({"type": "string", "pattern": DURATION, "minLength": 2, "maxLength": 32}),
]
"""``30s``, ``5m``, ``1h30m``, ``7d``, as in the configuration file."""
Fraction = Annotated[
    Share,
    Field(gt=0, lt=1),
    told({"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": True}),
]
"""Above 0 and below 1."""
PodsOrShare = Annotated[int | str, BeforeValidator(_pods_or_share), told(INT_OR_STRING | {"maxLength": 4})]
Resizes = Annotated[Budget, PlainSerializer(_budget), told(INT_OR_STRING | {"maxLength": 4})]
"""Resizes a day, or none: no budget."""
UpdateModeWord = Annotated[Mode, words(UpdateMode)]
ControlledValuesWord = Annotated[Values, words(ControlledValues)]
ResourceWords = Annotated[
    Resources,
    told(
        {
            "type": "array",
            "items": {"type": "string", "enum": [resource.key for resource in Resource]},
            "maxItems": len(Resource),
            "x-kubernetes-list-type": "set",
        }
    ),
]
ObjectName = Annotated[str, Field(min_length=1, max_length=253)]
Word = Annotated[str, Field(min_length=1, max_length=63)]
Sentence = Annotated[str, Field(max_length=32768)]  # metav1.Condition's own bound
