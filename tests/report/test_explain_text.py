from __future__ import annotations

import re

import pytest

from tests.report.golden import assert_golden
from tests.report.scene import scene, workload
from tests.support.builders import NOON
from vpa_inplace.domain.keys import ContainerKey
from vpa_inplace.report.explain import explain
from vpa_inplace.report.explain_text import explain_text
from vpa_inplace.report.options import Options

DECISION, OBSERVATION = scene()
KEYS = DECISION.snapshot.rows.keys
WEB = ContainerKey(workload("web"), "app")
YOUNG = ContainerKey(workload("young", "ml"), "app")


@pytest.mark.parametrize(
    ("name", "key", "options"),
    [
        pytest.param("explain-web-100.txt", WEB, Options(width=100), id="100-columns"),
        pytest.param("explain-young-80-ascii.txt", YOUNG, Options(width=80, unicode=False), id="ascii"),
    ],
)
def test_golden(name: str, key: ContainerKey, options: Options) -> None:
    assert_golden(name, explain_text(explain(DECISION, OBSERVATION, key), options))


@pytest.mark.parametrize("key", KEYS, ids=[f"{key.workload.name}-{key.container}" for key in KEYS])
@pytest.mark.parametrize("width", [80, 100, 160])
def test_every_container_can_be_explained_within_the_width(key: ContainerKey, width: int) -> None:
    explanation = explain(DECISION, OBSERVATION, key)
    for unicode in (True, False):
        text = explain_text(explanation, Options(width=width, unicode=unicode))
        assert max(map(len, text.splitlines())) <= width
        assert unicode or text.isascii()
    assert explanation.row.cpu.why.message in " ".join(explain_text(explanation, Options()).split())


def test_a_pipe_gets_charts_of_100_columns_and_unbroken_sentences() -> None:
    text = explain_text(explain(DECISION, OBSERVATION, WEB), Options())
    rules = [line for line in text.splitlines() if set(line) == {"─"}]
    assert {len(rule) for rule in rules} == {100}


def test_colour_only_adds_escape_codes() -> None:
    explanation = explain(DECISION, OBSERVATION, WEB)
    plain, colored = (explain_text(explanation, Options(width=100, color=color)) for color in (False, True))
    assert "\x1b" not in plain
    assert re.sub(r" +\n", "\n", re.sub(r"\x1b\[[0-9;]*m", "", colored)) == plain


def test_refusals_say_what_lifts_them() -> None:
    text = explain_text(explain(DECISION, OBSERVATION, YOUNG), Options(width=100))
    assert "shrink cpu and memory, 1 pod: held back by 1 guard" in text
    assert "lifted by 22 h more" in text


def test_the_day_names_its_peak() -> None:
    # the wave is highest at ten o'clock and "recent" looks an hour back and ahead of each block: from nine on
    text = explain_text(explain(DECISION, OBSERVATION, WEB), Options())
    assert f"the most from {NOON:%a}".replace("Mon", "Tue") + " 09:00 on" in text
