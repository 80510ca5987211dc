"""Lines on stderr: key=value for people and grep, or JSON for what collects them; one for each change of mind.

Nothing that is secret is ever passed to a log by us; what looks like a credential in other people's words, such as a URL
with a password in an error, is blotted out.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TextIO

import msgspec

from vpa_inplace.journal import Entry

Value = str | int | float | bool | Sequence[str]

FIELDS: Final = "fields"
"""Name in ``extra`` of what a line says beside its message: ``log.info("moved", extra={FIELDS: {"pod": "web-1"}})``."""
BLOT: Final = "***"
CHATTY: Final = ("apscheduler", "kubernetes", "requests", "urllib3")
"""They log each job and each request, at their lowest level with headers and bodies: no level of ours turns that on."""

_SECRETS: Final = (
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*@"), f"{BLOT}@"),  # a URL's user and password
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{16,}"), rf"\1 {BLOT}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), BLOT),  # a JSON web token: every one begins with {"
    (
        re.compile(r"(?i)\b([\w-]*(?:password|passwd|secret|token|api[_-]?key))([\"']?\s*[=:]\s*)[\"']?[^\s\"',;&]+"),
        rf"\1\2{BLOT}",
    ),
)
_PLAIN: Final = re.compile(r"[^\s\"=\\\x00-\x1f\x7f]+")
_log = logging.getLogger("vpa_inplace.decision")


class LogFormat(StrEnum):
    LOGFMT = "logfmt"  # key=value, as Prometheus and Grafana call it
    JSON = "json"


class Logfmt(logging.Formatter):
    """``time=2026-03-02T12:00:00.000Z level=info logger=vpa_inplace.decision event=held pod=web-1 message="..."``."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in said(record).items())


class JsonLines(logging.Formatter):
    """The same as an object a line; lists stay lists."""

    def format(self, record: logging.LogRecord) -> str:
        return msgspec.json.encode(said(record)).decode()


FORMATTERS: Final[Mapping[LogFormat, type[logging.Formatter]]] = {LogFormat.LOGFMT: Logfmt, LogFormat.JSON: JsonLines}


def set_up(form: LogFormat = LogFormat.LOGFMT, *, level: str = "INFO", stream: TextIO | None = None) -> logging.Handler:
    """Send all logs of the process to ``stream`` (stderr), in this form; called again, in place of before."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(FORMATTERS[form]())
    handler.set_name("vpa-inplace")
    root = logging.getLogger()
    for before in [known for known in root.handlers if known.get_name() == handler.get_name()]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    return handler


def tell(entries: Iterable[Entry], log: logging.Logger = _log) -> None:
    """A line for each entry of a tick's news; an undo is a warning."""
    for entry in entries:
        level = logging.WARNING if (entry.event, entry.reason) == ("ended", "Reverted") else logging.INFO
        log.log(level, "%s", entry.message, extra={FIELDS: fields_of(entry)})


def fields_of(entry: Entry) -> dict[str, Value]:
    """What an entry says beside its message; what it does not say is left out."""
    said: dict[str, Value] = {
        "event": entry.event,
        "workload": entry.workload,
        "pod": entry.pod,
        "intent": entry.intent,
        "reason": entry.reason,
        "changes": entry.changes,
    }
    return {key: value for key, value in said.items() if value}


def said(record: logging.LogRecord) -> dict[str, Value]:
    """Everything that a line says, in its order, and without secrets."""
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    pairs: dict[str, Value] = {"time": time, "level": record.levelname.lower(), "logger": record.name}
    pairs |= {key: _clean(value) for key, value in getattr(record, FIELDS, {}).items() if key not in pairs}
    if message := record.getMessage():
        pairs["message"] = clean(message)
    if record.exc_info and record.exc_info[0] is not None:
        pairs["error"] = clean(f"{record.exc_info[0].__name__}: {record.exc_info[1]}")
        pairs["traceback"] = clean(logging.Formatter().formatException(record.exc_info))
    return pairs


def clean(text: str) -> str:
    """Without what looks like a credential, and without halves of characters, which no encoding can write."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text.encode("utf-8", "backslashreplace").decode()


def _clean(value: Value) -> Value:
    if isinstance(value, str):
        return clean(value)
    return value if isinstance(value, int | float) else [clean(part) for part in value]


def _quoted(value: Value) -> str:
    """A word as it is; everything else in quotes, on one line."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            text = value
        case _:
            text = "; ".join(value)
    return text if _PLAIN.fullmatch(text) else msgspec.json.encode(text).decode()
