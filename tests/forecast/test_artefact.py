"""Models on disk: what is written is read, and whatever is torn, newer or foreign is refused with a reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.domain.errors import FileRefused
from vpa_inplace.forecast.artefact import Artefact, Card, dump, load
from vpa_inplace.forecast.features import NAMES
from vpa_inplace.forecast.model import Model
from vpa_inplace.forecast.trees import Trees

HEADS, LEVELS = (3600, 10800), (0.5, 0.9)
CARD = Card(name="tiny", about="for tests", heads=HEADS, levels=LEVELS, features=NAMES)


def a_model(**arrays: Any) -> Model:
    """One tree of two leaves for each head and level."""
    fields: dict[str, Any] = {
        "start": np.zeros(4, np.float32),
        "model": np.arange(4, dtype=np.int32),
        "nodes": np.ones(4, np.int32),
        "feature": np.array([0, 1, 2, 3], np.int32),
        "threshold": np.zeros(4, np.float32),
        "crossed": np.ones(4, np.uint32),
        "leaf": np.arange(8, dtype=np.float32),
    }
    return Model(trees=Trees(**fields | arrays), heads=HEADS, levels=LEVELS)


def written(card: Card = CARD, model: Model | None = None) -> bytes:
    file = io.BytesIO()
    dump(Artefact(card, model or a_model()), file)
    return file.getvalue()


def test_what_is_written_is_read() -> None:
    back = load(io.BytesIO(written()))
    assert back.card == CARD
    values = np.random.default_rng(0).normal(size=(len(NAMES), 50)).astype(np.float32)
    np.testing.assert_array_equal(back.model.trees(values), a_model().trees(values))
    assert (back.model.heads, back.model.levels) == (HEADS, LEVELS)


def with_card(change: Callable[[dict[str, Any]], None]) -> bytes:
    raw = msgspec.json.decode(msgspec.json.encode(CARD))
    change(raw)
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written())) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "card.npy":
                part = io.BytesIO()
                np.save(part, np.frombuffer(msgspec.json.encode(raw), np.uint8))
                body = part.getvalue()
            new.writestr(name, body)
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "torn or no model", id="empty"),
        pytest.param(b"hello", "torn or no model", id="text"),
        pytest.param(written()[:-40], "torn or no model", id="cut-short"),
        pytest.param(with_card(lambda c: c.update(schema="x")), "another schema", id="another-schema"),
        pytest.param(with_card(lambda c: c.update(version=2)), "version 2.*newer program", id="newer"),
        pytest.param(with_card(lambda c: c.update(version="1")), "version 1", id="version-as-text"),
        pytest.param(
            with_card(lambda c: c.update(features=[*NAMES, "phase_of_moon"])),
            "'phase_of_moon' among them",
            id="more-features",
        ),
        pytest.param(
            with_card(lambda c: c.update(features=list(NAMES[1:]))), f"'{NAMES[0]}' among", id="fewer-features"
        ),
        pytest.param(
            with_card(lambda c: c.update(features=list(NAMES[::-1]))),
            "in another order",
            id="features-in-another-order",
        ),
        pytest.param(
            with_card(lambda c: c.update(revision=0)), "revision 0.*train it anew", id="features-meant-something-else"
        ),
        pytest.param(with_card(lambda c: c.update(heads=[3600])), "different models", id="heads-of-another-model"),
        pytest.param(with_card(lambda c: c.update(levels=[0.9, 0.5])), "different models", id="levels-descend"),
        pytest.param(with_card(lambda c: c.pop("heads")), "torn or no model", id="no-heads"),
        pytest.param(
            written(model=a_model(feature=np.array([0, 1, 2, 999], np.int32))), "different models", id="feature-999"
        ),
        pytest.param(written(model=a_model(leaf=np.full(8, np.nan, np.float32))), "different models", id="nan-leaves"),
        pytest.param(
            written(model=a_model(model=np.array([0, 1, 2, 4], np.int32))), "different models", id="fifth-model"
        ),
    ],
)
def test_what_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        load(io.BytesIO(body))


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_one_bit_is_noticed_or_changes_nothing(place: int, bit: int) -> None:
    body = bytearray(written())
    body[place % len(body)] ^= 1 << bit
    try:
        back = load(io.BytesIO(bytes(body)))
    except FileRefused:
        return
    assert msgspec.structs.replace(back.card) == CARD
    for name in ("start", "leaf", "threshold", "feature"):
        np.testing.assert_array_equal(getattr(back.model.trees, name), getattr(a_model().trees, name))


def test_objects_are_never_unpacked() -> None:
    file = io.BytesIO()
    np.savez(file, card=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FileRefused, match="torn or no model"):
        load(io.BytesIO(file.getvalue()))


def test_a_card_can_be_read_without_the_program() -> None:
    with zipfile.ZipFile(io.BytesIO(written())) as archive:
        card = bytes(np.load(io.BytesIO(archive.read("card.npy"))))
    assert b'"name": "tiny"' in card
