"""The report for spreadsheets and shell pipelines: one line per container, plain numbers with their unit in the header.

An empty field is unset (or does not apply), ``?`` is unknown, 0 is zero.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report.document import Amount, Document, Figures, Row, State
from vpa_inplace.report.options import Options
from vpa_inplace.report.text import SENTENCE_LIMIT, visible

UNITS: Final = {Resource.CPU: "millicores", Resource.MEMORY: "bytes"}
NAMES: Final = ("cluster", "namespace", "kind", "workload", "container", "container_kind")
AMOUNTS: Final = (
    "request",
    "recommended",
    "limit",
    "recommended_limit",
    "target",
    "lower_bound",
    "upper_bound",
    "uncapped_target",
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make spreadsheets run a cell; source: OWASP, "CSV Injection"."""


def to_csv(document: Document, options: Options) -> str:  # noqa: ARG001 - numbers look the same everywhere
    """RFC 4180 with a header; rows as in the document, worst first."""
    page = StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(header())
    writer.writerows([*fields(document.cluster, row)] for row in document.rows)
    return page.getvalue()


def header() -> list[str]:
    """Names of the fields, in their order."""
    return [
        *NAMES,
        "pods",
        *(name for resource in Resource for name in _header_of(resource)),
        "forecaster",
        "confidence",
        "profile",
        "update_mode",
    ]


def _header_of(resource: Resource) -> Iterator[str]:
    unit = UNITS[resource]
    for name in (*AMOUNTS, "delta", "total_current", "total_recommended", "total_delta", "newest_usage", "peak_usage"):
        yield f"{resource.key}_{name}_{unit}"
    for name in ("coverage", "severity", "action", "why", "reason", "guards"):
        yield f"{resource.key}_{name}"


def fields(cluster: str, row: Row) -> Iterator[str]:
    """One line, in the order of :func:`header`."""
    for name in (cluster, row.namespace, row.kind, row.workload, row.container):
        yield _safe(name)
    yield row.container_kind
    yield str(row.pods)
    for resource in Resource:
        yield from _fields_of(row.of(resource))
    yield row.forecaster
    yield f"{row.confidence:g}"
    yield _safe(row.profile)
    yield row.update_mode


def _fields_of(figures: Figures) -> Iterator[str]:
    for name in AMOUNTS:
        amount: Amount = getattr(figures, name)
        yield {State.UNSET: "", State.UNKNOWN: "?", State.SET: str(amount.amount)}[amount.state]
    yield _number(figures.delta)
    yield str(figures.total.current)
    yield str(figures.total.recommended)
    yield str(figures.total.delta)
    yield _number(figures.usage.newest)
    yield _number(figures.usage.peak)
    yield f"{figures.usage.coverage:g}"
    yield figures.severity
    yield figures.action
    yield figures.why.code
    yield _safe(figures.note or figures.why.message)
    yield " ".join(figures.guards)


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)


def _safe(text: str) -> str:
    text = visible(text, SENTENCE_LIMIT)
    return f"'{text}" if text.startswith(FORMULA) else text
