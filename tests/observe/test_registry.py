"""What every source promises."""

from __future__ import annotations

import inspect
from dataclasses import is_dataclass

import pytest

from vpa_inplace.observe.registry import SOURCES
from vpa_inplace.observe.source import Source


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_a_value_that_observes_a_scope(name: str) -> None:
    made = SOURCES[name]
    assert is_dataclass(made)
    assert made.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert list(inspect.signature(made.observe).parameters) == list(inspect.signature(Source.observe).parameters)


def test_each_is_chosen_by_a_flag_of_its_name() -> None:
    from vpa_inplace.cli.options import PrometheusOptions, RecordingOptions

    flags = {*PrometheusOptions.__dataclass_fields__, *RecordingOptions.__dataclass_fields__}
    assert set(SOURCES) <= flags
