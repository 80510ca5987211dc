"""Asking for help, or for the version, loads nothing that takes time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vpa_inplace.cli.app import COMMANDS

ROOT = Path(__file__).parents[1]
HEAVY = (
    "pandas",
    "numpy",
    "sklearn",
    "scipy",
    "kubernetes",
    "pyarrow",
    "plotly",
    "prometheus_api_client",
    "apscheduler",
)
ALSO = (
    "requests",
    "msgspec",
    "yaml",
    "jinja2",
    "prometheus_client",
)  # light, yet not needed to help; typer has pydantic
ASK = """
import sys
from vpa_inplace.cli.app import run
code = run(sys.argv[1:])
print("loaded:", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), *((name, "--help") for name in COMMANDS)],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        (sys.executable, "-c", ASK, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("loaded: ")[2].split())
    assert "typer" in loaded  # the list is what it claims to be
    assert not loaded & {*HEAVY, *ALSO}
