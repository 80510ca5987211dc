"""A YAML file as plain data, with the line of every setting; duplicates and other traps of YAML are refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from vpa_inplace.api.durations import format_duration
from vpa_inplace.domain.errors import ConfigError

LARGEST: Final = 4 * 2**20  # bytes; a file of settings is a few kilobytes, and YAML is slow

Where = tuple[str | int, ...]
"""A place in the data: keys and list positions from the top."""


@dataclass(frozen=True, slots=True)
class Yaml:
    """What a file says, and where it says it."""

    name: str  # of the file, for messages
    data: dict[str, Any]
    root: yaml.Node | None

    def line(self, where: Where) -> int | None:
        """The line (from 1) of a setting, or of the nearest thing around it that is in the file."""
        node, line = self.root, None
        for part in where:
            node, line = _step(node, part, line)
            if node is None:
                break
        return line

    def error(self, mistakes: Sequence[tuple[Where, str]]) -> ConfigError:
        """All mistakes of the file, in the order of its lines."""
        found = sorted(((self.line(where), where, text) for where, text in mistakes), key=lambda found: found[0] or 0)
        return ConfigError(
            self.name,
            [
                f"line {line}: {place(where)}: {text}" if line else f"{place(where)}: {text}"
                for line, where, text in found
            ],
        )


def read_yaml(path: Path) -> Yaml:
    """Read a file that holds one mapping; an empty file is an empty mapping.

    Raises:
        ConfigError: there is no such file, it cannot be read, or it is not one YAML mapping with unique keys.
    """
    name = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise ConfigError(name, [f"more than {LARGEST // 2**20} MiB; is this a configuration file?"])
        text = raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(name, ["there is no such file; check the path"]) from error
    except IsADirectoryError as error:
        raise ConfigError(name, ["is a directory; give a file in it"]) from error
    except OSError as error:
        raise ConfigError(name, [f"cannot be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(name, [f"byte {error.start} is no UTF-8; is this a text file?"]) from error
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> Yaml:
    """The same for text; ``name`` is what messages call it."""
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return Yaml(name, {}, None)
        doubled = list(_doubled(root))
        if doubled:
            raise ConfigError(name, doubled)
        data = loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(name, [_explained(error, text)]) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # e.g. a date that does not exist
        raise ConfigError(name, [f"is no YAML: {' '.join(str(error).split())}"]) from error
    except RecursionError as error:
        raise ConfigError(name, ["is nested too deeply"]) from error
    if data is None:
        return Yaml(name, {}, None)
    if not isinstance(data, dict):
        message = f"holds {noun(data)} where settings like `profile: default` are expected"
        raise ConfigError(name, [message])
    return Yaml(name, data, root)


def place(where: Where) -> str:
    """``workloads[0].match.kind``"""
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "file"


def noun(value: object) -> str:
    """What a YAML value is, for messages."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"{str(value).lower()} (true or false; quote it if you mean the word)"
        case timedelta():
            return format_duration(value)
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case int() | float():
            return f"the number {value:g}"
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _step(node: yaml.Node | None, part: str | int, line: int | None) -> tuple[yaml.Node | None, int | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item, item.start_mark.line + 1
    return None, line


def _doubled(root: yaml.Node) -> Iterator[str]:
    """Keys that stand twice in one mapping: YAML parsers keep the last in silence."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(reversed(node.value))
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if (key.tag, key.value) in first:
                    yield f"line {line}: {key.value!r} stands twice, first in line {first[key.tag, key.value]}; keep one"
                first.setdefault((key.tag, key.value), line)
            waiting.append(value)


def _explained(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    if mark is None:
        return f"is no YAML: {error.problem or error.context}"
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1]:
        return f"line {mark.line + 1}: a tab; YAML indents with spaces"
    if error.context == "expected a single document in the stream":
        return f"line {mark.line + 1}: a second document (---); one file holds one"
    return f"line {mark.line + 1}, column {mark.column + 1}: is no YAML: {error.problem or error.context}"
