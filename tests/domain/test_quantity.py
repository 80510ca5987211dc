"""Quantities: every Kubernetes form, exact both ways, rounded up like the API server does."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.domain.errors import QuantityError
from vpa_inplace.domain.quantity import MAX_AMOUNT, format_amount, human_amount, parse_amount, parse_quantity
from vpa_inplace.domain.resource import Resource

CPU, MEMORY = Resource.CPU, Resource.MEMORY
MIB = 2**20


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1", 1),
        ("+1", 1),
        ("-1", -1),
        ("007", 7),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("100m", Fraction(1, 10)),
        ("1u", Fraction(1, 10**6)),
        ("1n", Fraction(1, 10**9)),
        ("1k", 1000),
        ("1M", 10**6),
        ("1G", 10**9),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1Ki", 2**10),
        ("1Mi", 2**20),
        ("1Gi", 2**30),
        ("1Ti", 2**40),
        ("1Pi", 2**50),
        ("1Ei", 2**60),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1e+3", 1000),
        ("12e-3", Fraction(12, 1000)),
        ("1E-2", Fraction(1, 100)),
        ("0.5Gi", 2**29),
    ],
)
def test_every_form(text: str, value: Fraction) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 ",
        " 1",
        "m",
        "1mm",
        "1K",
        "1ki",
        "1Mb",
        "1,5",
        "1.2.3",
        "e3",
        "1e",
        "1e3m",
        "0x1",
        "NaN",
        "Inf",
        "1_0",
        "١",
    ],
)
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(QuantityError, match="is no Kubernetes quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "resource", "amount"),
    [
        pytest.param("250m", CPU, 250, id="millicores"),
        pytest.param("2", CPU, 2000, id="cores"),
        pytest.param("0.5m", CPU, 1, id="finer-than-a-millicore-rounds-up"),
        pytest.param("1.0001", CPU, 1001, id="a-ten-thousandth-rounds-up"),
        pytest.param("100u", CPU, 1, id="microcores"),
        pytest.param("128974848", MEMORY, 128974848, id="bytes"),
        pytest.param("129e6", MEMORY, 129000000, id="exponent"),
        pytest.param("128974848000m", MEMORY, 128974848, id="milli-bytes"),
        pytest.param("1m", MEMORY, 1, id="a-fraction-of-a-byte-rounds-up"),
        pytest.param("123Mi", MEMORY, 123 * MIB, id="mebibytes"),
        pytest.param("7Ei", MEMORY, 7 * 2**60, id="close-to-the-bound"),
    ],
)
def test_amounts(text: str, resource: Resource, amount: int) -> None:
    assert parse_amount(text, resource) == amount


@pytest.mark.parametrize(
    ("text", "resource", "words"),
    [
        pytest.param("-1", CPU, "cpu: '-1' is out of range", id="negative"),
        pytest.param("-0.1", MEMORY, "memory: '-0.1' is out of range", id="negative-and-finer-than-a-byte"),
        pytest.param("8Ei", MEMORY, "memory: '8Ei' is out of range", id="beyond-int64"),
        pytest.param("1e9999", MEMORY, "out of range", id="huge"),
        pytest.param("half", CPU, "write it like 250m", id="words"),
        pytest.param("1GB", MEMORY, "write it like 256Mi", id="unit-of-people"),
    ],
)
def test_amounts_that_are_none(text: str, resource: Resource, words: str) -> None:
    with pytest.raises(QuantityError, match=words):
        parse_amount(text, resource)


@given(st.integers(0, MAX_AMOUNT), st.sampled_from(Resource))
def test_formatted_amounts_read_back(amount: int, resource: Resource) -> None:
    assert parse_amount(format_amount(amount, resource), resource) == amount


@pytest.mark.parametrize(
    ("amount", "resource", "text"),
    [
        (0, CPU, "0"),
        (999, CPU, "999m"),
        (2000, CPU, "2"),
        (2500, CPU, "2500m"),
        (0, MEMORY, "0"),
        (1023, MEMORY, "1023"),
        (1024, MEMORY, "1Ki"),
        (262144000, MEMORY, "250Mi"),
        (3 * 2**30, MEMORY, "3Gi"),
    ],
)
def test_canonical_text(amount: int, resource: Resource, text: str) -> None:
    assert format_amount(amount, resource) == text


@pytest.mark.parametrize(
    ("amount", "resource", "text"),
    [
        (0, CPU, "0m"),
        (999, CPU, "999m"),
        (999.6, CPU, "1"),
        (1000, CPU, "1"),
        (1250, CPU, "1.25"),
        (-1250, CPU, "-1.25"),
        (12345, CPU, "12.3"),
        (123456, CPU, "123"),
        (500, MEMORY, "500"),
        (640 * MIB, MEMORY, "640Mi"),
        (1023.7 * MIB, MEMORY, "1Gi"),
        (1.2 * 2**30, MEMORY, "1.2Gi"),
        (-2.5 * 2**30, MEMORY, "-2.5Gi"),
    ],
)
def test_text_for_people(amount: float, resource: Resource, text: str) -> None:
    assert human_amount(amount, resource) == text
