"""Shares and margins as people write them: ``15%`` or ``0.15``."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Final

from vpa_inplace.domain.errors import UsageError

MOST: Final = 1.0  # a share of something


def parse_fraction(text: str, most: float = MOST) -> float:
    """A fraction from 0 to ``most``.

    Raises:
        UsageError: no number, or out of that range.
    """
    text = text.strip()
    percent = text.endswith("%")
    digits = text.removesuffix("%").rstrip()
    try:
        if "_" in digits:  # Python's numbers may hold it
            raise ValueError(digits)
        # decimal, so that 15% is exactly what 0.15 is
        value = float(Decimal(digits) / 100 if percent else Decimal(digits))
    except (ValueError, ArithmeticError):
        raise UsageError(f"{text!r} is no fraction: write it like 15% or 0.15") from None
    if not isfinite(value) or not 0 <= value <= most:
        hint = f"; {text} per cent is {text}%" if not percent and isfinite(value) and most < value <= 100 * most else ""
        raise UsageError(f"{text!r} is out of range: it must lie between 0% and {format_fraction(most)}{hint}")
    return value


def format_fraction(value: float) -> str:
    """As percent: ``0.15`` is ``15%``, ``0.001`` is ``0.1%``."""
    return f"{value * 100:.10g}%"
