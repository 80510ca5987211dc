"""``vpa-inplace config``: check a configuration file, or list its settings."""

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
