"""The reports there are, by the name that ``-o`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from vpa_inplace.domain.errors import UnknownName
from vpa_inplace.report.document import Document
from vpa_inplace.report.markdown import markdown
from vpa_inplace.report.options import Options
from vpa_inplace.report.patch import patch
from vpa_inplace.report.spreadsheet import to_csv
from vpa_inplace.report.structured import json, yaml
from vpa_inplace.report.table import table

Report = Callable[[Document, Options], str]
"""A document as text that ends in a newline. Pure; heavy libraries are imported when it is called."""

REPORTS: Final[Mapping[str, Report]] = {
    "table": table,  # people at a terminal
    "json": json,  # programs; the schema is docs/report-schema.json
    "yaml": yaml,
    "csv": to_csv,  # spreadsheets; plain numbers
    "markdown": markdown,  # pull requests and issues
    "patch": patch,  # a script of kubectl commands
}


def make_report(name: str) -> Report:
    """A report by name.

    Raises:
        UnknownName: no such report.
    """
    if name not in REPORTS:
        raise UnknownName("report", name, REPORTS)
    return REPORTS[name]
