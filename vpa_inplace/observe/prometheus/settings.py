"""How a Prometheus is reached, and how much is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit, urlunsplit

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.history.history import DETAIL, HOURLY, STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSettings:
    """Address, credentials (never shown) and limits."""

    url: str = field(repr=False)  # may hold a password; ``shown`` does not
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    bearer_token_file: Path | None = None  # read at each connection: mounted tokens rotate
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    insecure: bool = False  # do not verify the certificate
    connect_timeout: timedelta = timedelta(seconds=5)
    read_timeout: timedelta = timedelta(seconds=60)
    # Compressing costs the server nine CPU seconds per 1,000 containers and saves two thirds of the bytes (measured):
    # within a cluster bytes are cheaper. "gzip" suits a slow line.
    accept_encoding: str = "identity"
    max_in_flight: int = 2  # more gains nothing and hurts a busy server
    step: int = STEP  # seconds
    detail: timedelta = timedelta(seconds=DETAIL)
    history: timedelta = timedelta(seconds=DETAIL)  # beyond ``detail`` hourly maxima are asked for, up to 35 days
    at: datetime | None = None  # the moment to look at; None: the server's now

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"prometheus url {self.shown!r}: write it like http://prometheus.monitoring:9090")
        if self.history > timedelta(seconds=HOURLY):
            raise UsageError(f"prometheus history {self.history.days} d: at most {HOURLY // 86400} d are kept")

    @property
    def base(self) -> str:
        """The address queries are appended to, credentials taken out of it."""
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, _host(self.url), parts.path.rstrip("/"), "", ""))

    @property
    def shown(self) -> str:
        """The address as it may be shown: without credentials and query."""
        return self.base

    @property
    def basic_auth(self) -> tuple[str, str] | None:
        parts = urlsplit(self.url)
        user = self.username or unquote(parts.username or "")
        # in an address @, : and / of a password are percent-encoded
        return (user, self.password or unquote(parts.password or "")) if user else None

    def request_headers(self) -> dict[str, str]:
        """Headers of every request, the bearer token among them.

        Raises:
            UsageError: the token file cannot be read.
        """
        token = self.bearer_token
        if token is None and self.bearer_token_file is not None:
            try:
                token = self.bearer_token_file.read_text().strip()
            except OSError as error:
                raise UsageError(f"prometheus bearer token file {self.bearer_token_file}: {error.strerror}") from error
        found = {"Accept-Encoding": self.accept_encoding, **self.headers}
        return found if token is None else {**found, "Authorization": f"Bearer {token}"}


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
