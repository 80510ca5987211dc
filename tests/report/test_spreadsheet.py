from __future__ import annotations

import csv
from io import StringIO

import pytest

from tests.report.golden import assert_golden
from tests.report.scene import HOSTILE, document, hostile
from vpa_inplace.report.options import Options
from vpa_inplace.report.spreadsheet import FORMULA, to_csv


def read(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(StringIO(text, newline=""))]


def test_golden() -> None:
    assert_golden("report.csv", to_csv(document(), Options()))


def test_unset_is_empty_unknown_a_question_mark_zero_a_zero() -> None:
    rows = {(row["workload"], row["container"]): row for row in read(to_csv(document(), Options()))}
    assert rows["web", "envoy"]["memory_request_bytes"] == ""
    assert rows["silent", "app"]["cpu_target_millicores"] == "?"
    assert rows["silent", "app"]["cpu_newest_usage_millicores"] == "?"
    assert rows["idle", "app"]["cpu_request_millicores"] == "0"
    assert rows["idle", "app"]["cpu_newest_usage_millicores"] == "0"


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_breaks_a_line_or_starts_a_formula(name: str) -> None:
    text = to_csv(hostile(name), Options())
    rows = read(text)
    assert len(text.splitlines()) == 1 + len(rows) == 3
    for row in rows:
        assert None not in row  # type: ignore[comparison-overlap]  # more fields than headings
        assert not row["container"].startswith(FORMULA)
        assert all(value.isprintable() for value in row.values())
