"""Commands that are imported when they are called, and options that several commands share.

Importing what a command needs takes seconds; ``--help`` must not. A command is a function whose parameters are typer's,
or dataclasses of them: ``def recommend(scope: ScopeOptions, ...)`` takes every option of ``ScopeOptions``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from importlib import import_module
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is to be found: a function, or a Typer of sub-commands."""

    module: str
    attribute: str
    help: str  # its line in the list of commands; kept here so that the list needs no import


class LazyCommand(TyperCommand):
    """Stands in the list of commands for one that is not imported yet."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.help)
        self._entry = entry

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of the command proper; everything after this line is its."""
        return load(self._entry, self.name or "").make_context(*args, **kwargs)


def load(entry: Entry, name: str) -> Any:
    """The command proper."""
    found = getattr(import_module(entry.module), entry.attribute)
    if isinstance(found, typer.Typer):
        return named(typer.main.get_command(found), name)
    app = typer.Typer(add_completion=False)
    app.command(name)(flat(found))
    return typer.main.get_command(app)


def named(command: Any, name: str) -> Any:
    command.name = name
    return command


def flat(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the fields of its option dataclasses as parameters, as typer reads them."""
    hints = get_type_hints(function, include_extras=True)
    groups: Mapping[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters += _parameters(groups[parameter.name])
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(function)
    def run(**given: Any) -> Any:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return function(**made, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__  # what inspect looks at before the signature
    return run


def _parameters(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
