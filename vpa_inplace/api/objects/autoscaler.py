"""InPlacePodAutoscaler: what the owner of a workload writes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from vpa_inplace.api.fields import one_of
from vpa_inplace.api.objects.containers import ResourcePolicy
from vpa_inplace.api.objects.fields import Fraction, ObjectName, words
from vpa_inplace.api.objects.metadata import Root
from vpa_inplace.api.objects.objectives import Objective
from vpa_inplace.api.objects.part import Part, as_in_file, unique
from vpa_inplace.api.objects.status import AutoscalerStatus
from vpa_inplace.api.objects.target import TargetRef
from vpa_inplace.api.objects.times import TimeZone
from vpa_inplace.api.objects.updates import UpdatePolicy
from vpa_inplace.api.policy_file import ForecastFile


class Scope(StrEnum):
    """What gets a size of its own."""

    ROLE = "Role"
    POD = "Pod"


class ForecastPolicy(Part):
    """What is forecast, and how carefully."""

    profile: ObjectName | None = as_in_file(ForecastFile, "profile")
    risk: Fraction = as_in_file(ForecastFile, "risk")
    time_zone: TimeZone | None = None
    """IANA name such as Europe/Berlin: whose days and weeks demand follows. Has no effect yet."""


class AutoscalerSpec(Part):
    """What is wanted. What is not written comes from the configuration file, then from what is built in."""

    target_ref: TargetRef
    """The workload whose pods are sized: the topmost controller above them."""
    update_policy: UpdatePolicy | None = None
    """When, how and how often to act."""
    scope: Annotated[Scope, BeforeValidator(one_of(Scope)), words(Scope)] = Scope.ROLE
    """Role: one size for each container of the workload. Pod: one for each pod, where pods keep their names. Pod has no
    effect yet."""
    resource_policy: ResourcePolicy | None = None
    """How the containers are sized."""
    forecast: ForecastPolicy | None = None
    """What is forecast, and how carefully."""
    objectives: Annotated[tuple[Objective, ...], Field(strict=False, max_length=16)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    )
    """What the workload promises to those who call it. Has no effect yet."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        unique("objectives: name", (objective.name for objective in self.objectives))
        return self


class InPlacePodAutoscaler(Root):
    """Sizes the running pods of one workload in place, from forecasts of their demand. Only recommends until updateMode
    says more.
    """

    kind: Literal["InPlacePodAutoscaler"] = "InPlacePodAutoscaler"
    spec: AutoscalerSpec
    status: AutoscalerStatus | None = None
