"""What the pages of a list and the lines of a watch say of one kind. One odd object does not spoil the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from vpa_inplace.domain.errors import SourceConfused, SourceUnavailable
from vpa_inplace.observe.kubernetes.client import Gone, Meta
from vpa_inplace.observe.kubernetes.kind import Kind
from vpa_inplace.observe.kubernetes.objects import Metadata
from vpa_inplace.observe.kubernetes.pods import Watched
from vpa_inplace.observe.kubernetes.store import Key, key_of

Item = TypeVar("Item", bound=Watched)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list."""

    items: list[Item]
    token: str  # for the next page; empty: this is the last
    version: str  # that the whole list has
    unreadable: dict[Key, str] = field(default_factory=dict)  # and why


@dataclass(frozen=True, slots=True)
class There(Generic[Item]):
    """An object is there, new or changed."""

    item: Item


@dataclass(frozen=True, slots=True)
class Odd:
    """An object is there, new or changed, and does not fit its kind."""

    key: Key
    why: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """An object is gone."""

    key: Key


@dataclass(frozen=True, slots=True)
class Nothing:
    """A bookmark: nothing else has happened."""


News = There[Item] | Odd | NotThere | Nothing


class Complaint(SourceUnavailable):
    """A watch told of an error, other than that its version is gone."""


class Reader(Generic[Item]):
    """Raises SourceConfused for what no Kubernetes API says."""

    def __init__(self, kind: Kind[Item], server: str) -> None:
        self._item = msgspec.json.Decoder(kind.item)
        page: Any = _Page[kind.item]  # type: ignore[name-defined]  # made here; no checker can know it
        self._page = msgspec.json.Decoder(page)
        self._where = f"kubernetes {server}, {kind.plural}"

    def page(self, body: bytes) -> Page[Item]:
        try:
            page: _Page[Item] = self._page.decode(body)
        except msgspec.ValidationError:
            return self._one_by_one(body)
        except msgspec.DecodeError as error:
            self._confused(error)
        return Page(page.items or [], page.metadata.continue_, self._listed(page.metadata))

    def event(self, line: bytes) -> tuple[News[Item], str]:
        """One line, and the version to go on from after it.

        Raises:
            Gone: the version that was asked for is gone.
            Complaint: some other error.
        """
        event = self._decoded(line, _Event)
        if event.type == "ERROR":
            status = self._decoded(event.object, _Status)
            said = f"{self._where}: the watch says {status.code} {status.message}"
            raise Gone(said) if status.code == 410 else Complaint(said)
        metadata = self._decoded(event.object, _Bare).metadata
        news: News[Item]
        match event.type:
            case "ADDED" | "MODIFIED":
                news = self._read(event.object, metadata)
            case "DELETED":
                news = NotThere(key_of(metadata))
            case "BOOKMARK":
                news = Nothing()
            case other:
                self._confused(ValueError(f"an event of type {other!r}"))
        return news, metadata.resource_version

    def _one_by_one(self, body: bytes) -> Page[Item]:
        """A page with some object that does not fit its kind."""
        page = self._decoded(body, _RawPage)
        read = [self._read(raw, self._decoded(raw, _Bare).metadata) for raw in page.items or ()]
        return Page(
            [news.item for news in read if isinstance(news, There)],
            page.metadata.continue_,
            self._listed(page.metadata),
            {news.key: news.why for news in read if isinstance(news, Odd)},
        )

    def _read(self, raw: msgspec.Raw, metadata: Metadata) -> There[Item] | Odd:
        try:
            return There(self._item.decode(raw))
        except msgspec.ValidationError as error:
            return Odd(key_of(metadata), str(error))

    def _listed(self, meta: Meta) -> str:
        return meta.resource_version or self._confused(ValueError("a list without a resourceVersion"))

    def _decoded(self, text: bytes | msgspec.Raw, kind: type[Shape]) -> Shape:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError as error:
            self._confused(error)

    def _confused(self, error: Exception) -> NoReturn:
        raise SourceConfused(f"{self._where}: the answer is no Kubernetes API's: {error}") from error


Shape = TypeVar("Shape", bound=msgspec.Struct)


class _Page(msgspec.Struct, Generic[Item]):
    items: list[Item] | None = None
    metadata: Meta = msgspec.field(default_factory=Meta)


class _RawPage(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: Meta = msgspec.field(default_factory=Meta)


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Bare(msgspec.Struct):
    metadata: Metadata


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""
