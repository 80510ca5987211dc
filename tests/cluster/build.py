"""Build the cluster's binaries from Go modules, once: `make cluster`.

Kubernetes and containerd are ordinary module dependencies, so nothing is needed but a Go toolchain and a module proxy.
Binaries lie in a cache outside the checkout, in folders named after all that went into them: a change of a version, a
module file or a source file makes a new folder, and nothing is ever half there, as a folder gets its name when it is
whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import machine
from tests.cluster.toolchain import CONTAINERD_MODULE, GO_MODULE, KUBERNETES, VERSIONS, Missing, go, module_file

CONTAINERD = "2.3.7"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl", "sandboxes")
ROOM = 6 << 30  # bytes: modules 1.4 GB, build cache 3.4 GB, binaries 0.25 GB, and some air (measured with 1.36.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Folders of executables."""

    kubernetes: Path  # etcd, kube-apiserver and the rest: links to one binary
    containerd: Path  # containerd, its shim, ctr
    apps: Path  # the example apps
    version: str  # of Kubernetes, as 1.36.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One `go build`: what goes in, and what comes out."""

    name: str
    module: Path
    packages: tuple[str, ...]
    inputs: tuple[Path, ...]
    flags: tuple[str, ...] = ()
    stamp: str = ""  # linked into the binary as its version
    links: tuple[str, ...] = ()  # further names of the binary
    takes: str = "some seconds"

    @property
    def key(self) -> str:
        """Names the content: equal inputs, equal key."""
        told = hashlib.sha256(repr((self.name, self.packages, self.flags, self.stamp, self.links)).encode())
        for path in self.inputs:
            told.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
        return f"{self.name}-{told.hexdigest()[:16]}"


def kubernetes_part(version: str) -> Part:
    if version not in VERSIONS:
        raise Missing(f"no module file for Kubernetes {version}: take one of {', '.join(VERSIONS)}")
    modules = module_file(version)
    minor = version.split(".")[1]
    component, client = "k8s.io/component-base/version", "k8s.io/client-go/pkg/version"
    stamp = (
        f"-X {component}.gitVersion=v{version} -X {component}.gitMajor=1 -X {component}.gitMinor={minor}"
        f" -X {component}.gitTreeState=clean -X {component}.gitCommit={'0' * 40} -X {client}.gitVersion=v{version}"
    )
    return Part(
        name=f"kubernetes-{version}",
        module=GO_MODULE,
        packages=(".",),
        inputs=(modules, modules.with_suffix(".sum"), *sorted(GO_MODULE.glob("*.go"))),
        flags=() if version == KUBERNETES else (f"-modfile={modules.relative_to(GO_MODULE)}",),
        stamp=stamp,
        links=COMPONENTS,
        takes="about five minutes on two idle cores",
    )


def containerd_part() -> Part:
    return Part(
        name=f"containerd-{CONTAINERD}",
        module=CONTAINERD_MODULE,
        packages=("tool",),
        inputs=(CONTAINERD_MODULE / "go.mod", CONTAINERD_MODULE / "go.sum"),
        flags=("-tags=no_btrfs no_zfs no_devmapper urfave_cli_no_docs",),
        stamp=f"-X github.com/containerd/containerd/v2/version.Version={CONTAINERD}",
        takes="about one minute",
    )


def apps_part() -> Part:
    sources = sorted(path for path in (GO_MODULE / "apps").rglob("*.go") if not path.name.endswith("_test.go"))
    return Part(name="apps", module=GO_MODULE, packages=("./apps",), inputs=tuple(sources))


def cache_folder() -> Path:
    """Where binaries are kept; VPA_INPLACE_CACHE moves it."""
    named = os.environ.get("VPA_INPLACE_CACHE")
    if named:
        return Path(named) / "cluster"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vpa-inplace" / "cluster"


def build(version: str = KUBERNETES, tell: bool = True) -> Binaries:
    """The binaries of a version, built where they are not in the cache; Missing says why they cannot be."""
    parts = (kubernetes_part(version), containerd_part(), apps_part())
    folders = [_built(part, tell) for part in parts]
    return Binaries(kubernetes=folders[0], containerd=folders[1], apps=folders[2], version=version)


def _built(part: Part, tell: bool) -> Path:
    cache = cache_folder()
    folder = cache / part.key
    if folder.is_dir():
        return folder
    with _locked(cache / f"{part.name}.lock"):
        if folder.is_dir():  # another process was faster
            return folder
        _check_room(cache)
        if tell:
            print(f"building {part.name} from source, once: {part.takes}", file=sys.stderr, flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=".building-", dir=cache) as scratch:
            _compile(part, Path(scratch) / "bin")
            (Path(scratch) / "bin").rename(folder)
        _forget_older(part, folder)
        if tell:
            print(f"built {part.name} in {time.monotonic() - began:.0f} s: {folder}", file=sys.stderr, flush=True)
    return folder


def _compile(part: Part, target: Path) -> None:
    target.mkdir()
    flags = ["-trimpath", "-buildvcs=false", *part.flags, f"-ldflags=-s -w {part.stamp}".rstrip()]
    # GOFLAGS of the user's must not decide what we build; -mod=readonly holds us to the checked-in module files.
    env = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    go("build", *flags, "-o", f"{target}/", *part.packages, cwd=part.module, env=env)
    if part.links:
        (binary,) = target.iterdir()
        binary.rename(target / "kubernetes")
        for link in part.links:
            (target / link).symlink_to("kubernetes")


def _check_room(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < ROOM:
        raise Missing(
            f"{cache} has {free / 2**30:.1f} GiB free and a build needs {ROOM / 2**30:.0f}: make room,"
            " or set VPA_INPLACE_CACHE to another disk"
        )


def _forget_older(part: Part, kept: Path) -> None:
    """Earlier builds of the same part and version: 140 MB each, of use to nobody but a bisection."""
    for folder in kept.parent.glob(f"{part.name}-*"):
        if folder.is_dir() and folder != kept and len(folder.name) == len(kept.name):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> None:
    """`--or-skip`: where there can be no cluster, say that its tests are skipped, unless nothing may be skipped."""
    version = (os.environ.get("KUBERNETES") or KUBERNETES).removeprefix("v")
    lenient = "--or-skip" in arguments
    try:
        if lenient:
            machine.check_node()
        binaries = build(version)
    except Missing as missing:
        if lenient and os.environ.get("VPA_INPLACE_REQUIRE_ALL") != "1":
            print(f"tests against a real cluster are skipped: {missing}", file=sys.stderr)
            return
        sys.exit(str(missing))
    if not lenient:
        print(f"Kubernetes {binaries.version}: {binaries.kubernetes}")
        print(f"containerd {CONTAINERD}: {binaries.containerd}")
        print(f"example apps: {binaries.apps}")


if __name__ == "__main__":
    main(sys.argv[1:])
