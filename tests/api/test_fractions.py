from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.api.fractions import format_fraction, parse_fraction
from vpa_inplace.domain.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("15%", 0.15, id="percent"),
        pytest.param("0.15", 0.15, id="fraction"),
        pytest.param("0.1%", 0.001, id="tenth-of-a-percent"),
        pytest.param("1", 1.0, id="all"),
        pytest.param("100%", 1.0, id="all-in-percent"),
        pytest.param("0", 0.0, id="none"),
        pytest.param(" 5 % ", 0.05, id="blanks"),
        pytest.param("1e-3", 0.001, id="as-yaml-writes-floats"),
    ],
)
def test_parse(text: str, value: float) -> None:
    assert parse_fraction(text) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("150%", "out of range: it must lie between 0% and 100%", id="above"),
        pytest.param("-1%", "out of range", id="below"),
        pytest.param("15", "15 per cent is 15%", id="percent-sign-forgotten"),
        pytest.param("nan", "out of range", id="nan"),
        pytest.param("inf", "out of range", id="infinity"),
        pytest.param("much", "no fraction", id="a-word"),
        pytest.param("", "no fraction", id="empty"),
        pytest.param("%", "no fraction", id="only-the-sign"),
        pytest.param("1_0%", "no fraction", id="python-underscore"),
        pytest.param("1e400", "out of range", id="overflow"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_fraction(text)


def test_the_hint_at_a_forgotten_sign_stands_only_where_it_helps() -> None:
    # 2000 is no percentage of at most 1000 % either
    with pytest.raises(UsageError) as refused:
        parse_fraction("2000", most=10)
    assert "per cent" not in str(refused.value)


@given(st.floats(0, 1, allow_subnormal=False).map(lambda x: float(f"{x:.6g}")))
def test_both_spellings_agree(value: float) -> None:
    assert parse_fraction(str(value)) == pytest.approx(parse_fraction(format_fraction(value)), rel=1e-9)
