"""What a test needs beside Python packages: present, or the test is skipped and says why.

With VPA_INPLACE_REQUIRE_ALL=1, as in CI, a missing component fails instead: nothing goes untested in silence.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def required() -> bool:
    """Whether a missing component is a failure here."""
    return os.environ.get("VPA_INPLACE_REQUIRE_ALL") == "1"


def require(component: str, present: bool) -> None:
    """Go on if the component is there; else skip, or fail where everything is required."""
    if present:
        return
    if required():
        pytest.fail(f"{component} is missing and VPA_INPLACE_REQUIRE_ALL=1", pytrace=False)
    pytest.skip(f"skipped: no {component}")


def require_prometheus() -> None:
    require("prometheus and promtool", all(shutil.which(name) for name in ("prometheus", "promtool")))


def traces() -> Path | None:
    """The folder of research traces that are not part of this repository, where it exists."""
    named = os.environ.get("VPA_INPLACE_TRACES")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "traces" / "dev"
    return folder if folder.is_dir() else None
