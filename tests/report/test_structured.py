from __future__ import annotations

import json as stdlib_json
import math

import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from tests.report.scene import document, reported
from tests.support.builders import MIB, a_container, a_pod
from vpa_inplace.report.options import Options
from vpa_inplace.report.structured import block, json, yaml


def test_json_is_the_document_with_kubernetes_names() -> None:
    pod = a_pod(a_container(cpu=500, memory=None))
    data = stdlib_json.loads(json(reported(pod), Options()))
    assert data["schema"] == "vpa-inplace.report/v1"
    assert data["generatedAt"] == "2026-03-02T12:00:00Z"
    (row,) = data["rows"]
    assert row["cpu"]["request"] == {"state": "set", "amount": 500, "quantity": "500m"}
    assert row["memory"]["request"] == {"state": "unset", "amount": None, "quantity": None}
    assert row["memory"]["recommended"] == {"state": "set", "amount": 230 * MIB, "quantity": "230Mi"}
    assert row["cpu"]["uncappedTarget"]["quantity"] == "115m"


def test_yaml_says_the_same() -> None:
    report = document()
    assert pyyaml.safe_load(yaml(report, Options())) == stdlib_json.loads(json(report, Options()))


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)  # YAML ends at 1024 characters, ten a letter
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_yaml_is_read_back_as_it_was(value: dict[str, object]) -> None:
    text = "\n".join(block(value))
    assert pyyaml.safe_load(text) == value
    assert all(character.isprintable() or character == "\n" for character in text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_stay_numbers(value: float) -> None:
    read = pyyaml.safe_load("\n".join(block({"x": [value]})))["x"][0]
    assert isinstance(read, float)
    assert math.isclose(read, value, rel_tol=0, abs_tol=0)
