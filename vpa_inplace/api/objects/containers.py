"""How the containers of a workload are sized."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from vpa_inplace.api.fields import one_of
from vpa_inplace.api.objects.amounts import Quantities, least_and_most
from vpa_inplace.api.objects.fields import DNS_LABEL, ControlledValuesWord, ResourceWords, words
from vpa_inplace.api.objects.part import Part, Rule, as_in_file, unique
from vpa_inplace.api.policy_file import ResourcePolicyFile
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.resource import Resource

EVERY: Final = "*"
MOST_POLICIES: Final = 15
"""Most that Kubernetes 1.33 lets a rule with two quantities look at; containers without one fall under *."""


class Mode(StrEnum):
    """Whether a container is sized at all."""

    AUTO = "Auto"
    OFF = "Off"


def _in_order(resource: Resource) -> Rule:
    message, cel = least_and_most(resource)

    def holds(policy: ContainerPolicy) -> bool:
        least, most = policy.least.get(resource), policy.most.get(resource)
        return least is None or most is None or least <= most

    return Rule(message, cel, holds)


class ContainerPolicy(Part):
    """How one container is sized, or all that are not named (*). What is not written comes from the configuration."""

    container_name: Annotated[str, Field(min_length=1, max_length=63, pattern=rf"^(\*|{DNS_LABEL})$")]
    """Name of the container; * is for all that have no policy of their own."""
    mode: Annotated[Mode, BeforeValidator(one_of(Mode)), words(Mode)] = Mode.AUTO
    """Off: the container is left alone, and nothing is recommended for it."""
    controlled_resources: ResourceWords = as_in_file(ResourcePolicyFile, "controlled_resources")
    controlled_values: ControlledValuesWord = as_in_file(ResourcePolicyFile, "controlled_values")
    allow_memory_limit_decrease: bool = as_in_file(ResourcePolicyFile, "allow_memory_limit_decrease")
    min_allowed: Quantities | None = None
    """Never recommend less than this."""
    max_allowed: Quantities | None = None
    """Never recommend more than this."""

    rules = tuple(_in_order(resource) for resource in Resource)

    @property
    def least(self) -> Amounts:
        return self.min_allowed or Amounts()

    @property
    def most(self) -> Amounts:
        return self.max_allowed or Amounts()


class ResourcePolicy(Part):
    """How the containers are sized."""

    container_policies: Annotated[tuple[ContainerPolicy, ...], Field(strict=False, max_length=MOST_POLICIES)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerName"]}
    )
    """One policy a container; a name wins over *, whose policy then says nothing about it."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        unique("containerName", (policy.container_name for policy in self.container_policies))
        return self
