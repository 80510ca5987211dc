"""``vpa-inplace config``: check a configuration file, list its settings, write what a cluster must know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

config = typer.Typer(
    no_args_is_help=True, help="Check a configuration file, or list its settings.", add_completion=False
)


@config.command()
def check(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The configuration file.", envvar="VPA_INPLACE_CONFIG", show_default=False),
    ],
) -> None:
    """Name every mistake of a file with its line, or show what it comes to.

    Exit code 2 where there are mistakes.
    """
    from vpa_inplace.api.config import load_config
    from vpa_inplace.cli.streams import deliver
    from vpa_inplace.cli.summary import summary

    deliver(summary(load_config(file), str(file)), None)


@config.command()
def reference() -> None:
    """List every setting with its built-in value and meaning, as markdown (docs/settings.md)."""
    from vpa_inplace.api.reference import reference as page
    from vpa_inplace.cli.streams import deliver

    deliver(page(), None)


@config.command()
def crds(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="[DIRECTORY]", help="Where to write them, one file each; default: print all."),
    ] = None,
) -> None:
    """Write the CustomResourceDefinitions of this version as YAML (deploy/crds), for `kubectl apply -f`."""
    from vpa_inplace.api.crd import manifests
    from vpa_inplace.cli.streams import deliver

    if directory is None:
        deliver("---\n".join(manifests().values()), None)
        return
    for name, text in manifests().items():
        deliver(text, directory / name)
