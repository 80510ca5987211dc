"""What Kubernetes says to a resize, word for word: the texts and shapes that code which resizes pods has to read.

A refusal by validation (422) lists its causes, and its message is made of them. A refusal by admission (403) is one
sentence after `pods "NAME" is forbidden: `. Which of the two it was is also told by details.kind: "Pod" or "pods".

Each case maps the minor version from which an answer holds to that answer. Tests compare whole messages.
Sources: ValidatePodResize (pkg/apis/core/validation), plugin/pkg/admission/{podresize,limitranger,resourcequota},
pkg/kubelet/{allocation,lifecycle,kuberuntime} of kubernetes/kubernetes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cause:
    """One of a Status's details.causes. `text` is a regular expression; the message begins with it for a field."""

    reason: str
    field: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An answer: `message` is a regular expression for the whole message; `kind` is details.kind."""

    code: int
    reason: str | None = None
    message: str = ""
    kind: str | None = None
    causes: tuple[Cause, ...] = field(default=())


ACCEPTED = Expected(code=200)


def invalid(*causes: Cause) -> Expected:
    """A refusal by validation of a pod that was found. What two causes have in common is told once."""
    told = list(dict.fromkeys(f"{re.escape(cause.field or '')}: {cause.text}" for cause in causes))
    text = told[0] if len(told) == 1 else rf"\[{', '.join(told)}\]"
    message = rf'Pod "(?P<pod>[^"]+)" is invalid: {text}'
    return Expected(code=422, reason="Invalid", message=message, kind="Pod", causes=causes)


def bad_patch(text: str) -> Expected:
    """A body that is no patch of a pod: the pod is not even named."""
    text = rf'Invalid value: "map\[.*\]": {text}'
    causes = (Cause("FieldValueInvalid", "patch", text),)
    return Expected(code=422, reason="Invalid", message=f' "" is invalid: patch: {text}', causes=causes)


def forbidden(text: str, *causes: Cause) -> Expected:
    """A refusal by admission or by authorization."""
    message = rf'pods "(?P<pod>[^"]+)" is forbidden: {text}'
    return Expected(code=403, reason="Forbidden", message=message, kind="pods", causes=causes)


def conflict(message: str, *causes: Cause, kind: str | None = None) -> Expected:
    return Expected(code=409, reason="Conflict", message=message, kind=kind, causes=causes)


def _forbidden_field(path: str, text: str) -> Cause:
    return Cause("FieldValueForbidden", path, f"Forbidden: {text}")


def _invalid_field(path: str, value: str, text: str) -> Cause:
    return Cause("FieldValueInvalid", path, f'Invalid value: "{value}": {text}')


# The value is the class that the pod has, not the one that it would get.
def _other_class(qos: str) -> Expected:
    return invalid(_invalid_field("spec", qos, "Pod QOS Class may not change as a result of resizing"))


# Only 1.33 wants a restart for it.
def _on_1_33(done: str) -> Expected:
    text = f"memory limits cannot be {done} unless resizePolicy is RestartContainer"
    return invalid(_forbidden_field(f"{RESOURCES}.limits[memory]", text))


RESOURCES = "spec.containers[0].resources"
NO_REQUEST = _forbidden_field(f"{RESOURCES}.requests", "resource requests cannot be removed")
NO_LIMIT = _forbidden_field(f"{RESOURCES}.limits", "resource limits cannot be removed")
ONLY_CPU_AND_MEMORY = invalid(_forbidden_field("spec", "only cpu and memory resources are mutable"))
QUANTITY = r"quantities must match the regular expression '.*'"
NODE_CAPACITY = (
    r"node didn't have enough allocatable resources: "
    r"(?P<resource>cpu|memory), requested: (?P<requested>\d+), allocatable: (?P<allocatable>\d+)"
)  # cpu in millicores, memory in bytes

VALIDATION: dict[str, dict[int, Expected]] = {
    # Accepted.
    "a size that fits": {33: ACCEPTED},
    "the size that it has": {33: ACCEPTED},
    "a JSON patch": {33: ACCEPTED},
    "a limit above the node": {33: ACCEPTED},
    "a request removed, its limit stays": {33: ACCEPTED},
    "a limit added": {33: ACCEPTED},
    "less than a millicore": {33: ACCEPTED},
    "half a byte": {33: ACCEPTED},
    "other fields beside": {33: ACCEPTED},
    "a held device": {33: ACCEPTED},
    "an unused resource claim": {33: ACCEPTED},
    "a memory limit lowered": {33: _on_1_33("decreased"), 34: ACCEPTED},
    "a memory limit added": {33: _on_1_33("added"), 34: ACCEPTED},
    # Refused: sizes.
    "a request above its limit": {
        33: invalid(_invalid_field(f"{RESOURCES}.requests", "400m", "must be less than or equal to cpu limit of 300m"))
    },
    "less than nothing": {
        33: invalid(_invalid_field(f"{RESOURCES}.requests[cpu]", "-1", "must be greater than or equal to 0"))
    },
    "no quantity": {33: bad_patch(QUANTITY)},
    "an unknown field, strictly": {
        33: bad_patch(r'strict decoding error: unknown field "spec\.containers\[0\]\.resourcez"')
    },
    # Refused: what would be another pod.
    "Guaranteed to Burstable": {33: _other_class("Guaranteed")},
    "Burstable to Guaranteed": {33: _other_class("Burstable")},
    "BestEffort gets a request": {33: _other_class("BestEffort")},
    "a limit removed": {33: invalid(NO_LIMIT)},
    "all limits removed": {33: invalid(NO_LIMIT)},
    "a request removed, no limit": {33: invalid(NO_REQUEST)},
    "a merge patch": {33: invalid(NO_REQUEST, NO_LIMIT)},
    "another resource": {33: ONLY_CPU_AND_MEMORY},
    "a device": {33: ONLY_CPU_AND_MEMORY},
    "a resize policy": {33: ONLY_CPU_AND_MEMORY},
    "an unknown container": {
        33: invalid(
            Cause("FieldValueRequired", "spec.containers[0].image", "Required value"),
            _forbidden_field("spec.containers", "containers may not be added or removed on resize"),
        )
    },
    "a plain patch of the pod": {
        33: invalid(_forbidden_field("spec", r"pod updates may not change fields other than (?s:.*)"))
    },
    # Refused: the kind of pod.
    "an init container": {
        33: invalid(_forbidden_field("spec", "resources for non-sidecar init containers are immutable")),
        36: ACCEPTED,
    },
    "a used resource claim": {33: ACCEPTED, 34: ONLY_CPU_AND_MEMORY, 37: ACCEPTED},
    "beside a used resource claim": {33: ACCEPTED, 34: ONLY_CPU_AND_MEMORY, 37: ACCEPTED},
    "resources of the pod": {
        33: ACCEPTED,
        34: invalid(_forbidden_field("[]", "pods with pod-level resources cannot be resized")),
        35: invalid(
            _forbidden_field(
                "[]",
                "resize of pods with pod-level resources is forbidden when "
                "InPlacePodLevelResourcesVerticalScalingEnabled feature gate is disabled",
            )
        ),
        36: ACCEPTED,
    },
    "a Windows pod": {33: invalid(_forbidden_field("[]", "windows pods cannot be resized"))},
    "a node without resize": {33: invalid(_forbidden_field("spec", "Pod running on node without support for resize"))},
}

ADMISSION: dict[str, dict[int, Expected]] = {
    "more cpu than the node": {33: ACCEPTED, 36: forbidden(NODE_CAPACITY, Cause("NodeCapacity"))},
    "more memory than the node": {33: ACCEPTED, 36: forbidden(NODE_CAPACITY, Cause("NodeCapacity"))},
    "more of both than the node": {
        33: ACCEPTED,
        36: forbidden(
            r"node didn't have enough allocatable resources: cpu, requested: \d+, allocatable: \d+; "
            r"memory, requested: \d+, allocatable: \d+",
            Cause("NodeCapacity"),
        ),
    },
    "a node that is gone": {33: ACCEPTED, 36: forbidden(r'node "(?P<node>[^"]+)" not found')},
    "a Windows node": {
        33: ACCEPTED,
        36: forbidden(
            r'pod resize is only supported on linux nodes, node "(?P<node>[^"]+)" is "windows"',
            Cause("UnsupportedPlatform"),
        ),
    },
    # "requested" is what the resize adds, not the new size.
    "quota of requests": {
        33: forbidden(
            r"exceeded quota: (?P<quota>[^,]+), requested: requests\.cpu=70m, "
            r"used: requests\.cpu=50m, limited: requests\.cpu=100m"
        )
    },
    "quota of requests and limits": {
        33: forbidden(
            r"exceeded quota: (?P<quota>[^,]+), requested: limits\.memory=104Mi,requests\.cpu=70m, "
            r"used: limits\.memory=96Mi,requests\.cpu=50m, limited: limits\.memory=128Mi,requests\.cpu=100m"
        )
    },
    "above the container's maximum": {33: forbidden("maximum cpu usage per Container is 400m, but limit is 450m")},
    "below the container's minimum": {33: forbidden("minimum memory usage per Container is 16Mi, but request is 8Mi")},
    "above the pod's maximum": {33: forbidden("maximum cpu usage per Pod is 560m, but limit is 600m")},
    "above the ratio": {
        33: forbidden(r"cpu max limit to request ratio per Container is 4, but provided ratio is 10\.000000")
    },
    "three limits at once": {
        33: forbidden(
            r"\[minimum cpu usage per Container is 20m, but request is 10m, "
            r"maximum cpu usage per Container is 400m, but limit is 450m, "
            r"cpu max limit to request ratio per Container is 4, but provided ratio is 45\.000000\]"
        )
    },
    "defaults that came later": {33: _on_1_33("added"), 34: ACCEPTED},
    # The one refusal by admission that is a 422, and its cause has no field.
    "a policy": {
        33: Expected(
            code=422,
            reason="Invalid",
            message=r'pods "(?P<pod>[^"]+)" is forbidden: ValidatingAdmissionPolicy \'(?P<policy>[^\']+)\' with binding '
            r"'[^']+' denied request: memory limits may not shrink here",
            kind="pods",
            causes=(Cause("", None, r"ValidatingAdmissionPolicy '[^']+' .* denied request: .*"),),
        )
    },
    "no right": {
        33: forbidden(
            r'User "(?P<user>[^"]+)" cannot patch resource "pods/resize" in API group "" in the namespace "[^"]+"'
        )
    },
}

OTHER_UID = _invalid_field("metadata.uid", "[0-9a-f-]+", "field is immutable")
CONCURRENCY: dict[str, dict[int, Expected]] = {
    # A second reader may win (409 without causes: read again, decide again), another manager may own the field (409 with
    # causes: ask a human, or force), or the name may belong to another pod by now (422 on metadata.uid: forget it).
    "an old resourceVersion": {
        33: conflict(
            r'Operation cannot be fulfilled on pods "(?P<pod>[^"]+)": the object has been modified; '
            r"please apply your changes to the latest version and try again",
            kind="pods",
        )
    },
    "another pod's uid": {
        33: invalid(OTHER_UID, OTHER_UID),  # found twice, told once
        37: invalid(OTHER_UID),
    },
    "a field of another manager": {
        33: conflict(
            r'Apply failed with 1 conflict: conflict with "(?P<manager>[^"]+)" with subresource "resize" using v1: '
            r'\.spec\.containers\[name="main"\]\.resources\.requests\.cpu',
            Cause(
                "FieldManagerConflict",
                '.spec.containers[name="main"].resources.requests.cpu',
                r'conflict with "[^"]+" with subresource "resize" using v1',
            ),
        )
    },
    "a JSON patch whose test fails": {
        33: Expected(
            code=422, reason="Invalid", message="the server rejected our request due to an error in our request"
        )
    },
}

MISSING: dict[str, dict[int, Expected]] = {
    "a pod that is gone": {
        33: Expected(code=404, reason="NotFound", message=r'pods "(?P<pod>[^"]+)" not found', kind="pods")
    },
    "a server without the subresource": {
        33: Expected(code=404, reason="NotFound", message="the server could not find the requested resource")
    },
}

STATIC_POD = {33: invalid(_forbidden_field("[]", "static pods cannot be resized"))}

# What the kubelet writes into the conditions of a pod. cpu in millicores, memory in bytes.
DEFERRED = (
    r"Node didn't have enough resource: (?P<resource>cpu|memory), "
    r"requested: (?P<requested>\d+), used: (?P<used>\d+), capacity: (?P<capacity>\d+)"
)
_NEVER = (
    r"Node didn't have enough capacity: (?P<resource>cpu|memory), "
    r"requested: (?P<requested>\d+), capacity: (?P<capacity>\d+)"
)
TOO_LARGE = {33: ("Infeasible", _NEVER), 36: ("Deferred", DEFERRED)}
STATIC_CPUS = {
    33: "Resize is infeasible for Guaranteed Pods alongside CPU Manager static policy",
    34: 'Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"',
}
# One part or both, and then in brackets. Both numbers of usage are the pod's, also the one of the container, and it is 0
# where the kubelet has not measured the pod yet: only the limits are to be relied on.
_POD_BELOW = r"attempting to set pod memory limit \((?P<pod_limit>\d+)\) below current usage \((?P<pod_usage>\d+)\)"
_CONTAINER_BELOW = (
    r'attempting to set container "(?P<container>[^"]+)" memory limit \((?P<limit>\d+)\) '
    r"below current usage \((?P<usage>\d+)\)"
)
BELOW_USAGE = rf"cannot decrease memory limits: \[?({_POD_BELOW})?(, )?({_CONTAINER_BELOW})?\]?"


def at(answers: dict[int, T], minor: int) -> T:
    """What holds in this minor version: what the latest version up to it has changed it to."""
    return answers[max(since for since in answers if since <= minor)]
