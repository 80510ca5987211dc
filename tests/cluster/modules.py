"""Write the module files of one Kubernetes version: `python -m tests.cluster.modules 1.38.0`.

Kubernetes is not meant to be depended on: its staging modules (k8s.io/api and some thirty more) are required at v0.0.0
and replaced by folders of its own tree. What works for others is the same list, each replaced by the release that was
published with this version. The list is read from Kubernetes' own module file, as it differs by version; so is etcd's
version, which is the one that this Kubernetes was tested with.

The default version has the module's own `go.mod`; any other lies in `versions/` and is chosen with `-modfile`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tests.cluster.toolchain import GO_MODULE, KUBERNETES, go, module_file

MODULE = "vpa-inplace/tests/cluster"
STAGING = re.compile(r"^\t(k8s\.io/[a-z-]+) => \./staging/", re.MULTILINE)
ETCD = re.compile(r"^\tgo\.etcd\.io/etcd/server/v3 (\S+)", re.MULTILINE)
LANGUAGE = re.compile(r"^(?:go|godebug) .*$", re.MULTILINE)
ETCD_IF_UNNAMED = "v3.6.8"  # Kubernetes 1.36 names it; a version that only uses etcd's client would not


def written(version: str, kubernetes: str) -> str:
    """The module file for a Kubernetes version, given Kubernetes' own module file."""
    etcd = ETCD.search(kubernetes)
    staging = f"v0.{version.removeprefix('1.')}"
    return "\n".join(
        [
            f"module {MODULE}",
            "",
            *LANGUAGE.findall(kubernetes),
            "",
            f"require k8s.io/kubernetes v{version}",
            f"require go.etcd.io/etcd/server/v3 {etcd[1] if etcd else ETCD_IF_UNNAMED}",
            "",
            "replace (",
            *(f"\t{name} => {name} {staging}" for name in STAGING.findall(kubernetes)),
            ")",
            "",
        ]
    )


def main(version: str) -> None:
    told = json.loads(go("mod", "download", "-json", f"k8s.io/kubernetes@v{version}", cwd="/"))
    target = module_file(version)
    target.parent.mkdir(exist_ok=True)
    target.write_text(written(version, Path(told["GoMod"]).read_text()))
    target.with_suffix(".sum").unlink(missing_ok=True)
    go("mod", "tidy", f"-modfile={target}", cwd=GO_MODULE)
    print(f"wrote {target} and its .sum{' (the default)' if version == KUBERNETES else ''}")


if __name__ == "__main__":
    main(sys.argv[1])
