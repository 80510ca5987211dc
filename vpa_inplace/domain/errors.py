"""Every error that this package raises on purpose; the message says what happened, to whom, and what comes next.

* VpaInplaceError            exit code 1
  x UsageError               exit code 2: a flag, a file name or a setting is wrong
    - ConfigError            a configuration or profile file; all mistakes of a file are reported together
    - QuantityError          text that is no Kubernetes quantity
    - UnknownName            a profile, forecaster, report or key that does not exist (did you mean ...)
  x SourceUnavailable        a source of facts cannot be reached or read; retry later
    - SourceRefused          it answered, and said no (credentials, permissions)
    - SourceConfused         it answered something that is not its protocol (a login page, another product)
  x DataError                one object's data does not support a decision; the others go on
    - FileRefused            a file is torn, foreign or of a newer schema; nothing of it was used
  x InvalidSizes             our bug: fail the tick, resize nothing
"""

from collections.abc import Iterable
from difflib import get_close_matches


class VpaInplaceError(Exception):
    """Root of everything raised on purpose."""


class UsageError(VpaInplaceError):
    """What the user asked for cannot be done as asked."""


class ConfigError(UsageError):
    """A configuration file is wrong; carries one line per mistake."""

    def __init__(self, where: str, mistakes: Iterable[str]) -> None:
        self.where = where
        self.mistakes = tuple(mistakes)
        super().__init__(f"{where}: " + "; ".join(self.mistakes))


class QuantityError(UsageError):
    """Text that is not a Kubernetes quantity."""


class UnknownName(UsageError):
    """A name that is not among the known ones; suggests the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        near = get_close_matches(name, self.known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(self.known)}"
        super().__init__(f"unknown {kind} {name!r}: {hint}")


class SourceUnavailable(VpaInplaceError):
    """A source cannot be reached, or did not answer in time."""


class SourceRefused(SourceUnavailable):
    """The source answered and refused: credentials or permissions."""


class SourceConfused(SourceUnavailable):
    """The answer is not the protocol we speak: a login page, a proxy's error page, another product."""


class DataError(VpaInplaceError):
    """One object's data does not support a decision; the others go on."""


class FileRefused(DataError):
    """A file that is torn, foreign or written by a newer version."""


class InvalidSizes(VpaInplaceError):
    """Sizes that break their own law (lower <= target <= upper): a bug of ours, so nothing is resized."""
