"""Queries: label values cannot break out of their quotes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.observe.prometheus.queries import Kind, hourly_query, query, quoted


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        pytest.param("shop", '"shop"', id="plain"),
        pytest.param('a"b', r'"a\"b"', id="quote"),
        pytest.param("a\\b", r'"a\\b"', id="backslash"),
        pytest.param("a\nb", r'"a\nb"', id="newline"),
        pytest.param(".*|x", '".*|x"', id="regex-characters-mean-nothing-in-an-equality"),
    ],
)
def test_quoted(value: str, literal: str) -> None:
    assert quoted(value) == literal


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], whitelist_characters='\n"\\'), max_size=60))
def test_a_quoted_value_reads_back(value: str) -> None:
    # PromQL's double-quoted strings escape as JSON's do for these characters
    assert json.loads(quoted(value)) == value


def test_no_question_aggregates_on_the_server() -> None:
    for kind in Kind:
        assert " by " not in query(kind, "shop", 300)
    assert "[3599s:300s]" in hourly_query(Kind.CPU, "shop", 300)
