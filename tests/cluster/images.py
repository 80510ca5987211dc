"""Container images without a registry or Docker: one layer with one static binary, as an archive that `ctr` imports."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

APPS = "vpa-inplace.local/apps:1"
PAUSE = "vpa-inplace.local/pause:1"
FOLDERS = ("dev", "etc", "proc", "sys", "tmp")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # uname's names to Go's and the image format's


def write_archive(target: Path, apps: Path) -> None:
    """Both images of the tests, over the same layer: the example apps, and a pod sandbox's first process."""
    layer = _layer({"apps": apps.read_bytes()})
    digest = hashlib.sha256(layer).hexdigest()
    manifest = []
    with tarfile.open(target, "w") as archive:
        _add(archive, f"{digest}/layer.tar", layer)
        for name, entrypoint in ((APPS, ["/apps"]), (PAUSE, ["/apps", "pause"])):
            config = json.dumps(
                {
                    "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
                    "os": "linux",
                    "config": {"Entrypoint": entrypoint},
                    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
                }
            ).encode()
            config_name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(archive, config_name, config)
            manifest.append({"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}/layer.tar"]})
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _layer(files: Mapping[str, bytes]) -> bytes:
    blob = io.BytesIO()
    with tarfile.open(fileobj=blob, mode="w") as layer:
        for folder in FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o1777 if folder == "tmp" else 0o755
            layer.addfile(entry)
        for name, content in files.items():
            _add(layer, name, content, mode=0o755)
    return blob.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    archive.addfile(entry, io.BytesIO(content))
