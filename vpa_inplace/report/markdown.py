"""The report for pull requests and issues: a GitHub table that names from a cluster cannot break out of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report import cells
from vpa_inplace.report.document import Document, Row
from vpa_inplace.report.options import Options
from vpa_inplace.report.text import count, sentence, visible

HEADER: Final = (
    "Namespace",
    "Workload",
    "Container",
    "Pods",
    "CPU request",
    "Memory request",
    "Why / guard",
    "Severity",
)
EXAMPLES: Final = 20  # lines of refusals and of skips unless verbose: a comment is read, not searched
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")
_SPECIAL: Final = re.compile(r":(?! )|[^A-Za-z0-9 .,:;()/%+→·?'-]")
ZERO_WIDTH_SPACE: Final = "\u200b"


def markdown(document: Document, options: Options) -> str:
    """Title, table, one line of totals, then what is held back and what was skipped, folded."""
    return "\n".join(_lines(document, options)) + "\n"


def code(name: str) -> str:
    """A name as code. Backticks where every character is harmless; else HTML whose characters mean only themselves."""
    name = visible(name)
    return f"`{name}`" if _PLAIN_NAME.fullmatch(name) else f"<code>{_entities(name)}</code>"


def prose(text: str) -> str:
    """A sentence without markup, links, mentions or references in it, whatever names it quotes."""
    text = _entities(sentence(text))
    return re.sub(r"(?i)www\.", "www&#46;", text)


def _entities(text: str) -> str:
    """Markup characters as numeric references: they show, and structure nothing.

    Source: CommonMark 0.31.2, section 2.5, "references cannot be used in place of symbols indicating structure".
    A zero-width space follows @ and #, which GitHub looks for after rendering.
    """

    def reference(match: re.Match[str]) -> str:
        mark = match.group()
        return f"&#{ord(mark)};{ZERO_WIDTH_SPACE if mark in '@#' else ''}"

    return _SPECIAL.sub(reference, text)


def _lines(document: Document, options: Options) -> Iterator[str]:
    yield f"### Container sizes of {code(document.cluster)}"
    yield ""
    yield f"{document.generated_at:%Y-%m-%d %H:%M} UTC, forecast by {code(document.forecaster)}. A cell reads *one pod now → recommended (over all pods)*."
    yield ""
    if document.rows:
        yield _row(HEADER)
        yield _row("---:" if name == "Pods" else "---" for name in HEADER)
        for row in document.rows:
            yield _row(_cells(row))
        yield ""
    yield f"**{prose(' · '.join(cells.headline(document)))}**"
    yield from _folded(f"Held back ({count(document.summary.moves.refused, 'resize')})", _held_back(document), options)
    skips = (f"{code(skip.reason)} {code(skip.what)}: {prose(skip.message)}" for skip in document.skips)
    yield from _folded(f"Skipped ({len(document.skips)})", skips, options)
    yield from _folded(f"Warnings ({len(document.warnings)})", map(prose, document.warnings), options)


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _cells(row: Row) -> Iterator[str]:
    kind = cells.ABBREVIATED.get(row.kind, row.kind)
    sidecar = " (sidecar)" if row.container_kind == "sidecar" else ""
    yield code(row.namespace)
    yield f"{code(row.workload)} ({prose(kind)})"
    yield f"{code(row.container)}{sidecar}"
    yield cells.pods(row)
    for resource in Resource:
        figures = row.of(resource)
        parts = (cells.change(figures, resource), cells.limit_change(figures, resource))
        yield "<br>".join(prose(part) for part in parts if part)
    yield "<br>".join(_why(row))
    yield " / ".join(dict.fromkeys(row.of(resource).severity for resource in Resource))


def _why(row: Row) -> Iterator[str]:
    for resource in Resource:
        figures = row.of(resource)
        parts = (cells.starving(figures, resource), cells.reason(figures), cells.held(figures))
        yield f"{resource.key}: " + "; ".join(prose(part) for part in parts if part)


def _held_back(document: Document) -> Iterator[str]:
    for row in document.rows:
        who = code(f"{row.namespace}/{row.workload}/{row.container}")
        for judged in row.verdicts:
            for refusal in judged.refusals:
                what = f"{prose(refusal.message)}; lifted by {prose(refusal.lifted_by)}"
                yield f"{code(refusal.reason)} {who}, {cells.verdict(row, judged)}: {what}"


def _folded(title: str, items: Iterable[str], options: Options) -> Iterator[str]:
    every = list(items)
    if not every:
        return
    shown = every if options.verbose else every[:EXAMPLES]
    yield ""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from (f"- {item}" for item in shown)
    if len(shown) < len(every):
        yield f"- and {len(every) - len(shown)} more"
    yield ""
    yield "</details>"
