"""Kubernetes quantities: text to exact integers (millicores, bytes) and back.

Source: k8s.io/apimachinery/pkg/api/resource/quantity.go. Like ``MilliValue()`` and ``Value()`` there, a value finer
than the unit is rounded up: 0.5m of CPU is 1 millicore, 0.1 byte is 1 byte.
"""

import re
from fractions import Fraction
from math import ceil

from vpa_inplace.domain.errors import QuantityError
from vpa_inplace.domain.resource import Resource

MAX_AMOUNT = 2**63 - 1
"""Largest amount that Kubernetes keeps (int64); larger text is refused rather than capped in silence."""

_BINARY = {f"{p}i": 2 ** (10 * (i + 1)) for i, p in enumerate("KMGTPE")}
_DECIMAL = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "": Fraction(1),
    **{p: Fraction(10 ** (3 * (i + 1))) for i, p in enumerate("kMGTPE")},
}
_SUFFIX: dict[str, Fraction] = {**_DECIMAL, **{k: Fraction(v) for k, v in _BINARY.items()}}
# digits, then either an exponent with digits (1e3, 1E-3) or a suffix (1E is one exa)
_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,4})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII)
_UNIT = {Resource.CPU: 1000, Resource.MEMORY: 1}
_EXAMPLE = {Resource.CPU: "250m, 0.25 or 2", Resource.MEMORY: "256Mi, 1Gi or 1500M"}


def parse_quantity(text: str) -> Fraction:
    """Exact value of a quantity in base units (cores, bytes).

    Raises:
        QuantityError: the text is no quantity.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise QuantityError(f"{text!r} is no Kubernetes quantity; write it like 250m, 1.5 or 256Mi")
    sign, digits, exponent, suffix = match.groups()
    value = Fraction(digits.rstrip(".") or "0")
    value *= Fraction(10) ** int(exponent) if exponent else _SUFFIX[suffix or ""]
    return -value if sign == "-" else value


def parse_amount(text: str, resource: Resource) -> int:
    """A request or limit as an integer: millicores of CPU, bytes of memory; finer values round up.

    Raises:
        QuantityError: no quantity, negative, or beyond int64.
    """
    try:
        value = parse_quantity(text) * _UNIT[resource]
    except QuantityError as error:
        raise QuantityError(f"{resource.key}: {text!r} is no quantity; write it like {_EXAMPLE[resource]}") from error
    amount = ceil(value)
    if value < 0 or amount > MAX_AMOUNT:
        raise QuantityError(f"{resource.key}: {text!r} is out of range; it must lie between 0 and 2^63-1 units")
    return amount


def format_amount(amount: int, resource: Resource) -> str:
    """The canonical text of an amount, exact both ways: ``250m``, ``2``, ``256Mi``, ``1500``."""
    if resource is Resource.CPU:
        cores, millis = divmod(amount, 1000)
        return f"{amount}m" if millis else str(cores)
    for suffix, size in reversed(_BINARY.items()):
        if amount and amount % size == 0:
            return f"{amount // size}{suffix}"
    return str(amount)


def human_amount(amount: float, resource: Resource) -> str:
    """A short text for people, three significant digits: ``250m``, ``1.25``, ``640Mi``, ``1.2Gi``. Not exact."""
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    if resource is Resource.CPU:
        return f"{sign}{size:.0f}m" if size < 999.5 else f"{sign}{_three(size / 1000)}"
    for suffix, unit in reversed(_BINARY.items()):
        if size >= 0.9995 * unit:
            return f"{sign}{_three(size / unit)}{suffix}"
    return f"{sign}{size:.0f}"


def _three(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
