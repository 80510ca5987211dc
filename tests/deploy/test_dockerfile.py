"""The Dockerfile's steps, run without Docker and without a network.

Commands are the Dockerfile's own. Where they would fetch a package, the one that is installed here is found instead, in
the version that constraints.txt names, or the step fails. Not covered: the base image with its C library, downloads, the
change of user, Docker's own reading of the ignore file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.deploy.dockerfile import Builder, Context, read
from tests.deploy.manifests import DEPLOY
from tests.support.components import require
from vpa_inplace import __version__

ROOT = DEPLOY.parent
CONTEXT = Context(ROOT, DEPLOY / "Dockerfile.dockerignore")
BUILD, IMAGE = read(DEPLOY / "Dockerfile")
NOT_RUNNING = (
    "pip",
    "setuptools",
    "_distutils_hack",
    "distutils-precedence",
    "pkg_resources",
    "vpa_inplace",
    "_editable",
    "__editable",
)


@dataclass(frozen=True, slots=True)
class Built:
    """The build stage, done."""

    root: Path
    said: list[str]

    def run(self, *words: str) -> str:
        """A command in the image's own environment, as far as it is one."""
        paths = f"{self.root}/opt/vpa-inplace/bin:{os.defpath}"
        home = self.root / "tmp"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            words,
            cwd=home,
            env={"PATH": paths, "HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


pytestmark = pytest.mark.xdist_group("image")  # built once, not once a worker
SLOW = pytest.mark.slow  # half a minute of a processor: a virtual environment, three times pip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    require("hatchling, the build backend", find_spec("hatchling") is not None)
    folder = tmp_path_factory.mktemp("image")
    installed = folder / "installed"
    link_packages(installed)
    root = folder / "root"

    def show() -> None:
        """In each environment that was made, what is installed here can be imported, and pip finds it."""
        for packages in root.glob("opt/*/lib/python*/site-packages"):
            (packages / "installed-here.pth").write_text(f"{installed}\n")

    builder = Builder(CONTEXT, root, {"PIP_NO_INDEX": "1", "HOME": str(folder)}, show)
    builder.run(BUILD)
    return Built(root, builder.said)


def link_packages(to: Path) -> None:
    """All packages that are installed here but this program and what the image has not."""
    to.mkdir()
    for place in dict.fromkeys([sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"], *sys.path]):
        if not list(Path(place).glob("*.dist-info")):
            continue
        for entry in Path(place).iterdir():
            target = to / entry.name
            if not entry.name.startswith(NOT_RUNNING) and not target.exists():
                target.symlink_to(entry)


@SLOW
def test_the_program_is_in_it(built: Built) -> None:
    assert built.said[-1].splitlines()[-1] == f"vpa-inplace {__version__}"
    assert built.run("vpa-inplace", "--version") == f"vpa-inplace {__version__}\n"


@SLOW
def test_it_runs_from_what_was_built(built: Built) -> None:
    """By files that the wheel brought: nothing of the checkout, and no installer, is in reach, nor wanted by anybody."""
    said = built.run("python", "-c", "import vpa_inplace, sys; print(vpa_inplace.__file__); print(*sys.path)")
    assert said.splitlines()[0].startswith(f"{built.root}/opt/vpa-inplace/")
    assert str(ROOT) not in said.splitlines()[1].split()
    assert built.run(
        "python", "-c", "import importlib.util as u; print(u.find_spec('pip'), u.find_spec('setuptools'))"
    ) == ("None None\n")
    built.run("python", "-c", "import apscheduler.schedulers.background, kubernetes, pandas, plotly, sklearn, skops.io")
    assert "default" in built.run("vpa-inplace", "config", "reference")


@SLOW
def test_the_wheel_has_the_package_and_the_models(built: Built) -> None:
    (wheel,) = built.root.glob("wheels/*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "vpa_inplace").rglob("*") if path.is_file()}
    models = {f"vpa_inplace/_models/{path.name}" for path in (ROOT / "models").iterdir()}
    assert inside == {name for name in package if "__pycache__" not in name} | models


@SLOW
def test_what_is_copied_over_was_made(built: Built) -> None:
    (line,) = IMAGE.texts("COPY")
    assert line == f"--from={BUILD.name} /opt/vpa-inplace /opt/vpa-inplace"
    assert (built.root / "opt/vpa-inplace/bin/vpa-inplace").exists()
    assert not (built.root / "opt/vpa-inplace/bin/pip").exists()


def test_it_starts_the_program_as_nobody() -> None:
    """The same nobody as in the manifests, which check it (test_manifests.py)."""
    assert IMAGE.texts("USER") == ["65532:65532"]
    assert json.loads(IMAGE.texts("ENTRYPOINT")[0]) == ["vpa-inplace"]
    assert not IMAGE.texts("RUN"), "a step that no test runs"


def test_the_base_image_has_a_python_that_will_do() -> None:
    assert IMAGE.base == BUILD.base
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert (IMAGE.base, wanted) == ("python:3.11-slim", ">=3.11")


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("pyproject.toml", True),
        ("vpa_inplace/cli/app.py", True),
        ("models/default.yaml", True),
        ("vpa_inplace/cli/__pycache__/app.cpython-311.pyc", False),
        (".git/config", False),
        (".venv/bin/python", False),
        (".env", False),
        ("tests/conftest.py", False),
        ("kubeconfig", False),
        ("mine.recording", False),
    ],
)
def test_what_goes_to_the_builder(name: str, sent: bool) -> None:
    assert CONTEXT.has(name) is sent
