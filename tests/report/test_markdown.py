"""Checked with markdown-it, a CommonMark parser with GitHub's tables: what a browser would get to see."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.report.golden import assert_golden
from tests.report.scene import HOSTILE, document, hostile
from vpa_inplace.report.markdown import HEADER, code, markdown, prose
from vpa_inplace.report.options import Options
from vpa_inplace.report.text import visible

GITHUB = MarkdownIt("commonmark", {"html": True}).enable("table")
OURS = {"h3", "p", "em", "strong", "table", "thead", "tbody", "tr", "th", "td", "br", "code", "ul", "li"}
OURS |= {"details", "summary"}


def seen(markup: str) -> str:
    """The text that a reader sees, without tags and zero-width spaces."""
    html = re.sub(r"<[^>]*>", "", GITHUB.render(markup))
    return unescape(html).replace("\u200b", "").strip()


def test_golden() -> None:
    assert_golden("report.md", markdown(document(), Options()))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_breaks_out_of_its_cell(name: str) -> None:
    html = GITHUB.render(markdown(hostile(name), Options()))
    rows = re.findall(r"<tr>.*?</tr>", html, flags=re.DOTALL)
    assert [len(re.findall(r"<t[hd][ >]", row)) for row in rows] == [len(HEADER)] * 3
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= OURS
    assert not re.search(r"[@#]\w", unescape(re.sub(r"<[^>]*>", "", html)))
    assert "href" not in html
    assert "://" not in markdown(hostile(name), Options())


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(lambda text: text.strip())


@given(NAMES)
def test_a_name_is_seen_as_it_is(name: str) -> None:
    # HTML shows runs of blanks as one, so does the comparison
    assert seen(code(name)).split() == visible(name).replace("\u200b", "").split()


@given(NAMES)
def test_a_sentence_is_seen_as_it_is(text: str) -> None:
    assert seen(f"x {prose(text)}").split()[1:] == visible(text, 600).replace("\u200b", "").split()


def test_plain_names_stay_readable_in_the_source() -> None:
    assert code("web-1/app") == "`web-1/app`"
    assert code("a|b") == "<code>a&#124;b</code>"
    assert prose("recent: up to 115m within 1 h") == "recent: up to 115m within 1 h"
    assert prose("see www.x.y") == "see www&#46;x.y"


def test_lists_are_folded_and_cut() -> None:
    text = markdown(document(), Options())
    assert "<details><summary>Held back (2 resizes)</summary>" in text
