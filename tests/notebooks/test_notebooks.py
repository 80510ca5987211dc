"""Every notebook runs from its first cell to its last, as it is checked in."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.components import require
from vpa_inplace.api.config import load_config

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PARTS = ("nbclient", "nbformat", "ipykernel", "matplotlib")
RUN = """
import sys
import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

kernel = KernelManager()
kernel.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]  # this environment's
NotebookClient(nbformat.read(sys.argv[1], as_version=4), km=kernel, timeout=300).execute()
"""


def read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    require("notebooks extra", all(importlib.util.find_spec(part) for part in PARTS))
    # in a process of its own: the kernel's sockets and event loop stay out of the test runner
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]),
        "MPLBACKEND": "agg",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    # what a notebook writes down is read by the command line and the controller
    assert load_config(tmp_path / "vpa-inplace.yaml").profiles


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_checked_in_without_outputs(path: Path) -> None:
    """Outputs are of one machine and one day; whoever reads runs it."""
    require("notebooks extra", importlib.util.find_spec("nbformat") is not None)
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_uses_public_names_only(path: Path) -> None:
    require("notebooks extra", importlib.util.find_spec("nbformat") is not None)
    source = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    private = [line for line in source.splitlines() if "import _" in line or "._" in line]
    assert private == []
