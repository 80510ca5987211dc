"""CustomResourceDefinitions, generated from the models that read the objects: deploy/crds/*.yaml.

What pydantic says of a model is JSON Schema; an API server wants less of it, the part that is called structural:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from vpa_inplace.api.objects.autoscaler import InPlacePodAutoscaler
from vpa_inplace.api.objects.metadata import Root
from vpa_inplace.api.objects.part import GROUP, VERSION
from vpa_inplace.api.objects.resize_state import ResizeState

Schema = dict[str, Any]

HEAD: Final = """\
# Written by `vpa-inplace config crds DIRECTORY` from the models in vpa_inplace/api/objects; a test holds the two together.
"""
_DROPPED: Final = frozenset({"title", "$ref", "$defs", "anyOf", "const", "exclusiveMinimum", "exclusiveMaximum"})
"""Of JSON Schema, what is said otherwise here or not at all."""
_FIRST: Final = frozenset({"description", "type"})
_LAST: Final = frozenset({"properties", "items", "additionalProperties", "x-kubernetes-validations"})
"""For those who read the file: what a part is, its bounds, then what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of `kubectl get`; ``wide``: of `kubectl get -o wide`."""

    name: str
    path: str
    text: str
    type: str = "string"
    wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One kind of object."""

    model: type[Root]
    plural: str
    short_names: tuple[str, ...] = ()
    status: bool = False  # a subresource of its own: who may write the one may not write the other
    columns: tuple[Column, ...]

    @property
    def kind(self) -> str:
        return self.model.__name__

    @property
    def file(self) -> str:
        return f"{GROUP}_{self.plural}.yaml"


_SIZES: Final = ".status.recommendation.containerRecommendations[0].target"
_AGE: Final = Column(name="Age", path=".metadata.creationTimestamp", text="How old it is.", type="date")

DEFINITIONS: Final = (
    Definition(
        model=InPlacePodAutoscaler,
        plural="inplacepodautoscalers",
        short_names=("ippa",),
        status=True,
        columns=(
            Column(name="Mode", path=".spec.updatePolicy.updateMode", text="What may be done, as the object says it."),
            Column(name="CPU", path=f"{_SIZES}.cpu", text="CPU recommended for the first container."),
            Column(name="Mem", path=f"{_SIZES}.memory", text="Memory recommended for the first container."),
            Column(
                name="Provided",
                path=".status.conditions[?(@.type=='RecommendationProvided')].status",
                text="Whether there is a recommendation.",
            ),
            _AGE,
            Column(name="Kind", path=".spec.targetRef.kind", text="Kind of the workload.", wide=True),
            Column(name="Target", path=".spec.targetRef.name", text="Name of the workload.", wide=True),
            Column(name="InForce", path=".status.updateMode", text="What may be done, all considered.", wide=True),
            Column(
                name="Unsupported",
                path=".status.conditions[?(@.type=='ConfigUnsupported')].reason",
                text="What is wrong with the object.",
                wide=True,
            ),
        ),
    ),
    Definition(
        model=ResizeState,
        plural="resizestates",
        columns=(
            Column(name="Kind", path=".spec.workload.kind", text="Kind of the workload."),
            Column(name="Workload", path=".spec.workload.name", text="Name of the workload."),
            Column(name="Phase", path=".spec.attempts[0].phase", text="How far its first resize has come."),
            Column(name="AsOf", path=".spec.asOf", text="When it was written.", type="date"),
            _AGE,
        ),
    ),
)


def manifests() -> Mapping[str, str]:
    """Every definition as YAML, by the name of its file."""
    return {definition.file: HEAD + _yaml(crd(definition)) for definition in DEFINITIONS}


def crd(definition: Definition) -> dict[str, Any]:
    """One definition, as the API server takes it."""
    names = {
        "kind": definition.kind,
        "listKind": f"{definition.kind}List",
        "plural": definition.plural,
        "singular": definition.kind.lower(),
        "categories": ["vpa-inplace"],
    }
    if definition.short_names:
        names["shortNames"] = list(definition.short_names)
    version: dict[str, Any] = {"name": VERSION, "served": True, "storage": True}
    if definition.status:
        version["subresources"] = {"status": {}}
    version["additionalPrinterColumns"] = [_column(column) for column in definition.columns]
    version["schema"] = {"openAPIV3Schema": schema(definition.model)}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{definition.plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def schema(model: type[Root]) -> Schema:
    """The structural schema of a kind; its metadata is Kubernetes' own."""
    found = model.model_json_schema()
    whole = _structural(found, found.get("$defs", {}))
    whole["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    whole["required"] = ["spec"]
    return whole


def _column(column: Column) -> dict[str, Any]:
    said = {"name": column.name, "type": column.type, "description": column.text, "jsonPath": column.path}
    return said | ({"priority": 1} if column.wide else {})


def _structural(part: Schema, known: Mapping[str, Schema]) -> Schema:
    """The same schema without references, unions, titles and nulls; beside a reference its own words win."""
    part = _resolved(part, known)
    found = {key: value for key, value in part.items() if key not in _DROPPED}
    if "const" in part:
        found["enum"] = [part["const"]]
    if "x-kubernetes-int-or-string" in part:
        found["anyOf"] = part["anyOf"]
    elif "anyOf" in part:
        raise ValueError(f"no structural schema has a union such as {part['anyOf']}")
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if bound in part:  # a number in JSON Schema; in OpenAPI 3.0 a word beside the number
            found |= {bound: True} if part[bound] is True else {bound: True, limit: part[bound]}
    if "description" in found:
        found["description"] = " ".join(found["description"].split())
    if not found.get("default") or isinstance(found["default"], dict):
        found.pop("default", None)  # what stands for "not written" is not to be written
    if "properties" in found:
        found["properties"] = {key: _structural(value, known) for key, value in found["properties"].items()}
    if "items" in found:
        found["items"] = _structural(found["items"], known)
    found |= _of_map(found.pop("additionalProperties", False), known)
    return {key: found[key] for key in sorted(found, key=lambda key: (key in _LAST, key not in _FIRST))}


def _of_map(values: Schema | bool, known: Mapping[str, Schema]) -> Schema:
    """What the values of a mapping are. Unknown keys of an object are pruned or kept, which is not the schema's to say."""
    return {} if isinstance(values, bool) else {"additionalProperties": _structural(values, known)}


def _resolved(part: Schema, known: Mapping[str, Schema]) -> Schema:
    """A reference or ``X | None`` as X."""
    while True:
        some = [one for one in part.get("anyOf", ()) if one != {"type": "null"}]
        if "$ref" in part:
            inner = known[part["$ref"].rpartition("/")[2]]
        elif len(some) == 1:
            inner = some[0]
        else:
            return part
        part = inner | {key: value for key, value in part.items() if key not in {"$ref", "anyOf"}}


def _yaml(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
