"""An object as layers of policy in the words of the configuration file, so that both take the same way from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel

from vpa_inplace.api.objects.amounts import spelled
from vpa_inplace.api.objects.autoscaler import AutoscalerSpec
from vpa_inplace.api.objects.containers import EVERY, ContainerPolicy, Mode
from vpa_inplace.api.objects.part import Part, common
from vpa_inplace.api.policy_file import ForecastFile, PolicyFile, ResourcePolicyFile, UpdatePolicyFile
from vpa_inplace.domain.policy import UpdateMode
from vpa_inplace.domain.resource import Resource

HELD: Final = PolicyFile.model_validate({"updatePolicy": {"updateMode": UpdateMode.OFF.value}})
"""For a workload whose object says nothing that can be held to: it is looked at, and not touched."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What one object says of its containers."""

    named: Mapping[str, PolicyFile]
    others: PolicyFile

    def of(self, container: str) -> PolicyFile:
        return self.named.get(container, self.others)


def layers_of(spec: AutoscalerSpec) -> Layers:
    """Objects that say the same share their layers."""
    policies = spec.resource_policy.container_policies if spec.resource_policy else ()
    named = {policy.container_name: policy for policy in policies}
    others = _layer(spec, named.pop(EVERY, None))
    return Layers({name: _layer(spec, policy) for name, policy in named.items()}, others)


def _layer(spec: AutoscalerSpec, container: ContainerPolicy | None) -> PolicyFile:
    said = {
        "updatePolicy": _said(spec.update_policy, UpdatePolicyFile),
        "resourcePolicy": _sizing(container) if container else {},
        "forecast": _said(spec.forecast, ForecastFile),
    }
    return _shared(json.dumps(said, sort_keys=True))


@lru_cache(maxsize=4096)
def _shared(said: str) -> PolicyFile:
    """Few policies are written for many workloads; each is worked out once."""
    return PolicyFile.model_validate(json.loads(said))


def _said(part: Part | None, file: type[BaseModel]) -> dict[str, Any]:
    """Fields that the object has written and the file has too. What they do not have in common has no effect yet."""
    return part.written(only=common(type(part), file)) if part else {}


def _sizing(policy: ContainerPolicy) -> dict[str, Any]:
    rules: dict[str, dict[str, str]] = {resource.key: {} for resource in Resource}
    for key, amounts in (("minAllowed", policy.least), ("maxAllowed", policy.most)):
        for resource, text in spelled(amounts).items():
            rules[resource][key] = text
    said = _said(policy, ResourcePolicyFile) | rules
    return said | {"controlledResources": []} if policy.mode is Mode.OFF else said
