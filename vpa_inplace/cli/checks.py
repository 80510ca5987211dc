"""What a doctor's check is, and how a list of them reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vpa_inplace.report.text import sentence

SCHEMA: Final = "vpa-inplace.doctor/v1"


class State(StrEnum):
    OK = "ok"
    WARN = "warn"  # works, but not as well as it could
    FAIL = "fail"  # nothing can be recommended before this is mended


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``todo`` is what to do about it; empty where nothing is to be done."""

    name: str
    state: State
    message: str
    todo: str = ""


def ok(name: str, message: str) -> Check:
    return Check(name, State.OK, message)


def warn(name: str, message: str, todo: str) -> Check:
    return Check(name, State.WARN, message, todo)


def fail(name: str, message: str, todo: str) -> Check:
    return Check(name, State.FAIL, message, todo)


def healthy(checks: Iterable[Check]) -> bool:
    return all(check.state is not State.FAIL for check in checks)


def as_text(checks: Sequence[Check], *, color: bool, quiet: bool) -> str:
    """One line each, then their number; ``quiet``: only those about which something is to be done."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        if quiet and check.state is State.OK:
            continue
        todo = f"; {check.todo}" if check.todo else ""
        lines.append(f"{_painted(check.state, color)}  {check.name:{width}}  {sentence(check.message + todo)}")
    number = {state: sum(check.state is state for check in checks) for state in State}
    return "\n".join([*lines, ", ".join(f"{n} {state}" for state, n in number.items() if n)]) + "\n"


def as_json(checks: Sequence[Check]) -> str:
    found = [
        {"name": check.name, "state": str(check.state), "message": check.message, "todo": check.todo}
        for check in checks
    ]
    return json.dumps({"schema": SCHEMA, "healthy": healthy(checks), "checks": found}, indent=2) + "\n"


def _painted(state: State, color: bool) -> str:
    text = f"{state:4}"
    shade = {State.OK: 32, State.WARN: 33, State.FAIL: 31}[state]  # green, yellow, red
    return f"\x1b[{shade}m{text}\x1b[0m" if color else text
