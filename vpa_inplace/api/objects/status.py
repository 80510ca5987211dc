"""What we write back on an autoscaler: the recommendation in VPA's shape, and conditions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from vpa_inplace.api.fields import one_of
from vpa_inplace.api.objects.amounts import Written
from vpa_inplace.api.objects.fields import Sentence, UpdateModeWord, Word, words
from vpa_inplace.api.objects.part import Kept
from vpa_inplace.api.objects.times import Moment
from vpa_inplace.domain.amounts import Amounts


class ConditionType(StrEnum):
    """What is said of an autoscaler. VPA's words where it has one."""

    RECOMMENDATION_PROVIDED = "RecommendationProvided"
    LOW_CONFIDENCE = "LowConfidence"
    FETCHING_HISTORY = "FetchingHistory"
    NO_PODS_MATCHED = "NoPodsMatched"
    CONFIG_UNSUPPORTED = "ConfigUnsupported"
    RESIZING = "Resizing"
    SLO_GUARDED = "SLOGuarded"
    CAPABILITY_MISSING = "CapabilityMissing"


class Truth(StrEnum):
    """Kubernetes' three values."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"

    @classmethod
    def of(cls, value: bool | None) -> Truth:
        return cls.UNKNOWN if value is None else cls.TRUE if value else cls.FALSE


class Condition(Kept):
    """One thing that is, or is not, so."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """What it is about, such as RecommendationProvided."""
    status: Annotated[Truth, BeforeValidator(one_of(Truth)), words(Truth)]
    """Whether it is so."""
    last_transition_time: Moment
    """When the status last changed."""
    reason: Annotated[str, Field(max_length=1024)] = ""
    """Why, in one CamelCase word."""
    message: Sentence = ""
    """Why, in a sentence."""
    observed_generation: int | None = None
    """Generation of the object that it was said of."""


class ContainerRecommendation(Kept):
    """The sizes of one container. Only resources that are controlled are named."""

    container_name: Word
    """Name of the container."""
    target: Written = Amounts()
    """What to request now."""
    lower_bound: Written = Amounts()
    """A request below this is raised at once."""
    upper_bound: Written = Amounts()
    """A request above this is lowered at once, as far as guards allow."""
    uncapped_target: Written = Amounts()
    """What the target would be without minAllowed and maxAllowed; nothing acts on it."""


class Recommendation(Kept):
    """Sizes for all containers that are controlled."""

    container_recommendations: Annotated[tuple[ContainerRecommendation, ...], Field(strict=False)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["containerName"]}
    )
    """Sizes of each container, by name."""


class AutoscalerStatus(Kept):
    """What was seen and concluded last. Written by vpa-inplace alone."""

    observed_generation: int | None = None
    """Generation of the object that this status is about."""
    update_mode: UpdateModeWord | None = None
    """The mode in force: the object's own, else the configuration's; Off while ConfigUnsupported is True."""
    recommendation: Recommendation | None = None
    """The sizes recommended last."""
    conditions: Annotated[tuple[Condition, ...], Field(strict=False)] = Field(
        default=(), json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}
    )
    """What is so, and since when."""
