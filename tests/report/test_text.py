from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report.text import (
    NAME_LIMIT,
    ascii_only,
    count,
    human,
    large,
    listed,
    percent,
    signed,
    span,
    storable,
    visible,
)

CPU, MEMORY = Resource


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("web", "web", id="harmless"),
        pytest.param("a b", "a b", id="blanks-stay"),
        pytest.param("\x1b[2J", r"\x1b[2J", id="terminal-escape"),
        pytest.param("a\nb\rc\t", r"a\nb\rc\t", id="line-breaks"),
        pytest.param("\x9b31m", r"\x9b31m", id="one-byte-escape"),
        pytest.param("\u202egnp", r"\u202egnp", id="right-to-left"),
        pytest.param("\u2028", r"\u2028", id="line-separator"),
        pytest.param("\ud800", r"\ud800", id="lone-surrogate"),
        pytest.param("größe", "größe", id="letters-stay"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(codec=None), max_size=600))
def test_what_is_visible_stays_on_one_line_and_can_be_printed(text: str) -> None:
    assert visible(text).isprintable()


def test_a_name_longer_than_any_is_cut_in_the_middle() -> None:
    # 253 = 125 + "..." + 125
    assert visible("a" * 4000 + "b" * 96) == "a" * 125 + "..." + "a" * 29 + "b" * 96
    assert visible("a" * NAME_LIMIT) == "a" * NAME_LIMIT


EVERY_CHARACTER = st.characters(codec=None)  # lone surrogates too


@given(st.text(EVERY_CHARACTER))
def test_what_is_stored_is_utf8(text: str) -> None:
    assert storable(text).encode().decode() == storable(text)


@given(st.text(EVERY_CHARACTER))
def test_ascii_is_ascii(text: str) -> None:
    assert ascii_only(text).isascii()


@pytest.mark.parametrize(
    ("amount", "resource", "shown"),
    [
        pytest.param(345, CPU, "+345m", id="up"),
        pytest.param(
            -1655, CPU, "-1.66", id="down"
        ),  # 1.655 rounds half to even in binary: 1.6549999.. or 1.655 -> 1.66
        pytest.param(0, CPU, "0", id="zero"),
        pytest.param(-(2**30), MEMORY, "-1Gi", id="memory"),
    ],
)
def test_signed(amount: int, resource: Resource, shown: str) -> None:
    assert signed(amount, resource) == shown


def test_zero_needs_no_unit() -> None:
    assert (human(0, CPU), human(0, MEMORY), human(5, CPU)) == ("0", "0", "5m")


@pytest.mark.parametrize(
    ("amount", "resource", "shown"),
    [
        pytest.param(3100, CPU, "3.1 cores", id="cores"),
        pytest.param(4000, CPU, "4 cores", id="whole"),
        pytest.param(270, CPU, "0.27 cores", id="part-of-a-core"),
        pytest.param(1_234_567, CPU, "1,235 cores", id="thousands"),
        pytest.param(6 * 2**30 + 2**28, MEMORY, "6.2 GiB", id="gib"),  # 6.25 rounds half to even
        pytest.param(52 * 2**20, MEMORY, "52 MiB", id="below-a-tenth-of-a-gib"),
    ],
)
def test_large(amount: int, resource: Resource, shown: str) -> None:
    assert large(amount, resource) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param(0, "0 s", id="nothing"),
        pytest.param(59.6, "1 min", id="rounds"),
        pytest.param(3 * 86400 + 4 * 3600 + 59, "3 d 4 h", id="two-units"),
        pytest.param(86400 + 30, "1 d 30 s", id="empty-units-are-left-out"),
        pytest.param(float("inf"), "never", id="never"),
    ],
)
def test_span(seconds: float, shown: str) -> None:
    assert span(seconds) == shown


def test_small_words() -> None:
    assert [percent(x) for x in (0.15, 1, 0.005, 0.0833)] == ["15 %", "100 %", "0.5 %", "8.33 %"]
    assert [count(n, "pod") for n in (0, 1, 1200)] == ["0 pods", "1 pod", "1,200 pods"]
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
