"""A bounded log of entries: JSON lines in segments, the oldest of which goes when the disk's share is used up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.journal.entries import Entry

SEGMENT: Final = 4 << 20  # bytes
LIMIT: Final = 64 << 20  # bytes: about 200,000 entries


class Journal:
    """Entries in a folder, in the order of their writing. One writer; any number of readers, also while it writes."""

    def __init__(self, folder: Path, *, limit: int = LIMIT, segment: int = SEGMENT) -> None:
        self.folder = folder
        self._limit, self._segment = limit, segment

    def append(self, entries: Iterable[Entry]) -> None:
        """Write entries down; whole lines, so that a reader and a crash see at most one torn line, the last.

        Raises:
            UsageError: the folder cannot be made or written to.
        """
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        if not lines:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._open().open("ab") as file:
                if file.tell() and not self._ends_whole(Path(file.name)):
                    file.write(b"\n")  # a crash has torn the last line: the next one is not to be lost with it
                file.write(lines)
        except OSError as error:
            raise UsageError(f"the journal in {self.folder} cannot be written: {error.strerror}") from error
        self._forget()

    def entries(
        self, *, workload: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Entry]:
        """Entries of a time, oldest first; ``workload`` as it stands in them. Torn and foreign lines are passed over."""
        decoder = msgspec.json.Decoder(Entry)
        for path in self._segments():
            with path.open("rb") as file:
                for line in file:
                    try:
                        entry = decoder.decode(line)
                    except msgspec.DecodeError:
                        continue
                    early = since is not None and entry.at < since
                    late = until is not None and entry.at > until
                    if not (early or late) and workload in {"", entry.workload}:
                        yield entry

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob("journal-*.jsonl"))

    def _open(self) -> Path:
        """The segment to write to: the newest, or a new one after it."""
        segments = self._segments()
        if not segments:
            return self._named(1)
        last = segments[-1]
        if last.stat().st_size < self._segment:
            return last
        return self._named(int(last.stem.rpartition("-")[2]) + 1)

    def _named(self, number: int) -> Path:
        return self.folder / f"journal-{number:08d}.jsonl"

    def _forget(self) -> None:
        segments = self._segments()
        sizes = [path.stat().st_size for path in segments]
        while sum(sizes) > self._limit and len(segments) > 1:
            segments.pop(0).unlink()
            sizes.pop(0)

    @staticmethod
    def _ends_whole(path: Path) -> bool:
        with path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) == b"\n"
