"""Archives that a container runtime imports: two names, one layer, no registry."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

from tests.cluster import images


def test_both_images_share_the_layer_with_the_binary(tmp_path):
    binary = tmp_path / "apps"
    binary.write_bytes(b"\x7fELF and so on")
    images.write_archive(tmp_path / "images.tar", binary)

    with tarfile.open(tmp_path / "images.tar") as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
        assert [entry["RepoTags"] for entry in manifest] == [[images.APPS], [images.PAUSE]]
        (layer,) = {name for entry in manifest for name in entry["Layers"]}
        content = archive.extractfile(layer).read()
        for entry in manifest:
            config = archive.extractfile(entry["Config"]).read()
            assert entry["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
            assert json.loads(config)["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(content)) as files:
        assert files.getmember("apps").mode == 0o755
        assert files.extractfile("apps").read() == b"\x7fELF and so on"
        assert files.getmember("tmp").mode == 0o1777


def test_the_same_binary_makes_the_same_archive(tmp_path):
    binary = tmp_path / "apps"
    binary.write_bytes(b"same")
    for name in ("one.tar", "two.tar"):
        images.write_archive(tmp_path / name, binary)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
