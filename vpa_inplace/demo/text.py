"""The bricks of OpenMetrics text: a family's head, and labels.

Source: the OpenMetrics specification, https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family: its name without ``_total``, its type, and its series as text that is made when it is read."""

    name: str
    type: str
    series: Iterable[str]

    def text(self) -> Iterator[str]:
        """The head and the series; nothing at all for a family without series."""
        head = f"# TYPE {self.name} {self.type}\n"
        for series in self.series:
            yield head + series
            head = ""


def labels(**pairs: str | None) -> str:
    """``name="value"`` with commas between; a label that is ``None`` is left out."""
    return ",".join(f'{name}="{escaped(value)}"' for name, value in pairs.items() if value is not None)


def escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
