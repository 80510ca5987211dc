from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.api.durations import format_duration, parse_duration
from vpa_inplace.api.objects.amounts import QUANTITY, parsed, spelled
from vpa_inplace.api.objects.fields import DURATION
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.quantity import MAX_AMOUNT, parse_quantity

AMOUNT = st.none() | st.integers(0, MAX_AMOUNT)


@given(st.builds(Amounts, AMOUNT, AMOUNT))
def test_amounts_come_back(amounts: Amounts) -> None:
    texts = spelled(amounts)
    assert parsed(texts) == amounts
    assert all(re.fullmatch(QUANTITY, text) for text in texts.values())


@given(st.from_regex(QUANTITY, fullmatch=True).filter(lambda text: text.isascii()))
def test_what_the_schema_takes_for_a_quantity_is_one(text: str) -> None:
    assert parse_quantity(text.rstrip("\n")) >= 0


@given(st.from_regex(DURATION, fullmatch=True).filter(bool))
def test_what_the_schema_takes_for_a_duration_is_one(text: str) -> None:
    try:
        span = parse_duration(text)
    except UsageError as error:
        refusal = str(error)
    else:
        refusal = "" if re.fullmatch(DURATION, format_duration(span)) else "no duration any more"
    assert not refusal or "longer than" in refusal


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        pytest.param({"gpu": "1"}, "unknown resource 'gpu'", id="resource"),
        pytest.param({"cpu": True}, "cpu must be a quantity, not true", id="bool"),
        pytest.param({"memory": ["1Gi"]}, "memory must be a quantity, not a list", id="list"),
        pytest.param({"memory": "1GB"}, "memory: '1GB' is no quantity", id="unit"),
        pytest.param("1Gi", "must be a mapping like", id="text"),
    ],
)
def test_mistakes(value: object, sentence: str) -> None:
    with pytest.raises((ValueError, UsageError)) as caught:
        parsed(value)
    assert sentence in str(caught.value)
