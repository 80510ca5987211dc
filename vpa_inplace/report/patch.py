"""The report as a shell script: one ``kubectl patch`` per resize that every guard lets pass, safe to paste.

Nothing from the cluster reaches the shell unquoted: a name that Kubernetes would not accept is not written as a
command at all, and every argument is quoted. Comments hold harmless characters only, because an interactive zsh
runs a pasted ``# text`` as a command: a quote, a semicolon or an arrow in it would do things.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report import cells
from vpa_inplace.report.document import Document, Resize, Step
from vpa_inplace.report.options import Options
from vpa_inplace.report.text import count, sentence

NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")  # DNS-1123 subdomain, as the API server wants names
_HARMFUL: Final = re.compile(r"[^A-Za-z0-9 .,:/_%+-]")
FIELD: Final = {"container": "containers", "sidecar": "initContainers"}
"""Where a container stands in a pod's spec; a native sidecar is an init container that restarts always."""


def patch(document: Document, options: Options) -> str:
    """A script for sh; what is held back stands in it as comments with the reasons."""
    return "\n".join(_lines(document, options)) + "\n"


def command(resize: Resize, context: str | None) -> str | None:
    """The kubectl command of a resize; ``None`` where a name in it cannot exist in Kubernetes."""
    names = (resize.namespace, resize.pod, *(step.container for step in resize.steps))
    if not all(NAME.fullmatch(name) for name in names):
        return None
    words = [
        "kubectl",
        *(["--context", context] if context else []),
        "patch",
        "pod",
        resize.pod,
        "-n",
        resize.namespace,
    ]
    words += [
        "--subresource",
        "resize",
        "--type",
        "strategic",
        "--patch",
        json.dumps(body(resize), separators=(",", ":")),
    ]
    return shlex.join(words)


def body(resize: Resize) -> dict[str, Any]:
    """The strategic merge patch: changed containers only, merged by their name."""
    spec: dict[str, dict[str, dict[str, Any]]] = {}
    for step in resize.steps:
        containers = spec.setdefault(FIELD[step.container_kind], {})
        container = containers.setdefault(step.container, {"name": step.container, "resources": {}})
        container["resources"].setdefault(step.field, {})[step.resource] = step.after.quantity
    return {"spec": {field: list(containers.values()) for field, containers in spec.items()}}


def comment(text: str) -> str:
    """The text as a comment that stays on its line and means nothing to any shell, even one that runs it."""
    for mark, instead in (("→", "to"), (";", ","), ("'", ""), ("(", ""), (")", "")):
        text = text.replace(mark, instead)
    return f"# {_HARMFUL.sub('_', sentence(text))}"


def _lines(document: Document, options: Options) -> Iterator[str]:
    moves = document.summary.moves
    yield comment(
        f"In-place resizes for cluster {document.cluster}, decided at {document.generated_at:%Y-%m-%d %H:%M} UTC."
    )
    yield comment(f"{count(moves.admitted, 'resize')}, {moves.refused} held back.")
    yield comment("Pods change, templates do not: new pods start with the old sizes.")
    yield comment("Needs kubectl 1.32 or newer, and permission to patch pods/resize.")
    for resize in document.moves:
        yield ""
        yield comment(f"{resize.intent} {resize.namespace}/{resize.pod}: {', '.join(map(_said, resize.steps))}")
        for refusal in resize.refusals:
            yield comment(f"  held back, {refusal.reason}: {refusal.message}; lifted by {refusal.lifted_by}")
        if resize.admitted:
            yield command(resize, options.context) or comment("  not written: a name in it is no Kubernetes name")
    if document.skips:
        yield ""
    for skip in document.skips:
        yield comment(f"skipped {skip.what}, {skip.reason}: {skip.message}")


def _said(step: Step) -> str:
    """``app cpu request 500m → 180m``."""
    resource = next(r for r in Resource if r.key == step.resource)
    before, after = cells.shown(step.before, resource), cells.shown(step.after, resource)
    return f"{step.container} {step.resource} {step.field.removesuffix('s')} {before} → {after}"
