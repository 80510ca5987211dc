"""The report for programs: the whole document as JSON or YAML. Exact quantities and integers, nothing for the eye."""

from __future__ import annotations

import json as stdlib_json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import msgspec

from vpa_inplace.report.document import Document
from vpa_inplace.report.options import Options

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_/.-]*(?: [A-Za-z0-9_/.(][A-Za-z0-9_/.()+%-]*)*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML 1.1 reads as something else than text."""
_NO_ASCII: Final = re.compile(r"[^\n -~]")
_ASTRAL: Final = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")


def json(document: Document, options: Options) -> str:  # noqa: ARG001 - a document looks the same everywhere
    """One JSON object after ``docs/report-schema.json``."""
    return json_text(document)


def json_text(value: msgspec.Struct) -> str:
    """JSON in ASCII: what a terminal would obey, or show in another order, is escaped inside its string."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
    return _NO_ASCII.sub(lambda match: stdlib_json.dumps(match.group())[1:-1], text)


def yaml(document: Document, options: Options) -> str:  # noqa: ARG001 - a document looks the same everywhere
    """The same object as YAML 1.1 and 1.2 alike; what a terminal would obey stands escaped in double quotes.

    Written here because the shape is plain (text, numbers, lists, objects) and ten thousand containers take PyYAML
    over half a minute with libyaml, this two seconds. Tests read it back with PyYAML.
    """
    return "\n".join(block(msgspec.to_builtins(document))) + "\n"


def block(value: Any, indent: str = "") -> Iterator[str]:
    """An object or a list of objects as lines of YAML, each behind the indent. Keys are short, as YAML asks."""
    if isinstance(value, dict):
        for key, item in value.items():
            if _inline(item):
                yield f"{indent}{_text(key)}: {_flow(item)}"
            else:
                yield f"{indent}{_text(key)}:"
                yield from block(item, f"{indent}  ")
        return
    for item in value:
        if _inline(item):
            yield f"{indent}- {_flow(item)}"
            continue
        first, *rest = block(item, f"{indent}  ")
        yield f"{indent}- {first[len(indent) + 2 :]}"
        yield from rest


def _inline(value: Any) -> bool:
    """Whether a value stands on the line of its key: scalars, empty things, lists of scalars."""
    if isinstance(value, dict):
        return not value
    return not isinstance(value, list | tuple) or not any(isinstance(item, dict | list | tuple) for item in value)


def _flow(value: Any) -> str:
    match value:
        case str():
            return _text(value)
        case bool() | None:
            return stdlib_json.dumps(value)
        case dict():
            return "{}"
        case list() | tuple():
            return f"[{', '.join(map(_flow, value))}]"
        case float() if "e" in (digits := repr(value)) and "." not in digits:
            return digits.replace("e", ".0e")  # YAML 1.1 takes 1e-05 for text
    return repr(value)


@lru_cache(maxsize=65536)
def _text(text: str) -> str:
    """A string without quotes where every YAML reads it back as the same text, else in JSON's quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    # JSON escapes what lies beyond 16 bits as two halves, YAML as one
    return _ASTRAL.sub(_as_one, stdlib_json.dumps(text))


def _as_one(pair: re.Match[str]) -> str:
    quoted = f'"{pair.group()}"'
    return f"\\U{ord(stdlib_json.loads(quoted)):08x}"
