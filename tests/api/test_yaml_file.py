from __future__ import annotations

from pathlib import Path

import pytest

from vpa_inplace.api.yaml_file import noun, parse_yaml, place, read_yaml
from vpa_inplace.domain.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", "line 3: 'a' stands twice, first in line 1", id="doubled"),
        pytest.param("x:\n  - {k: 1, k: 2}\n", "line 2: 'k' stands twice", id="doubled-within-a-list"),
        pytest.param("a:\n\tb: 1\n", "line 2: a tab; YAML indents with spaces", id="tab"),
        pytest.param("- a\n- b\n", "holds a list where settings", id="a-list"),
        pytest.param("just words\n", "holds 'just words' where settings", id="text"),
        pytest.param("5\n", "holds the number 5 where settings", id="a-number"),
        pytest.param("a: 1\n---\nb: 2\n", "line 2: a second document", id="two-documents"),
        pytest.param("a: [1, 2\n", "is no YAML", id="open-bracket"),
        pytest.param("a: {b: *c}\n", "is no YAML: found undefined alias", id="no-such-anchor"),
        pytest.param("a: !!python/object:os.system x\n", "is no YAML", id="a-python-object"),
        pytest.param("a: 2026-13-45\n", "is no YAML: month must be in 1..12", id="no-such-date"),
        pytest.param("[" * 5000, "is nested too deeply", id="nested"),
        pytest.param("a: \x07\n", "is no YAML", id="control-character"),
    ],
)
def test_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_yaml(text, "x.yaml")
    assert str(refused.value).startswith("x.yaml: ")
    assert says in str(refused.value)


def test_every_doubled_key_is_named() -> None:
    with pytest.raises(ConfigError) as refused:
        parse_yaml("a: 1\na: 2\nb: 1\nb: 2\n", "x.yaml")
    assert len(refused.value.mistakes) == 2


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_has_no_settings(text: str) -> None:
    assert parse_yaml(text, "x").data == {}


def test_anchors_and_merges_are_no_doubles() -> None:
    file = parse_yaml("a: &a {k: 1}\nb: {<<: *a, k: 2}\nc: *a\n", "x")
    assert file.data == {"a": {"k": 1}, "b": {"k": 2}, "c": {"k": 1}}


def test_lines_of_settings_and_of_what_is_not_there() -> None:
    file = parse_yaml("a:\n  b:\n  - c: 1\n  - d:\n      e: 2\n", "x")
    assert [file.line(where) for where in (("a",), ("a", "b", 0, "c"), ("a", "b", 1, "d", "e"))] == [1, 3, 5]
    assert file.line(("a", "b", 1, "missing")) == 4  # the item it is missing in
    assert file.line(("elsewhere",)) is None


def test_mistakes_come_in_the_order_of_the_file() -> None:
    file = parse_yaml("a: 1\nb: 2\n", "x")
    error = file.error([(("b",), "late"), (("a",), "early"), (("c",), "nowhere")])
    assert error.mistakes == ("c: nowhere", "line 1: a: early", "line 2: b: late")


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(tmp_path / "bom.yaml").data == {"a": 1}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"PK\x03\x04\xff\xfe")
    (tmp_path / "big").write_bytes(b"#" * (4 * 2**20 + 1))
    for name, says in (
        ("missing", "there is no such file"),
        (".", "is a directory"),
        ("binary", "is no UTF-8"),
        ("big", "more than 4 MiB"),
    ):
        with pytest.raises(ConfigError, match=says):
            read_yaml(tmp_path / name)


def test_words_for_places_and_values() -> None:
    assert place(("workloads", 0, "match", "kind")) == "workloads[0].match.kind"
    assert place(()) == "file"
    assert noun(True).startswith("true")
    assert len(noun("x" * 1000)) < 70
