from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.report.scene import HOSTILE, document, hostile
from vpa_inplace.report.document import Document
from vpa_inplace.report.options import Options
from vpa_inplace.report.schema import schema, text
from vpa_inplace.report.structured import json as to_json

CHECKED_IN = Path(__file__).parents[2] / "docs" / "report-schema.json"
VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_schema_in_docs_is_current() -> None:
    assert CHECKED_IN.read_text(encoding="utf-8") == text(), (
        "python -m vpa_inplace.report.schema > docs/report-schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("report", [document(), *map(hostile, HOSTILE)], ids=range(1 + len(HOSTILE)))
def test_reports_keep_to_it(report: Document) -> None:
    VALIDATOR.validate(json.loads(to_json(report, Options())))


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        pytest.param(("schema",), "vpa-inplace.report/v2", id="another-version"),
        pytest.param(("rows", 0, "cpu", "request", "state"), "zero", id="a-fourth-state"),
        pytest.param(("rows", 0, "cpu", "request", "amount"), 1.5, id="half-a-millicore"),
        pytest.param(("rows", 0, "memory", "action"), "delete", id="unknown-action"),
    ],
)
def test_it_refuses(path: tuple[str | int, ...], wrong: object) -> None:
    data = json.loads(to_json(document(), Options()))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)
