from __future__ import annotations

from pathlib import Path

import pytest

from vpa_inplace.api.config import Config
from vpa_inplace.api.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "write it anew: vpa-inplace config reference > docs/settings.md"
    )


@pytest.mark.parametrize(
    "row",
    [
        "| `prometheus.timeout` | `1m` |",
        "| `resourcePolicy.memory.peakMargin` | `15%` |",
        "| `resourcePolicy.memory.minAllowed` | `64Mi` |",
        "| `resourcePolicy.cpu.maxAllowed` | none |",
        "| `updatePolicy.maxResizesPerDay` | `8` |",
        "| `match.namespace` | `*` |",
        "| `description` | required |",
    ],
)
def test_rows(row: str) -> None:
    assert row in reference()


def test_every_key_has_a_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > len(Config.model_fields) + 20
    assert all(len(row.split(" | ")[2].strip(" |")) > 10 for row in rows)
