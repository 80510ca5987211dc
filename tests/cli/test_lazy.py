from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from vpa_inplace.cli.app import COMMANDS
from vpa_inplace.cli.lazy import flat, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    colour: Annotated[str, typer.Option("-c", "--colour")] = "red"
    size: Annotated[int | None, typer.Option()] = None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["x"], ("x", Group(), False), id="defaults"),
        pytest.param(
            ["x", "-c", "blue", "--size", "3", "--loud"], ("x", Group(colour="blue", size=3), True), id="given"
        ),
    ],
)
def test_a_group_of_options_reaches_the_command_as_one_value(arguments: list[str], expected: object) -> None:
    seen: list[object] = []

    def command(
        name: Annotated[str, typer.Argument()], group: Group, loud: Annotated[bool, typer.Option("--loud")] = False
    ) -> None:
        seen.append((name, group, loud))

    command.__annotations__ = {  # local names cannot be resolved from text
        "name": Annotated[str, typer.Argument()],
        "group": Group,
        "loud": Annotated[bool, typer.Option("--loud")],
        "return": None,
    }
    app = typer.Typer(add_completion=False)
    app.command()(flat(command))
    typer.main.get_command(app).main(arguments, standalone_mode=False)
    assert seen == [expected]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_entry_leads_to_a_command_with_help(name: str) -> None:
    proper = load(COMMANDS[name], name)
    assert proper.name == name
    assert proper.help
