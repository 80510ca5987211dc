r"""Words that all reports share: amounts with signs, spans of time, and names that cannot do harm.

Names come from a cluster and its labels, so from strangers: a container called ``\x1b[2J`` must not clear a screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Final

from vpa_inplace.domain.quantity import human_amount
from vpa_inplace.domain.resource import Resource

NAME_LIMIT: Final = 253  # characters of the longest name that Kubernetes allows (DNS-1123 subdomain)
SENTENCE_LIMIT: Final = 600  # a message quotes a name or two; what is longer is no sentence
MEBI: Final = 2**20
GIBI: Final = 2**30


def visible(text: str, limit: int = NAME_LIMIT) -> str:
    r"""The text on one line, without a character that steers a terminal or turns the direction of reading.

    Such characters are written out (``\x1b``, ``\n``, ``\u202e``); what exceeds ``limit`` is cut in the middle.
    """
    if len(text) > limit:
        half = (limit - 3) // 2
        text = f"{text[:half]}...{text[-half:]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def sentence(text: str) -> str:
    """A message that quotes names, as :func:`visible`."""
    return visible(text, SENTENCE_LIMIT)


def storable(text: str) -> str:
    """The text as UTF-8 can hold it: lone surrogates, which no encoder takes, are written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def ascii_only(text: str) -> str:
    """For terminals without Unicode: the marks we use ourselves have a look-alike, anything else is written out."""
    return text.translate(_LOOK_ALIKES).encode("ascii", "backslashreplace").decode()


_LOOK_ALIKES: Final = str.maketrans(
    {"→": "->", "·": "-", "…": "...", "─": "-", "×": "x", "≥": ">=", "−": "-", "•": "*"}
)


def human(amount: float, resource: Resource) -> str:
    """An amount for people; zero needs no unit."""
    return human_amount(amount, resource) if amount else "0"


def signed(delta: int, resource: Resource) -> str:
    """``+345m``, ``-1.13Gi``, ``0``."""
    return "0" if not delta else f"{'+' if delta > 0 else ''}{human_amount(delta, resource)}"


def large(amount: int, resource: Resource) -> str:
    """An amount of a fleet, spelt out: ``3.1 cores``, ``6.2 GiB``."""
    if resource is Resource.CPU:
        return f"{_two(amount / 1000)} {'core' if amount == 1000 else 'cores'}"
    return f"{_two(amount / GIBI)} GiB" if abs(amount) >= GIBI / 10 else f"{_two(amount / MEBI)} MiB"


def _two(value: float) -> str:
    if abs(value) >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 0.95 else f"{value:.2g}"


def span(seconds: float) -> str:
    """The two largest units of a length of time: ``3 d 4 h``, ``5 min``, ``20 s``; ``never`` for infinity."""
    if not isfinite(seconds):
        return "never"
    rest, parts = round(seconds), []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def percent(fraction: float) -> str:
    """``15 %``, ``0.5 %``: as many digits as it takes, three at most."""
    return f"{fraction * 100:.3g} %"


def count(number: int, noun: str) -> str:
    """``1 pod``, ``3 pods``, ``1,200 pods``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *head, last = [*words] or [""]
    return f"{', '.join(head)} and {last}" if head else last
