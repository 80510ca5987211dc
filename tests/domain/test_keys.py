"""Keys and the row order of matrices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.keys import ContainerKey, Index

NAME = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)
KEYS = st.builds(ContainerKey.of, NAME, NAME, NAME, NAME, NAME)


@given(KEYS)
def test_keys_read_back(key: ContainerKey) -> None:
    assert ContainerKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["", "a", "a/b/c/d", "a/b/c/d/e/f", "a//c/d/e", "/b/c/d/e"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(UsageError, match="cluster/namespace/kind/name/container"):
        ContainerKey.parse(text)


@given(st.lists(KEYS, max_size=12))
def test_an_index_is_sorted_and_unique_whatever_comes(keys: list[ContainerKey]) -> None:
    index = Index.of([*keys, *keys[::-1]])
    assert list(index) == sorted(set(keys))
    assert [index.row(key) for key in index] == list(range(len(index)))
    assert all(key in index for key in keys)


def test_a_stranger_has_no_row() -> None:
    assert Index(()).row(ContainerKey.of("a", "b", "c", "d", "e")) is None


def test_two_rows_of_one_key_are_a_mistake() -> None:
    key = ContainerKey.of("a", "b", "c", "d", "e")
    with pytest.raises(ValueError, match="unique"):
        Index((key, key))
