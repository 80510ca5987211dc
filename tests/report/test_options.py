from __future__ import annotations

from io import StringIO, TextIOWrapper
from typing import Any

import pytest

from vpa_inplace.report.options import Options


class Terminal(StringIO):
    """A stream that says it is a terminal, as a pseudo-terminal does."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "color"),
    [
        pytest.param({"TERM": "xterm"}, True, id="terminal"),
        pytest.param({"TERM": "xterm", "NO_COLOR": "1"}, False, id="no-color"),
        pytest.param({"TERM": "xterm", "NO_COLOR": ""}, True, id="no-color-empty-means-nothing"),
        pytest.param({"TERM": "dumb"}, False, id="dumb"),
    ],
)
def test_colour(environ: dict[str, str], color: bool) -> None:
    assert Options.for_stream(Terminal(), environ).color is color


def test_a_pipe_has_no_colour_and_no_width() -> None:
    options = Options.for_stream(StringIO(), {"TERM": "xterm", "COLORTERM": "truecolor"})
    assert (options.color, options.width) == (False, None)


def test_the_width_asked_for_wins() -> None:
    assert Options.for_stream(Terminal(), {}, width=77).width == 77
    assert Options.for_stream(StringIO(), {}, width=77).width == 77
    assert Options.for_stream(Terminal(), {}).width is not None


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("latin-1", False)]
)
def test_encoding(encoding: str, unicode: bool, tmp_path: Any) -> None:
    with (tmp_path / "out").open("wb") as file, TextIOWrapper(file, encoding=encoding) as stream:
        assert Options.for_stream(stream, {}).unicode is unicode
