"""How a report may look: the only thing that differs between a terminal, a pipe and a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shutil import get_terminal_size
from typing import TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a formatter is told. The defaults are those of a pipe: no colour, nothing cut off."""

    width: int | None = None  # columns to wrap at; None: one line per line, however long
    color: bool = False
    unicode: bool = True  # False: ASCII only
    verbose: bool = False
    context: str | None = None  # kubectl context that patches are written for

    @classmethod
    def for_stream(
        cls,
        stream: TextIO,
        environ: Mapping[str, str],
        *,
        width: int | None = None,
        verbose: bool = False,
        context: str | None = None,
    ) -> Options:
        """Options for what ``stream`` can show.

        Colour goes to terminals only and never where NO_COLOR holds a word (https://no-color.org) or TERM is dumb.
        A terminal wraps at its own width, a pipe not at all; ``width`` overrules both.
        """
        terminal = stream.isatty()
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        return cls(
            width=width or (get_terminal_size().columns if terminal else None),
            color=terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
            unicode=encoding.replace("-", "").startswith("utf"),
            verbose=verbose,
            context=context,
        )
