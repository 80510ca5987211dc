from __future__ import annotations

import io

import pytest

from vpa_inplace.cli.progress import EVERY, LONGEST, Lines, progress, sentence
from vpa_inplace.observe.source import Progress


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_short_work_says_nothing(clock: Clock) -> None:
    said: list[str] = []
    tell = Lines(said.append, clock)
    for done in range(1000):
        tell(Progress("query", done, 1000))
    assert said == []


def test_long_work_says_a_line_every_few_seconds(clock: Clock) -> None:
    said: list[str] = []
    tell = Lines(said.append, clock)
    for second in range(1, 13):
        clock.now = 100.0 + second
        tell(Progress("query", second * 10, 312, "shop"))
    # due at 3, 6, 9 and 12 s; the phase began at the first report, at 1 s
    assert said == [
        "query 30/312 · 15/s · shop",
        "query 60/312 · 12/s · shop",
        "query 90/312 · 11/s · shop",
        "query 120/312 · 11/s · shop",
    ]


@pytest.mark.parametrize(
    ("step", "seconds", "text"),
    [
        pytest.param(Progress("discover", 214), 0.5, "discover 214", id="total-unknown"),
        pytest.param(Progress("query", 0, 9), 5, "query 0/9", id="nothing-done"),
        pytest.param(Progress("query", 1, 9, "\x1b[2J\n"), 0, r"query 1/9 · \x1b[2J\n", id="hostile"),
        pytest.param(Progress("query", 1, 9, "x" * 500), 0, "query 1/9 · " + "x" * (LONGEST - 1) + "…", id="long"),
    ],
)
def test_sentence(step: Progress, seconds: float, text: str) -> None:
    assert sentence(step, seconds) == text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_comes_and_goes() -> None:
    screen = Terminal()
    with progress(quiet=False, stream=screen) as tell:
        tell(Progress("query", 1, 2, "[red]shop"))
        tell(Progress("query", 2, 2, "ml"))
    text = screen.getvalue()
    assert "query" in text
    assert "2/2" in text
    assert text.rstrip("\n").endswith("\x1b[2K")  # erased at the end: the report stands alone


def test_quiet_says_nothing_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Terminal()
    with progress(quiet=True, stream=screen) as tell:
        tell(Progress("query", 1, 2))
    assert (screen.getvalue(), *capsys.readouterr()) == ("", "", "")


def test_the_pace_is_a_few_seconds() -> None:
    assert 1 <= EVERY <= 10
