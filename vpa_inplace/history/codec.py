"""A history as bytes: numpy's own archive format, nothing that could run when it is read."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import fields
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.errors import FileRefused
from vpa_inplace.domain.keys import ContainerKey, Index
from vpa_inplace.history.history import HOUR, History

SCHEMA: Final = "vpa-inplace.history"
VERSION: Final = 1
ARRAYS: Final = {"usage": np.float32, "censored": np.bool_, "hourly": np.float32, "born": np.int64}
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,  # an archive that says it is encrypted, or packed in a way that zipfile does not know
    ValueError,  # of numpy, msgspec and Index: headers, objects, JSON, the same row twice
    TypeError,  # an array that is no archive
    KeyError,
    MemoryError,  # a header whose shape is nonsense
    OverflowError,
)


class _Manifest(msgspec.Struct, kw_only=True):
    schema: str
    version: int
    start: int = 0
    step: int = 1
    hour_start: int = 0
    rows: list[ContainerKey] = []


def dump(history: History, file: BinaryIO) -> None:
    """Write a history; a checksum of every part is in the archive."""
    manifest = _Manifest(
        schema=SCHEMA,
        version=VERSION,
        start=history.start,
        step=history.step,
        hour_start=history.hour_start,
        rows=list(history.rows),
    )
    body = np.frombuffer(msgspec.json.encode(manifest), np.uint8)
    np.savez(file, manifest=body, **{name: getattr(history, name) for name in ARRAYS})


def load(file: BinaryIO) -> History:
    """Read what :func:`dump` wrote.

    Raises:
        FileRefused: torn, foreign, or of a newer version; the message has no file name, the caller knows it.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            manifest = _manifest(archive)
            arrays = {name: archive[name] for name in ARRAYS}
        rows = Index(tuple(manifest.rows))
    except _UNREADABLE as error:
        raise FileRefused(f"is torn or no history of vpa-inplace ({_short(error)})") from error
    _check(manifest, arrays)
    return History(
        rows=rows,
        start=manifest.start,
        step=manifest.step,
        hour_start=manifest.hour_start,
        **arrays,
    )


def _manifest(archive: Any) -> _Manifest:
    manifest = msgspec.json.decode(archive["manifest"].tobytes(), type=_Manifest)
    if manifest.schema != SCHEMA:
        raise ValueError(f"schema {manifest.schema!r}")
    if manifest.version > VERSION:
        raise FileRefused(f"has version {manifest.version}, this program reads up to {VERSION}")
    return manifest


def _check(manifest: _Manifest, arrays: dict[str, npt.NDArray[Any]]) -> None:
    n = len(manifest.rows)
    usage, hourly = arrays["usage"], arrays["hourly"]
    shapes = {"usage": (2, n, *usage.shape[2:3]), "hourly": (2, n, *hourly.shape[2:3]), "born": (2, n)}
    shapes["censored"] = shapes["usage"]
    odd = [name for name, kind in ARRAYS.items() if arrays[name].shape != shapes[name] or arrays[name].dtype != kind]
    whole = manifest.step > 0 and HOUR % manifest.step == 0 and manifest.start % manifest.step == 0
    if odd or usage.ndim != 3 or hourly.ndim != 3 or not whole or manifest.hour_start % HOUR:
        raise FileRefused(f"does not fit together ({', '.join(odd) or 'start and step'})")


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__


assert {*ARRAYS, "rows", "start", "step", "hour_start"} == {field.name for field in fields(History)}, (
    "a field is not saved"
)
