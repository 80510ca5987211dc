"""Where the parts of the cluster come from: versions, the Go toolchain, folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

KUBERNETES = "1.36.3"  # the default; the others are tried by hand, see the table in README.md
VERSIONS = ("1.33.13", "1.34.4", "1.35.4", "1.36.3", "1.37.2")
HERE = Path(__file__).parent
GO_MODULE = HERE / "go"
CONTAINERD_MODULE = HERE / "containerd"
GO_FOLDERS = ("/usr/local/go/bin", "/usr/lib/go/bin")  # where installers put it without telling PATH


# What go says when the trouble is the machine's, and what to do about it.
TROUBLES = {
    "no space left on device": "make room; GOCACHE, GOMODCACHE and VPA_INPLACE_CACHE say where it goes",
    "dial tcp": "no way to the module proxy: the first build needs the network, or a filled GOMODCACHE",
    "missing go.sum entry": "the module files do not belong together: see tests/cluster/modules.py",
}


class Missing(RuntimeError):
    """Something this machine lacks for a cluster, said in one sentence with what to do."""


def go_binary() -> str:
    found = shutil.which("go") or shutil.which("go", path=os.pathsep.join(GO_FOLDERS))
    if found is None:
        raise Missing("no Go toolchain on PATH: install Go 1.26 or newer from go.dev/dl")
    return found


def go(*arguments: str, cwd: str | Path, env: dict[str, str] | None = None) -> str:
    """Run the go command and give back what it printed; Missing with its last words when it fails."""
    done = subprocess.run(
        [go_binary(), *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Missing(f"go {arguments[0]} in {cwd} failed: {_reason(done.stderr)}")
    return done.stdout


def _reason(said: str) -> str:
    """Go prints the cause first and what follows from it after; lines of progress and headings come between."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("#", "go: downloading"))]
    for trouble, advice in TROUBLES.items():
        if told := next((line for line in lines if trouble in line), None):
            return f"{told} ({advice})"
    return lines[0] if lines else "it gave no reason"


def module_file(version: str) -> Path:
    """The Go module file that pins Kubernetes at a version."""
    return GO_MODULE / "go.mod" if version == KUBERNETES else GO_MODULE / "versions" / f"{version}.mod"
