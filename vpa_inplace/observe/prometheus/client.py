"""Talking to a Prometheus: connection and small queries through prometheus-api-client, ranges through its session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.exceptions import ReadTimeoutError
from urllib3.util.retry import Retry

from vpa_inplace.domain.errors import SourceConfused, SourceRefused, SourceUnavailable, UsageError
from vpa_inplace.observe.prometheus.settings import PrometheusSettings

TOO_MUCH: Final = frozenset({422, 502, 503, 504})
"""Answers to a query that is too large or a server that is overloaded: asking for less may help."""
SHOWN: Final = 200  # characters of a server's answer worth repeating
PAUSES: Final = (1.0, 3.0)  # seconds before a busy server (429, 503) is asked again


class TooMuch(SourceUnavailable):
    """The server could not answer a query of this size in time."""


class Busy(TooMuch):
    """The server asks to be left alone for a moment."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of an instant query."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a range query."""

    labels: dict[str, str]
    times: npt.NDArray[np.float64]  # [k] epoch seconds
    values: npt.NDArray[np.float64]  # [k]


class _Matrix(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, float]] = msgspec.field(default_factory=list)


class _WordyMatrix(msgspec.Struct):
    """The same with numbers as text: the quick decoder knows "NaN", but not "+Inf"."""

    metric: dict[str, str]
    values: list[tuple[float, str]] = msgspec.field(default_factory=list)


Row = TypeVar("Row")
T = TypeVar("T")


class _Data(msgspec.Struct, Generic[Row], rename="camel"):
    result_type: str
    result: list[Row]


class _Envelope(msgspec.Struct, Generic[Row]):
    status: str
    data: _Data[Row] | None = None
    error: str = ""


_DECODER = msgspec.json.Decoder(_Envelope[_Matrix], strict=False)
_WORDY_DECODER = msgspec.json.Decoder(_Envelope[_WordyMatrix], strict=False)


class PromClient:
    """A connection. Raises SourceUnavailable (TooMuch among them), SourceRefused and SourceConfused."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self.settings = settings
        session = requests.Session()
        session.headers.update(settings.request_headers())
        session.auth = settings.basic_auth
        session.trust_env = settings.basic_auth is None and "Authorization" not in session.headers
        session.verify = str(settings.ca_file) if settings.ca_file else not settings.insecure
        session.hooks["response"].append(self._refuse)
        self._session = session
        self._timeout = (settings.connect_timeout.total_seconds(), settings.read_timeout.total_seconds())
        # connection errors are ours to word, and repeating is decided per query
        self._connect = PrometheusConnect(
            url=settings.base, session=session, retry=Retry(total=0, read=False), timeout=self._timeout
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def instant(self, query: str, at: float | None = None) -> list[Sample]:
        """The value of each series at ``at`` (epoch seconds; the settings' moment or the server's now without)."""
        if at is None and self.settings.at is not None:
            at = self.settings.at.timestamp()
        return self._vector(query, {} if at is None else {"time": f"{at:.3f}"})

    def _vector(self, query: str, params: dict[str, str]) -> list[Sample]:
        rows = self._patiently(lambda: self._connect.custom_query(query, params=params))
        try:
            return [Sample(row["metric"], float(row["value"][1])) for row in rows]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise SourceConfused(f"{self._where}: an answer that is no vector; is this a Prometheus API?") from error

    def range(self, query: str, start: float, end: float, step: int) -> list[Series]:
        """Every series between two evaluation times, both included.

        Raises:
            TooMuch: the server could not; ask for less.
        """
        form = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": str(step)}
        url = f"{self.settings.base}/api/v1/query_range"
        # verify is passed each time: left out, requests prefers REQUESTS_CA_BUNDLE to the session's own CA
        verify = self._session.verify
        body = self._patiently(lambda: self._session.post(url, data=form, timeout=self._timeout, verify=verify).content)
        return list(self._decoded(body))

    def now(self) -> float:
        """The server's clock, or the moment of the settings: the only ``now`` that observations use."""
        if self.settings.at is not None:
            return self.settings.at.timestamp()
        return self.server_time()

    def server_time(self) -> float:
        """The server's clock in epoch seconds."""
        samples = self._vector("vector(time())", {})
        if not samples:
            raise self._not_prometheus("it does not know the time")
        return samples[0].value

    def existing(self, metrics: Iterable[str], at: float | None = None) -> set[str]:
        """Which of these metrics have any series at the moment looked at."""
        names = list(metrics)
        pattern = "|".join(names)  # metric names have no special characters
        found = self.instant(f'count by (__name__) ({{__name__=~"{pattern}"}})', at)
        return {sample.labels["__name__"] for sample in found} & set(names)

    def status(self, what: str) -> dict[str, str]:
        """``buildinfo``, ``flags`` or ``runtimeinfo``; empty where the server (Thanos, Mimir...) has no such page."""
        try:
            url = f"{self.settings.base}/api/v1/status/{what}"
            response = self._session.get(url, timeout=self._timeout, verify=self._session.verify)
            return {str(k): str(v) for k, v in response.json().get("data", {}).items()}
        except (requests.RequestException, ValueError, AttributeError, SourceConfused):
            return {}

    @property
    def _where(self) -> str:
        return f"prometheus {self.settings.shown}"

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask, and ask a busy server again after a pause."""
        for pause in PAUSES:
            try:
                return self._worded(ask)
            except Busy:
                time.sleep(pause)
        return self._worded(ask)

    def _worded(self, ask: Callable[[], T]) -> T:
        """Ask; whatever goes wrong is said in our words."""
        try:
            return ask()
        except requests.exceptions.SSLError as error:
            raise SourceUnavailable(f"{self._where}: TLS: {_short(error)}; give its CA, or --insecure") from error
        except requests.exceptions.ReadTimeout as error:
            raise TooMuch(f"{self._where}: no answer within {self._timeout[1]:g} s") from error
        except requests.exceptions.ConnectTimeout as error:
            raise SourceUnavailable(f"{self._where}: no connection within {self._timeout[0]:g} s") from error
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
            raise SourceUnavailable(f"{self._where}: the answer broke off; try again") from error
        except requests.exceptions.ConnectionError as error:
            # silent in the middle of an answer
            if any(isinstance(inner, ReadTimeoutError) for inner in _nested(error)):
                raise TooMuch(f"{self._where}: no answer within {self._timeout[1]:g} s") from error
            message = f"{self._where} cannot be reached: {_short(error)}; is the address right and the server up?"
            raise SourceUnavailable(message) from error
        except requests.exceptions.InvalidHeader:
            # its words repeat the value, which is a secret
            message = f"{self._where}: the token or a header holds a line end or a leading blank; write it on one line"
            raise UsageError(message) from None
        except (ValueError, KeyError, TypeError) as error:
            raise self._not_prometheus(str(error)) from error
        except PrometheusApiClientException as error:
            raise SourceUnavailable(f"{self._where}: {_short(error)}") from error

    def _refuse(self, response: requests.Response, *_: object, **__: object) -> None:
        """Word every answer that is none, for small queries and ranges alike."""
        try:
            # read here: an answer that breaks off must give its connection back
            self._check(response, response.content)
        except Exception:
            response.close()
            raise

    def _check(self, response: requests.Response, body: bytes) -> None:
        status = response.status_code
        if status in {401, 403}:
            what = "credentials are missing or wrong" if status == 401 else "these credentials may not query"
            raise SourceRefused(f"{self._where} answered {status}: {what}; check the token, user or headers")
        if status in {429, 503}:
            raise Busy(f"{self._where} answered {status}: the server is busy; try again, or ask for fewer namespaces")
        if status in TOO_MUCH:
            raise TooMuch(f"{self._where} answered {status}: {_said(response)}")
        kind = response.headers.get("Content-Type", "")
        if "/api/v1/status/" in response.url:
            return
        if "json" not in kind:
            raise self._not_prometheus(f"{kind.split(';')[0] or 'no content type'}, status {status}, {len(body)} bytes")
        if status >= 400:
            raise SourceUnavailable(f"{self._where} answered {status}: {_said(response)}")

    def _not_prometheus(self, what: str) -> SourceConfused:
        return SourceConfused(
            f"{self._where} does not answer like a Prometheus API ({what}): a login page or another product? "
            "give the address that has /api/v1/query below it"
        )

    def _decoded(self, body: bytes) -> Iterator[Series]:
        try:
            try:
                envelope: Any = _DECODER.decode(body)
            except msgspec.ValidationError:
                envelope = _WORDY_DECODER.decode(body)
        except msgspec.DecodeError as error:
            raise self._not_prometheus(str(error)) from error
        if envelope.data is None or envelope.data.result_type != "matrix":
            raise self._not_prometheus(envelope.error or "no matrix")
        for row in envelope.data.result:
            points = np.array(row.values, np.float64).reshape(-1, 2)
            yield Series(row.metric, points[:, 0], points[:, 1])


def _said(response: requests.Response) -> str:
    try:
        return str(response.json()["error"])[:SHOWN]
    except (ValueError, KeyError, TypeError):
        return response.text[:SHOWN].strip() or "no reason given"


def _short(error: Exception) -> str:
    """The innermost reason of a nest of exceptions, in its own words."""
    reason: BaseException = error
    while (inner := getattr(reason, "reason", None) or reason.__cause__ or next(_nested(reason), None)) is not None:
        if not isinstance(inner, BaseException):
            break
        reason = inner
    text = str(reason)
    return text.rpartition(": ")[2][:SHOWN] if "object at 0x" in text else text[:SHOWN]


def _nested(error: BaseException) -> Iterator[BaseException]:
    return (arg for arg in error.args if isinstance(arg, BaseException))
