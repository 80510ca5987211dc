"""Answers of an API server to a thread that another may stop: whole pages of a list, or a watch line by line."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any, Final

from vpa_inplace.domain.errors import SourceConfused, SourceUnavailable
from vpa_inplace.observe.kubernetes.client import Forbidden, Gone, HttpAnswer, KubeClient, NotFound
from vpa_inplace.observe.kubernetes.wire import Wire

LONGEST_LINE: Final = 64 * 2**20  # bytes; etcd takes objects of 1.5 MB, which grow a little as JSON
LONGEST_WAIT: Final = 300.0  # seconds; whoever asks for more has not thought of us
_READ: Final = 64 * 1024  # bytes

Query = Mapping[str, str | int]


class TryLater(SourceUnavailable):
    """The server is too busy, and says for how long."""

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after  # seconds


class Cut(SourceUnavailable):
    """An answer that had begun broke off."""


class Silent(Cut):
    """Not a byte came for longer than one should wait."""


class Stream:
    """One client's answers over one wire; see KubeClient for what both methods raise, and TryLater."""

    def __init__(self, client: KubeClient, wire: Wire) -> None:
        self._client, self._wire = client, wire

    def body(self, path: str, query: Query) -> bytes:
        """The whole answer."""
        with self._wire.in_use(), self._client.worded_losses():
            response = self._accepted(path, query, None)
            data: bytes = response.read()
            return data

    def lines(self, path: str, query: Query, silence: float) -> Generator[bytes]:
        """The lines of an answer as they come; the first element, before any line, is empty: the server has said 200.

        Ends where the server ends the answer properly. Raises Silent after ``silence`` seconds without a byte, and Cut
        where the answer breaks off, between lines or within one; all whole lines have been given then.
        """
        with self._wire.in_use():
            response = self._begun(path, query, silence)
            try:
                yield b""
                yield from self._read(response, path, silence)
            finally:
                response.close()  # what was not read to its end cannot be used again

    def _begun(self, path: str, query: Query, silence: float) -> Any:
        from urllib3.exceptions import ReadTimeoutError

        try:
            with self._client.worded_losses():
                return self._accepted(path, query, silence).response
        except SourceUnavailable as error:
            if isinstance(error.__cause__, ReadTimeoutError):
                message = f"kubernetes {self._client.server} did not begin to answer within {silence:g} s"
                raise SourceUnavailable(message) from error
            raise

    def _read(self, response: Any, path: str, silence: float) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        try:
            yield from _lines(_pieces(response))
        except ReadTimeoutError as error:
            raise Silent(f"kubernetes {self._client.server}: not a byte of {path} in {silence:g} s") from error
        except HTTPError as error:
            raise Cut(f"kubernetes {self._client.server} broke off its answer to {path}: {error}") from error

    def _accepted(self, path: str, query: Query, silence: float | None) -> Any:
        """The answer, if it is none of refusal."""
        response = self._client.opened("GET", path, query, silence=silence)
        if response.status < 400:
            return response
        answer = HttpAnswer(response.status, response.read(), response.getheader("Retry-After"))
        try:
            self._client.refuse("GET", path, answer)
        except (Forbidden, NotFound, Gone):
            raise
        except SourceUnavailable as error:
            if (after := _seconds(answer.retry_after)) is not None:
                raise TryLater(str(error), after) from error
            raise
        raise AssertionError("refuse raises for every status of 400 or more")


def _seconds(header: str | None) -> float | None:
    """Of a Retry-After; API servers say seconds, never a date."""
    return min(float(header), LONGEST_WAIT) if header is not None and header.strip().isdecimal() else None


def _pieces(response: Any) -> Iterator[bytes]:
    """What has come, as soon as it has: an API server sends each event as a chunk, an old proxy may not chunk at all."""
    if response.chunked:
        yield from response.read_chunked()
        return
    while piece := response.read1(_READ):
        yield piece


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            line = b"".join((*begun, end))
            begun.clear()
            if line:
                yield line
        begun.append(rest)
        size = len(rest) if ends else size + len(rest)
        if size > LONGEST_LINE:
            raise SourceConfused(f"a line of over {LONGEST_LINE} bytes: this is no watch")
    if any(begun):
        raise Cut("the answer ended in the middle of an event")
