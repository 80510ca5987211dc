"""Lines of the log: what they say, in both forms, and what they never say."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drive.status.scenes import a_decision
from tests.drive.status.test_status import STALE, a_verdict
from tests.drive.test_metrics_page import block
from tests.support.builders import NOON
from vpa_inplace.drive.logs import CHATTY, FIELDS, FORMATTERS, JsonLines, Logfmt, LogFormat, clean, set_up, tell
from vpa_inplace.journal import Entry, news

AT = datetime(2026, 3, 2, 12, 0, 0, 512_000, tzinfo=UTC)
HELD = Entry(
    at=NOON,
    event="held",
    workload="prod/shop/Deployment/web",
    pod="web-1",
    intent="shrink",
    reason="StaleUsage",
    message="newest cpu usage of app is 1 h old, more than 15 min",
    changes=("app cpu request 500m -> 200m",),
)


def a_record(message: str, *args: object, level: int = logging.INFO, fields=None, exc_info=None) -> logging.LogRecord:
    record = logging.LogRecord("vpa_inplace.decision", level, __file__, 1, message, args, exc_info)
    record.created = AT.timestamp()
    if fields is not None:
        setattr(record, FIELDS, fields)
    return record


class Kept(logging.Handler):
    """Records as they come, at the test's time."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        record.created = AT.timestamp()
        self.records.append(record)


def records_of(*entries: Entry) -> list[logging.LogRecord]:
    log, kept = logging.Logger("vpa_inplace.decision"), Kept()  # noqa: LOG001 - nobody else is to hear it
    log.addHandler(kept)
    tell(entries, log)
    return kept.records


def logfmt(record: logging.LogRecord) -> dict[str, str]:
    """A reader of key=value lines that is not the writer turned round."""
    line, found, at = Logfmt().format(record), {}, 0
    while at < len(line):
        key, _, rest = line[at:].partition("=")
        if rest.startswith('"'):
            value, used = json.JSONDecoder().raw_decode(rest)
        else:
            value = rest.partition(" ")[0]
            used = len(value)
        found[key] = value
        at += len(key) + 1 + used + 1
    return found


# ------------------------------------------------------------------------------------------------------------ entries


def test_an_entry_as_key_and_value_is_as_the_page_shows_it():
    (record,) = records_of(HELD)
    assert Logfmt().format(record) == block("text").strip()


def test_an_entry_as_json():
    (record,) = records_of(HELD)
    assert json.loads(JsonLines().format(record)) == {
        "time": "2026-03-02T12:00:00.512Z",
        "level": "info",
        "logger": "vpa_inplace.decision",
        "event": "held",
        "workload": "prod/shop/Deployment/web",
        "pod": "web-1",
        "intent": "shrink",
        "reason": "StaleUsage",
        "changes": ["app cpu request 500m -> 200m"],
        "message": "newest cpu usage of app is 1 h old, more than 15 min",
    }


@pytest.mark.parametrize("form", LogFormat)
def test_what_an_entry_does_not_say_is_not_in_its_line(form: LogFormat):
    (record,) = records_of(Entry(at=NOON, event="moved", workload="prod/shop/Deployment/web"))
    line = FORMATTERS[form]().format(record)
    assert "pod" not in line
    assert "message" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("event", "reason", "level"),
    [
        pytest.param("held", "StaleUsage", "INFO", id="a-hold"),
        pytest.param("moved", "", "INFO", id="a-move"),
        pytest.param("ended", "Settled", "INFO", id="a-good-end"),
        pytest.param("ended", "Reverted", "WARNING", id="an-undo"),
    ],
)
def test_levels(event: str, reason: str, level: str):
    (record,) = records_of(Entry(at=NOON, event=event, workload="w", reason=reason))
    assert record.levelname == level


def test_a_change_of_mind_is_one_line_and_no_change_is_none():
    first = news(a_decision(verdicts=(a_verdict(STALE),)), {})
    again = news(a_decision(verdicts=(a_verdict(STALE),)), first.held)
    assert [len(records_of(*of.entries)) for of in (first, again)] == [1, 0]


def test_a_per_cent_sign_in_a_message_is_one():
    """Messages of guards say 90 %; they are no templates."""
    (record,) = records_of(Entry(at=NOON, event="held", workload="w", message="80% of samples exist, %s"))
    assert logfmt(record)["message"] == "80% of samples exist, %s"


# -------------------------------------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("web-1", "web-1", id="word"),
        pytest.param("prod/shop/Deployment/web", "prod/shop/Deployment/web", id="key"),
        pytest.param("two words", '"two words"', id="space"),
        pytest.param("", '""', id="empty"),
        pytest.param("a=b", '"a=b"', id="equals"),
        pytest.param('say "no"', r'"say \"no\""', id="quotes"),
        pytest.param("a\nlevel=error", r'"a\nlevel=error"', id="no-line-of-its-own"),
        pytest.param("a\x1b[31m", r'"a\u001b[31m"', id="no-terminal-escapes"),
        pytest.param("C:\\x", r'"C:\\x"', id="backslash"),
        pytest.param("größe", "größe", id="not-ascii"),
        pytest.param("half \ud800", r'"half \\ud800"', id="half-a-character"),
        pytest.param(3, "3", id="number"),
        pytest.param(2.5, "2.5", id="fraction"),
        pytest.param(True, "true", id="yes"),
        pytest.param(("a", "b"), '"a; b"', id="several"),
    ],
)
def test_values(value: object, written: str):
    line = Logfmt().format(a_record("", fields={"key": value}))
    assert line == f"time=2026-03-02T12:00:00.512Z level=info logger=vpa_inplace.decision key={written}"


@given(st.text())
def test_any_text_is_one_line_and_can_be_read_back(text: str):
    record = a_record("%s", text, fields={"pod": text})
    for form in FORMATTERS.values():
        line = form().format(record)
        assert "\n" not in line
        assert "\r" not in line
        line.encode()
    expected = clean(text)
    assert logfmt(record)["pod"] == expected
    assert json.loads(JsonLines().format(record)).get("message", "") == expected


def test_a_field_cannot_pass_for_the_level_or_the_time():
    line = json.loads(JsonLines().format(a_record("x", level=logging.ERROR, fields={"level": "info", "time": "now"})))
    assert (line["level"], line["time"]) == ("error", "2026-03-02T12:00:00.512Z")


def test_an_error_carries_its_name_and_its_traceback():
    try:
        raise ValueError("a bug of ours")
    except ValueError as error:
        record = a_record("tick failed", level=logging.ERROR, exc_info=(ValueError, error, error.__traceback__))
    found = logfmt(record)
    assert found["error"] == "ValueError: a bug of ours"
    assert found["traceback"].startswith("Traceback (most recent call last):\n")
    assert json.loads(JsonLines().format(record))["traceback"] == found["traceback"]


# ------------------------------------------------------------------------------------------------------------ secrets

TOKEN = "eyJhbGciOiJSUzI1NiIs.eyJpc3MiOiJrdWJlcm5ldGVz.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        pytest.param("no answer from http://ann:hunter2@prom:9090/api", "hunter2", id="password-in-a-url"),
        pytest.param(f"headers {{'Authorization': 'Bearer {TOKEN}'}}", TOKEN, id="bearer"),
        pytest.param("Authorization: Basic YW5uOmh1bnRlcjItaHVudGVyMg==", "YW5uOmh1bnRlcjItaHVudGVyMg", id="basic"),
        pytest.param(f"cannot read {TOKEN}", TOKEN, id="token-alone"),
        pytest.param("refused: ?access_token=s3cr3t&x=1", "s3cr3t", id="query"),
        pytest.param('{"password": "hunter2", "x": 1}', "hunter2", id="json"),
        pytest.param("API-KEY=s3cr3t", "s3cr3t", id="environment"),
    ],
)
@pytest.mark.parametrize("form", LogFormat)
def test_secrets_of_others_are_blotted_out(form: LogFormat, said: str, secret: str):
    try:
        raise ValueError(said)
    except ValueError as error:
        record = a_record(
            "%s", said, fields={"a": said, "b": [said]}, exc_info=(ValueError, error, error.__traceback__)
        )
    line = FORMATTERS[form]().format(record)
    # the source line of the raise names a variable, not the text
    assert secret not in line
    assert line.count("***") == 5  # message, field, list, error, traceback


@pytest.mark.parametrize(
    "said",
    [
        "newest cpu usage of app is 1 h old, more than 15 min",
        "no answer from http://prom:9090/api/v1/query: basic authentication failed",
        "bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token is unreadable",
        'secrets "x" is forbidden: User "system:serviceaccount:ops:vpa" cannot get resource "secrets"',
    ],
)
def test_plain_words_stay(said: str):
    assert clean(said) == said


# ------------------------------------------------------------------------------------------------------------- set up


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger and the chatty ones, put back as they were."""
    root = logging.getLogger()
    kept = [(log, log.level) for log in (root, *map(logging.getLogger, CHATTY))]
    handlers = list(root.handlers)
    yield root
    root.handlers[:] = handlers
    for log, level in kept:
        log.setLevel(level)


def test_all_logs_of_the_process_take_the_form(root: logging.Logger):
    stream = io.StringIO()
    set_up(LogFormat.JSON, stream=stream)
    logging.getLogger("somebody.else").warning("watching %s", "pods")
    logging.getLogger("somebody.else").debug("not at this level")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) | {"time": ""} == {
        "time": "",
        "level": "warning",
        "logger": "somebody.else",
        "message": "watching pods",
    }


def test_set_up_again_takes_the_place_of_before(root: logging.Logger):
    first, second = io.StringIO(), io.StringIO()
    set_up(stream=first)
    set_up(stream=second)
    logging.getLogger("x").info("once")
    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)


def test_libraries_that_log_headers_stay_quiet_at_every_level(root: logging.Logger):
    stream = io.StringIO()
    set_up(level="debug", stream=stream)
    logging.getLogger("urllib3.connectionpool").debug("GET / with headers")
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("kubernetes.client.rest").debug("response body: ...")
    logging.getLogger("vpa_inplace.x").debug("ours")
    assert [line.rpartition("=")[2] for line in stream.getvalue().splitlines()] == ["ours"]
    logging.getLogger("urllib3").warning("still heard")
    assert "still heard" in stream.getvalue()
