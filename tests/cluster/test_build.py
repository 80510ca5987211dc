"""Binaries are built once for what goes into them, whole or not at all, and a failure is a sentence."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from tests.cluster import build, toolchain
from tests.cluster.fixtures import or_skip
from tests.cluster.toolchain import Missing


@pytest.fixture
def part(tmp_path, monkeypatch):
    """A part as small as Go allows, with a cache of its own."""
    or_skip(toolchain.go_binary)
    monkeypatch.setenv("VPA_INPLACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(build, "ROOM", 1 << 20)
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module tiny\n\ngo 1.26\n")
    (module / "main.go").write_text("package main\n\nfunc main() {}\n")
    inputs = (module / "go.mod", module / "main.go")
    return build.Part(name="tiny", module=module, packages=(".",), inputs=inputs, links=("one", "two"))


def test_a_part_is_built_once(part, capsys):
    first = build._built(part, tell=True)
    assert "building tiny from source, once" in capsys.readouterr().err
    assert {path.name for path in first.iterdir()} == {"kubernetes", "one", "two"}
    assert (first / "one").resolve() == first / "kubernetes"
    assert build._built(part, tell=True) == first
    assert capsys.readouterr().err == "", "the second time nothing is built"


def test_a_changed_source_is_built_anew_and_the_old_build_goes(part):
    first = build._built(part, tell=False)
    (part.module / "main.go").write_text('package main\n\nfunc main() { println("changed") }\n')
    second = build._built(part, tell=False)
    assert second != first
    assert not first.exists()


def test_a_source_that_does_not_compile_leaves_nothing(part):
    (part.module / "main.go").write_text("package main\n\nfunc main() { return 1 }\n")
    with pytest.raises(Missing, match=r"go build .*failed: .*too many return values"):
        build._built(part, tell=False)
    assert [path.name for path in build.cache_folder().iterdir()] == ["tiny.lock"]


@pytest.mark.parametrize("changed", ["name", "flags", "stamp", "links", "packages"])
def test_everything_that_goes_in_is_in_the_key(part, changed):
    other = "other" if changed in {"name", "stamp"} else ("other",)
    assert dataclasses.replace(part, **{changed: other}).key != part.key


def test_a_full_disk_is_told_before_the_build(part, monkeypatch):
    monkeypatch.setattr(build, "ROOM", 6 << 30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10 << 30, 9 << 30, 1 << 30))
    with pytest.raises(Missing, match=r"has 1\.0 GiB free and a build needs 6: make room, or set VPA_INPLACE_CACHE"):
        build._built(part, tell=False)


def test_a_version_without_module_file_names_those_that_have_one():
    with pytest.raises(Missing, match=r"no module file for Kubernetes 1\.20\.0: take one of 1\.33\.13, "):
        build.kubernetes_part("1.20.0")


@pytest.mark.parametrize("version", toolchain.VERSIONS)
def test_each_version_has_its_module_files(version):
    part = build.kubernetes_part(version)
    assert f"k8s.io/kubernetes v{version}\n" in part.inputs[0].read_text()
    assert all(path.is_file() for path in part.inputs)
