"""Autoscalers as they stand in the cluster: what each claims, or what is wrong with it. One bad object is one problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from vpa_inplace.api.mistakes import mistakes_of
from vpa_inplace.api.objects.autoscaler import AutoscalerSpec, InPlacePodAutoscaler
from vpa_inplace.api.objects.layers import Layers, layers_of
from vpa_inplace.api.objects.metadata import ObjectMeta
from vpa_inplace.api.objects.status import AutoscalerStatus
from vpa_inplace.api.objects.target import TargetRef
from vpa_inplace.api.yaml_file import place
from vpa_inplace.domain.moves import Refusal

UNSUPPORTED: Final = "ConfigUnsupported"  # VPA's word


@dataclass(frozen=True, slots=True)
class Problem:
    """One contradiction of an object: with itself, with another, with the configuration or with the cluster."""

    reason: str  # CamelCase
    message: str  # a sentence
    lifted_by: str  # what to do

    @property
    def refusal(self) -> Refusal:
        """Why the object's workload is not resized."""
        return Refusal(UNSUPPORTED, self.message, self.lifted_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One autoscaler. ``spec`` is missing where it cannot be read; its target may be known nevertheless."""

    metadata: ObjectMeta
    target: TargetRef | None
    spec: AutoscalerSpec | None
    layers: Layers | None  # of the spec
    status: AutoscalerStatus | None  # as it stands, where it can be read
    problems: tuple[Problem, ...]  # that the object has by itself

    @property
    def age_order(self) -> tuple[bool, datetime | None, str, str]:
        """The oldest first; of the same second, the first by name."""
        created = self.metadata.creation_timestamp
        return created is None, created, self.metadata.namespace, self.metadata.name

    def __str__(self) -> str:
        return f"{self.metadata.namespace}/{self.metadata.name}"


def read_claim(raw: Mapping[str, Any]) -> Claim:
    """An object as the API server gives it; apiVersion and kind may be missing, as in lists.

    Raises:
        ValidationError: its metadata are none of Kubernetes'.
    """
    spec: AutoscalerSpec | None = None
    problems: tuple[Problem, ...] = ()
    try:
        spec = InPlacePodAutoscaler.read({key: raw[key] for key in raw if key != "status"}).spec
    except ValidationError as error:
        problems = tuple(_problems(error))
    return Claim(
        metadata=ObjectMeta.read(raw["metadata"]),
        target=spec.target_ref if spec else _target(raw),
        spec=spec,
        layers=layers_of(spec) if spec else None,
        status=_status(raw.get("status")),
        problems=problems,
    )


def _problems(error: ValidationError) -> Iterator[Problem]:
    for where, text in mistakes_of(error, InPlacePodAutoscaler):
        yield Problem("InvalidSpec", f"{place(where)}: {text}", f"correct {place(where)}")


def _target(raw: Mapping[str, Any]) -> TargetRef | None:
    """What a broken object is about, so that its workload can be left alone."""
    try:
        return TargetRef.read(raw["spec"]["targetRef"])
    except (ValidationError, KeyError, TypeError):
        return None


def _status(raw: Any) -> AutoscalerStatus | None:
    """What was written last; what cannot be read is written anew."""
    try:
        return None if raw is None else AutoscalerStatus.read(raw)
    except ValidationError:
        return None
