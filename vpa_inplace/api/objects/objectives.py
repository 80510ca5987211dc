"""What a workload promises to those who call it. Checked for sense now; heeded once the SLO guards are there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from vpa_inplace.api.fields import within
from vpa_inplace.api.objects.fields import DNS_LABEL, Fraction, Span, Word
from vpa_inplace.api.objects.part import Part, Rule

_MATCHER: Final = r'[ \t]*[a-zA-Z_][a-zA-Z0-9_]*[ \t]*(=|!=|=~|!~)[ \t]*"([^"\\\n]|\\.)*"[ \t]*'
MATCHERS: Final = f"^{_MATCHER}(,{_MATCHER})*,?$"
"""PromQL's label matchers without their braces. Nothing outside of quotes can end the selector they stand in."""
NAMESPACE: Final = "(^|,)[ \t]*namespace[ \t]*[=!]"
SOURCES: Final = {"preset": "preset", "histogram": "histogram", "burn_rate_from": "burnRateFrom"}
MILLISECOND: Final = timedelta(milliseconds=1)


class Sloth(Part):
    """An SLO whose recording rules Sloth wrote."""

    service: Word
    """Its label sloth_service."""
    slo: Word
    """Its label sloth_slo."""


class BurnRateFrom(Part):
    """Whose recording rules say how fast the error budget burns."""

    sloth: Sloth
    """An SLO whose recording rules Sloth wrote."""


def _sources(objective: Objective) -> int:
    return sum(getattr(objective, name) is not None for name in SOURCES)


class Objective(Part):
    """A share of requests that are to be answered in time. Has no effect yet."""

    name: Annotated[str, Field(min_length=1, max_length=63, pattern=f"^{DNS_LABEL}$")]
    """What reports call it."""
    preset: Annotated[str, Field(min_length=3, max_length=128, pattern="^[a-z0-9-]+/[a-z0-9-]+$")] | None = None
    """A latency histogram that is known by name, such as vllm/ttft."""
    histogram: Annotated[str, Field(min_length=1, max_length=256, pattern="^[a-zA-Z_:][a-zA-Z0-9_:]*$")] | None = None
    """Any other histogram, by its metric's name without _bucket."""
    selector: Annotated[str, Field(min_length=1, max_length=1024, pattern=MATCHERS)] | None = None
    """Which of its series, as PromQL's label matchers: app="llm",path!="/health". Always within this namespace."""
    burn_rate_from: BurnRateFrom | None = None
    """Recording rules of somebody else, instead of a histogram."""
    threshold: Annotated[Span, within(MILLISECOND, timedelta(days=1))] | None = None
    """How long an answer may take: 1ms to 1d."""
    target: Fraction | None = None
    """Share of requests that must be as fast, such as 0.99."""
    window: Annotated[Span, within(timedelta(hours=1), timedelta(days=90))] | None = None
    """Over how long a time: 1h to 90d; 30d where it is not written."""

    rules = (
        Rule(
            "write one of preset, histogram and burnRateFrom",
            " + ".join(f"(has(self.{key}) ? 1 : 0)" for key in SOURCES.values()) + " == 1",
            lambda objective: _sources(objective) == 1,
        ),
        Rule(
            "threshold and target are needed beside preset or histogram",
            "has(self.burnRateFrom) || (has(self.threshold) && has(self.target))",
            lambda one: one.burn_rate_from is not None or None not in {one.threshold, one.target},
        ),
        Rule(
            "burnRateFrom stands without selector, threshold, target and window: the recording rules have their own",
            "!has(self.burnRateFrom) || !(has(self.selector) || has(self.threshold) || has(self.target) || "
            "has(self.window))",
            lambda one: one.burn_rate_from is None or {one.selector, one.threshold, one.target, one.window} == {None},
        ),
        Rule(
            "selector may not choose a namespace: it is always this object's",
            f"!has(self.selector) || !self.selector.matches('{NAMESPACE}')",
            lambda one: one.selector is None or re.search(NAMESPACE, one.selector) is None,
        ),
    )
