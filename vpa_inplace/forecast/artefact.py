"""A trained model as bytes: node arrays in numpy's archive format and a card in JSON. Nothing in it can run."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.errors import FileRefused
from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.model import Model
from vpa_inplace.forecast.past import REVISION
from vpa_inplace.forecast.trees import LEAVES, Trees

SCHEMA: Final = "vpa-inplace.trees"
VERSION: Final = 1
ARRAYS: Final = {
    "start": np.float32,
    "model": np.int32,
    "nodes": np.int32,
    "feature": np.int32,
    "threshold": np.float32,
    "crossed": np.uint32,
    "leaf": np.float32,
}
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    MemoryError,
    OverflowError,
)


class Card(msgspec.Struct, kw_only=True, frozen=True):
    """What people and programs should know of a model before they trust it."""

    schema: str = SCHEMA
    version: int = VERSION
    name: str
    about: str
    heads: tuple[int, ...]  # seconds ahead
    levels: tuple[float, ...]
    features: tuple[str, ...]
    revision: int = REVISION  # of what the features mean
    trained_on: tuple[dict[str, str], ...] = ()  # source, licence, where from
    scores: tuple[dict[str, Any], ...] = ()  # on sources that the model has not seen
    made_with: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Artefact:
    """A model and its card."""

    card: Card
    model: Model


def dump(artefact: Artefact, file: BinaryIO) -> None:
    """Write a model; a checksum of every part is in the archive. The same model gives the same bytes."""
    card = np.frombuffer(msgspec.json.format(msgspec.json.encode(artefact.card)), np.uint8)
    trees = artefact.model.trees
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {"card": card, **{name: getattr(trees, name) for name in ARRAYS}}.items():
            part = zipfile.ZipInfo(f"{name}.npy")  # its date is fixed
            part.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(part, "w") as inside:
                np.lib.format.write_array(inside, np.asanyarray(array), allow_pickle=False)


def load(file: BinaryIO) -> Artefact:
    """Read what :func:`dump` wrote.

    Raises:
        FileRefused: torn, foreign, of a newer version, or trained on other features; the message has no file name, the
            caller knows it.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            card = _card(archive)
            arrays = {name: archive[name] for name in ARRAYS}
    except _UNREADABLE as error:
        raise FileRefused(f"is torn or no model of vpa-inplace ({_short(error)})") from error
    _check(card, arrays)
    trees = Trees(**arrays)
    return Artefact(card, Model(trees=trees, heads=card.heads, levels=card.levels))


def _card(archive: Any) -> Card:
    raw = archive["card"].tobytes()
    head = msgspec.json.decode(raw)
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise ValueError("it has another schema")
    if not isinstance(head.get("version"), int) or head["version"] > VERSION:
        raise FileRefused(f"has version {head.get('version')}, this program reads up to {VERSION}: use a newer program")
    card = msgspec.json.decode(raw, type=Card)
    if card.revision != REVISION:
        raise FileRefused(
            f"was trained on features of revision {card.revision}, this program computes {REVISION}: train it anew"
        )
    if card.features != NAMES:
        odd = [name for name in card.features if name not in NAMES] or [n for n in NAMES if n not in card.features]
        what = f"{odd[0]!r} among them" if odd else "in another order"
        raise FileRefused(f"was trained on other features than this program computes ({what}): train it anew")
    return card


def _check(card: Card, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Whether the arrays fit together, so that evaluating them cannot reach outside."""
    nodes, trees = arrays["nodes"], len(arrays["model"])
    ascending = all(list(x) == sorted(set(x)) and len(x) > 0 for x in (card.heads, card.levels))
    total = int(nodes.sum()) if nodes.ndim == 1 else -1
    fits = (
        all(arrays[name].ndim == 1 and arrays[name].dtype == kind for name, kind in ARRAYS.items())
        and ascending
        and min(card.heads) > 0
        and 0 < card.levels[0] <= card.levels[-1] < 1
        and len(card.levels) > 1
        and len(arrays["start"]) == len(card.heads) * len(card.levels)
        and len(nodes) == trees
        and all(len(arrays[name]) == total for name in ("feature", "threshold", "crossed"))
        and len(arrays["leaf"]) == total + trees
        and _within(nodes, LEAVES)
        and _within(arrays["model"], len(arrays["start"]))
        and _within(arrays["feature"], len(NAMES))
        and all(np.isfinite(arrays[name]).all() for name in ("start", "threshold", "leaf"))
    )
    if not fits:
        raise FileRefused("does not fit together: its arrays and its card are of different models")


def _within(values: npt.NDArray[Any], stop: int) -> bool:
    return bool(((values >= 0) & (values < stop)).all())


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:120] or type(error).__name__
