"""Autoscalers for tests: one with everything, a small one, and bad ones with what is said to them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

API_VERSION = "autoscaling.vpa-inplace.io/v1alpha1"

WHOLE: dict[str, Any] = {
    "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llm"},
    "updatePolicy": {
        "updateMode": "InPlace",
        "minReplicas": 1,
        "maxResizesPerDay": 8,
        "rollout": {"canary": 1, "deadline": "30m", "maxConcurrent": "25%"},
        "windows": [{"cron": "0 22 * * *", "duration": "6h", "timeZone": "Europe/Berlin"}],
    },
    "scope": "Role",
    "resourcePolicy": {
        "containerPolicies": [
            {
                "containerName": "*",
                "mode": "Auto",
                "controlledResources": ["cpu", "memory"],
                "controlledValues": "RequestsAndLimits",
                "allowMemoryLimitDecrease": False,
                "minAllowed": {"cpu": "50m"},
                "maxAllowed": {"cpu": "8", "memory": "4Gi"},
            },
            {"containerName": "proxy", "mode": "Off"},
        ]
    },
    "forecast": {"profile": "default", "risk": 0.01, "timeZone": "Europe/Berlin"},
    "objectives": [
        {"name": "ttft", "preset": "vllm/ttft", "threshold": "500ms", "target": 0.99, "window": "30d"},
        {
            "name": "e2e",
            "histogram": "my_request_seconds",
            "selector": 'app="llm",path!~"/health|/ready"',
            "threshold": "2s",
            "target": 0.999,
        },
        {"name": "imported", "burnRateFrom": {"sloth": {"service": "shop", "slo": "latency"}}},
    ],
}
"""All fields of DESIGN's example, in the spelling that we write ourselves."""


def an_autoscaler(spec: dict[str, Any] | None = None, *, name: str = "web", **metadata: Any) -> dict[str, Any]:
    """An object as the API server gives it. Without a spec it is about Deployment web."""
    return {
        "apiVersion": API_VERSION,
        "kind": "InPlacePodAutoscaler",
        "metadata": {"name": name, "namespace": "shop", **metadata},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}} if spec is None else spec,
    }


def a_spec(**parts: Any) -> dict[str, Any]:
    """A spec about Deployment web with these parts."""
    return {"targetRef": {"kind": "Deployment", "name": "web"}, **parts}


def changed(path: str, value: Any) -> dict[str, Any]:
    """WHOLE with another value at a path such as ``updatePolicy.windows.0.cron``; None: without it."""
    spec = deepcopy(WHOLE)
    *above, last = (int(part) if part.isdecimal() else part for part in path.split("."))
    place: Any = spec
    for part in above:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return spec


POLICIES = "resourcePolicy.containerPolicies"
PODS = "must be a number of pods from 1, or a share from 1% to 100%"

RULED = [
    pytest.param("targetRef", {"kind": "Pod", "name": "web-1"}, "a Pod is no target", id="a-pod"),
    pytest.param("targetRef", {"apiVersion": "v1", "kind": "Pod", "name": "x"}, "a Pod is no target", id="a-pod-of-v1"),
    pytest.param(
        "targetRef", {"kind": "RayCluster", "name": "x"}, "apiVersion is needed for this kind", id="no-version"
    ),
    pytest.param("targetRef.apiVersion", "v1", "apiVersion has no such kind: Deployment", id="deployment-of-v1"),
    pytest.param("targetRef.apiVersion", "batch/v1", "apiVersion has no such kind", id="deployment-of-batch"),
    pytest.param(
        "targetRef",
        {"apiVersion": "apps/v1", "kind": "ReplicationController", "name": "x"},
        "apiVersion has no such kind",
        id="controller-of-apps",
    ),
    pytest.param("updatePolicy.rollout.canary", 0, f"canary {PODS}", id="canary-of-none"),
    pytest.param("updatePolicy.rollout.canary", "0%", f"canary {PODS}", id="canary-of-no-share"),
    pytest.param("updatePolicy.rollout.canary", "half", f"canary {PODS}", id="canary-in-words"),
    pytest.param("updatePolicy.rollout.maxConcurrent", "101%", f"maxConcurrent {PODS}", id="more-than-all"),
    pytest.param("updatePolicy.rollout.maxConcurrent", -1, f"maxConcurrent {PODS}", id="fewer-than-none"),
    pytest.param(f"{POLICIES}.0.minAllowed", {"cpu": "8001m"}, "minAllowed.cpu is above maxAllowed.cpu", id="cpu"),
    pytest.param(f"{POLICIES}.0.minAllowed", {"cpu": 9}, "minAllowed.cpu is above maxAllowed.cpu", id="cpu-as-number"),
    pytest.param(
        f"{POLICIES}.0.minAllowed", {"memory": "4097Mi"}, "minAllowed.memory is above maxAllowed.memory", id="memory"
    ),
    pytest.param(
        f"{POLICIES}.0.minAllowed", {"memory": "4.3G"}, "minAllowed.memory is above maxAllowed.memory", id="other-unit"
    ),  # 4.3e9 bytes; 4Gi are 4.29e9
    pytest.param("objectives.0.histogram", "x", "write one of preset, histogram and burnRateFrom", id="two-sources"),
    pytest.param("objectives.0.preset", None, "write one of preset, histogram and burnRateFrom", id="no-source"),
    pytest.param("objectives.0.threshold", None, "threshold and target are needed beside", id="no-threshold"),
    pytest.param("objectives.1.target", None, "threshold and target are needed beside", id="no-target"),
    pytest.param("objectives.2.window", "30d", "burnRateFrom stands without selector", id="window-of-rules"),
    pytest.param(
        "objectives.1.selector", 'app="x", namespace="other"', "selector may not choose a namespace", id="namespace"
    ),
]
"""Refused by a rule: API server and program say the same sentence."""

SHAPED = [
    pytest.param("targetRef", None, "spec.targetRef: Required value", "targetRef: is missing", id="no-target"),
    pytest.param("targetRef.kind", None, "spec.targetRef.kind: Required value", "kind: is missing", id="no-kind"),
    pytest.param("targetRef.name", "", "at least 1 chars long", "at least 1 character", id="no-name"),
    pytest.param("updatePolicy.updateMode", "Auto", 'supported values: "Off"', "unknown value 'Auto'", id="mode"),
    pytest.param("updatePolicy.updateMode", False, "must be of type string", None, id="bare-off"),
    pytest.param("scope", "Node", 'supported values: "Role", "Pod"', "unknown value 'Node'", id="scope"),
    pytest.param("updatePolicy.minReplicas", 0, "greater than or equal to 1", "must be 1 or more", id="replicas"),
    pytest.param(
        "updatePolicy.maxResizesPerDay", 0, "a whole number from 1, or none", "above 0, or none", id="no-resizes"
    ),
    pytest.param(
        "updatePolicy.maxResizesPerDay", 0.5, "must be of type integer", "a whole number from 1", id="half-one"
    ),
    pytest.param(
        "updatePolicy.maxResizesPerDay", "few", "a whole number from 1, or none", "above 0, or none", id="few"
    ),
    pytest.param("updatePolicy.rollout.deadline", "30", "should match", "a duration without unit", id="deadline"),
    pytest.param("updatePolicy.windows.0.cron", None, "windows[0].cron: Required value", "is missing", id="no-cron"),
    pytest.param("updatePolicy.windows.0.duration", None, "duration: Required value", "is missing", id="no-duration"),
    pytest.param("updatePolicy.windows.0.cron", "@daily at ten", "should match", "pattern", id="cron-in-words"),
    pytest.param("updatePolicy.windows.0.duration", "long", "should match", "is no duration", id="duration-in-words"),
    pytest.param("updatePolicy.windows.0.timeZone", "Berlin!", "should match", "pattern", id="time-zone"),
    pytest.param(
        f"{POLICIES}.0.mode", "On", 'supported values: "Auto", "Off"', "unknown value 'On'", id="container-mode"
    ),
    pytest.param(f"{POLICIES}.1.containerName", "*", "Duplicate value", "'*' stands twice", id="container-twice"),
    pytest.param(f"{POLICIES}.1.containerName", None, "Required value", "is missing", id="no-container"),
    pytest.param(f"{POLICIES}.1.containerName", "Proxy_1", "should match", "pattern", id="container-name"),
    pytest.param(
        f"{POLICIES}.0.controlledResources", ["gpu"], 'supported values: "cpu"', "unknown value 'gpu'", id="gpu"
    ),
    pytest.param(
        f"{POLICIES}.0.controlledValues", "Limits", 'values: "RequestsAndLimits"', "unknown value", id="values"
    ),
    pytest.param(f"{POLICIES}.0.minAllowed", {"cpu": "one"}, "should match", "is no quantity", id="quantity"),
    pytest.param(f"{POLICIES}.0.minAllowed", {"cpu": "-1"}, "should match", "out of range", id="negative"),
    pytest.param(
        f"{POLICIES}.0.minAllowed", {"cpu": -1}, "greater than or equal to 0", "out of range", id="below-zero"
    ),
    pytest.param("forecast.risk", 0, "should be greater than 0", "must be above 0", id="no-risk"),
    pytest.param("forecast.risk", 1, "should be less than 1", "must be below 1", id="all-risk"),
    pytest.param("objectives.0.target", 1.5, "should be less than 1", "out of range", id="target"),
    pytest.param("objectives.1.name", "ttft", "Duplicate value", "'ttft' stands twice", id="objective-twice"),
    pytest.param("objectives.1.selector", 'app="x"} or vector(1) #', "should match", "pattern", id="injection"),
    pytest.param("objectives.1.histogram", "rate(x[5m])", "should match", "pattern", id="histogram"),
]
"""Refused by the schema: the API server has its own words. The last but one is ours; None: we are not as strict."""

ONLY_OURS = [
    pytest.param("updatePolicy.windows.0.timeZone", "Europe/Belin", "did you mean 'Europe/Berlin'?", id="time-zone"),
    pytest.param("updatePolicy.windows.0.cron", "0 25 * * *", "25 is no hour; it goes from 0 to 23", id="cron-hour"),
    pytest.param("updatePolicy.windows.0.cron", "0 0 30 2 *", "never comes", id="cron-never"),
    pytest.param("updatePolicy.windows.0.duration", "10s", "must lie between 1m and 7d, not be 10s", id="window-short"),
    pytest.param("updatePolicy.rollout.deadline", "2d", "must lie between 1m and 1d, not be 2d", id="deadline-long"),
    pytest.param("forecast.timeZone", "Mars/Olympus", "write an IANA name such as Europe/Berlin", id="forecast-zone"),
    pytest.param("objectives.0.window", "30m", "must lie between 1h and 90d, not be 30m", id="objective-window"),
]
"""Past the API server, whose schema cannot say it."""
