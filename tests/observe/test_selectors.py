"""Label selectors without an API server; what they choose is tested on real series beside this."""

from __future__ import annotations

import pytest

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.observe.selectors import Rule, must_be_known, parse_selector


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        pytest.param("", (), id="none"),
        pytest.param("a=b", (Rule("a", "=", "b"),), id="equal"),
        pytest.param("a == b", (Rule("a", "=", "b"),), id="spaces"),
        pytest.param("a!=b", (Rule("a", "!=", "b"),), id="not-equal"),
        pytest.param("a=", (Rule("a", "=", ""),), id="empty-value"),
        pytest.param("x.io/a-b_c", (Rule("x.io/a-b_c", ""),), id="has"),
        pytest.param("!a", (Rule("a", "!"),), id="has-not"),
        pytest.param("a=b,,!c,", (Rule("a", "=", "b"), Rule("c", "!")), id="loose-commas"),
    ],
)
def test_parse(text: str, rules: tuple[Rule, ...]) -> None:
    assert parse_selector(text) == rules


@pytest.mark.parametrize("text", ["a in (b, c)", "a notin (b)", "a b", "!a=b", "=b", "a=b=c", "a>3", 'a="b"'])
def test_what_is_not_understood(text: str) -> None:
    with pytest.raises(UsageError, match="only a=b, a!=b, a and !a are"):
        parse_selector(text)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        # labelName in kube-state-metrics: other signs first, then ([a-z0-9])([A-Z]) is parted, then all in small letters
        pytest.param("app", "label_app", id="plain"),
        pytest.param("app.kubernetes.io/part-of", "label_app_kubernetes_io_part_of", id="signs"),
        pytest.param("myTeam", "label_my_team", id="camel"),
        pytest.param("HTTPServer", "label_httpserver", id="capitals-in-a-row"),
        pytest.param("v2Beta", "label_v2_beta", id="digit-before-capital"),
    ],
)
def test_spelling(name: str, label: str) -> None:
    assert Rule(name, "").label == label


@pytest.mark.parametrize(
    ("rule", "labels", "holds"),
    [
        pytest.param(Rule("a", "=", "b"), {"label_a": "b"}, True, id="equal"),
        pytest.param(Rule("a", "=", "b"), {}, False, id="equal-to-nothing"),
        pytest.param(Rule("a", "!=", "b"), {"label_a": "b"}, False, id="not-equal"),
        pytest.param(Rule("a", "!=", "b"), {}, True, id="nothing-is-not-equal"),
        pytest.param(Rule("a", ""), {"label_a": "b"}, True, id="has"),
        pytest.param(Rule("a", ""), {}, False, id="has-it-not"),
        pytest.param(Rule("a", "!"), {"label_a": "b"}, False, id="must-not-have"),
        pytest.param(Rule("a", "!"), {}, True, id="has-not"),
    ],
)
def test_holds(rule: Rule, labels: dict[str, str], holds: bool) -> None:
    assert rule.holds(labels) is holds


def test_a_label_that_one_pod_has_is_known() -> None:
    must_be_known("!a", parse_selector("!a"), [{}, {"label_a": "b"}])
    with pytest.raises(UsageError, match="metric-labels-allowlist"):
        must_be_known("!a", parse_selector("!a"), [{}, {"label_b": "b"}])
