"""The JSON schema of the report, from the code: ``python -m vpa_inplace.report.schema > docs/report-schema.json``."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from vpa_inplace.report.document import SCHEMA, Document


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of :class:`Document`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        **msgspec.json.schema(Document),
    }


def text() -> str:
    """As it is checked in."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
