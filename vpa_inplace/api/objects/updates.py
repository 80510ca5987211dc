"""When and how a workload may be resized."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from vpa_inplace.api.fields import within
from vpa_inplace.api.objects.cron import parse_cron
from vpa_inplace.api.objects.fields import (
    PodsOrShare,
    Resizes,
    Span,
    UpdateModeWord,
    some_pods,
    some_pods_in_cel,
)
from vpa_inplace.api.objects.part import Part, Rule, as_in_file
from vpa_inplace.api.objects.times import TimeZone
from vpa_inplace.api.policy_file import UpdatePolicyFile
from vpa_inplace.domain.errors import UsageError

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)


def _cron(text: str) -> str:
    try:
        parse_cron(text)
    except UsageError as error:
        raise ValueError(str(error)) from error
    return text


class Rollout(Part):
    """How a shrink spreads over the pods of a workload. Has no effect yet."""

    canary: PodsOrShare = 1
    """Pods that shrink first and are watched: a number from 1, or a share from 1% to 100%."""
    deadline: Annotated[Span, within(MINUTE, DAY)] = Field(
        default=timedelta(minutes=30), json_schema_extra={"default": "30m"}
    )
    """How long they are watched: 1m to 1d. Undecided by then, the shrink is undone."""
    max_concurrent: PodsOrShare = "25%"
    """Pods that may be resized at the same time: a number from 1, or a share from 1% to 100%."""

    rules = (
        Rule(
            "canary must be a number of pods from 1, or a share from 1% to 100%",
            some_pods_in_cel("canary"),
            lambda rollout: some_pods(rollout.canary),
        ),
        Rule(
            "maxConcurrent must be a number of pods from 1, or a share from 1% to 100%",
            some_pods_in_cel("maxConcurrent"),
            lambda rollout: some_pods(rollout.max_concurrent),
        ),
    )


class Window(Part):
    """A time that recurs. Has no effect yet."""

    cron: Annotated[str, Field(min_length=9, max_length=128, pattern="^[0-9A-Za-z*?,/ -]+$"), AfterValidator(_cron)]
    """When it opens: minute, hour, day of month, month, day of week, as in a CronJob."""
    duration: Annotated[Span, within(MINUTE, timedelta(days=7))]
    """How long it stays open: 1m to 7d."""
    time_zone: TimeZone | None = None
    """IANA name such as Europe/Berlin; UTC where it is not written."""


class UpdatePolicy(Part):
    """When, how and how often to act."""

    update_mode: UpdateModeWord = as_in_file(
        UpdatePolicyFile,
        "update_mode",
        "Not written: the configuration file's, else Off. InPlaceOrRecreate does not evict yet.",
    )
    min_replicas: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Act only on workloads with at least so many replicas; a resize in place needs no spare one. Has no effect yet."""
    max_resizes_per_day: Resizes = as_in_file(UpdatePolicyFile, "max_resizes_per_day")
    rollout: Rollout | None = None
    """How a shrink spreads over the pods of a workload. Has no effect yet."""
    windows: Annotated[tuple[Window, ...], Field(strict=False, max_length=16)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    """When pods may shrink; growth for safety is never held back. None: at any time. Has no effect yet."""

    rules = (
        Rule(
            "maxResizesPerDay must be a whole number from 1, or none",
            "!has(self.maxResizesPerDay) || (type(self.maxResizesPerDay) == int ? self.maxResizesPerDay >= 1 : "
            "self.maxResizesPerDay == 'none')",
            lambda policy: policy.max_resizes_per_day is None or policy.max_resizes_per_day in range(1, 10_000),
        ),
    )
