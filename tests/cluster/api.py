"""The Kubernetes API as it is: a method, a path, a body, and whatever the server said, status and all.

The tests that use it are about exact answers, so nothing is modelled and nothing is retried.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.cluster.pki import Pair

JSON = "application/json"
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
TIMEOUT = 60.0
POLL = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: a status code and a JSON object (a Status for errors)."""

    code: int
    body: Any

    @property
    def causes(self) -> list[dict[str, str]]:
        return (self.body.get("details") or {}).get("causes") or []

    def expect(self, *codes: int) -> Any:
        """The body, if the code is one of these (200 or 201 unless told)."""
        assert self.code in (codes or (200, 201)), f"{self.code}: {self.body}"
        return self.body


class Api:
    """One user's connection: by client certificate, or by bearer token."""

    def __init__(self, url: str, ca: Path, *, pair: Pair | None = None, token: str | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine's has no business on loopback
        self._session.verify = str(ca)
        if pair is not None:
            self._session.cert = (str(pair.certificate), str(pair.key))
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, kind: str = JSON) -> Answer:
        headers = {"Content-Type": kind, "Accept": JSON}
        sent = None if body is None else json.dumps(body)
        got = self._session.request(method, self.url + path, data=sent, headers=headers, timeout=TIMEOUT)
        try:
            return Answer(got.status_code, got.json())
        except ValueError:
            return Answer(got.status_code, {"message": got.text})

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def create(self, path: str, body: Any) -> Answer:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any, kind: str = STRATEGIC) -> Answer:
        return self.call("PATCH", path, body, kind)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def ready(self) -> bool:
        """Whether the server says so itself; an error on the way is an OSError."""
        return self._session.get(f"{self.url}/readyz", timeout=2).status_code == requests.codes.ok


def until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """The first true value of a condition, asked every 20 ms; AssertionError names what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(POLL)
