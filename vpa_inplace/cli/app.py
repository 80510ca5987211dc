"""The program ``vpa-inplace``: its commands, and the one place where errors become a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from vpa_inplace.cli.lazy import Entry, LazyCommand
from vpa_inplace.cli.streams import printable, say
from vpa_inplace.domain.errors import ConfigError, UsageError, VpaInplaceError

NAME: Final = "vpa-inplace"
DONE, FAILED, USAGE, INTERRUPTED, UNREAD = 0, 1, 2, 130, 141  # the last two: 128 + SIGINT, 128 + SIGPIPE, as shells say

COMMANDS: Final = {
    name: Entry(f"vpa_inplace.cli.{module}", attribute, text)
    for name, module, attribute, text in (
        ("recommend", "recommend", "recommend", "Say what would be resized, and why. Changes nothing."),
        ("explain", "explain", "explain", "Show how the sizes of one workload come about, step by step."),
        ("demo", "demo", "demo", "See it all on a generated fleet: no cluster, no Prometheus, no network."),
        ("replay", "replay", "replay", "Let a forecaster decide through recorded usage, without hindsight."),
        ("record", "record", "record", "Keep what is observed now in one file, to be looked at offline."),
        ("doctor", "doctor", "doctor", "Check what is there to work with, and say what to do about the rest."),
        ("run", "run", "run", "Resize running pods in place, until it is stopped: the controller."),
        ("restore", "restore", "restore", "Raise running pods to the ceiling of the day, without any usage."),
        ("config", "config", "config", "Check a configuration file, or list its settings."),
    )
}
"""Every command: one file of this folder each."""


def _version(wanted: bool) -> None:
    if wanted:
        from vpa_inplace import __version__

        print(f"{NAME} {__version__}")
        raise typer.Exit


def program() -> Any:
    """The command line as an object that parses and runs."""
    app = typer.Typer(name=NAME, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})

    @app.callback()
    def start(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        """Sizes for running Kubernetes containers, from forecasts of their demand.

        Start with `vpa-inplace demo`, then `vpa-inplace recommend -p http://your-prometheus:9090`. Both change nothing.
        Every option has a mirror in the environment: `--prometheus` is VPA_INPLACE_PROMETHEUS.
        """

    group: Any = typer.main.get_command(app)
    for name, entry in COMMANDS.items():
        group.add_command(LazyCommand(name, entry))
    return group


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and exit: 0 done, 1 failed, 2 usage or configuration."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run, and return the exit code."""
    command = program()
    if f"_{NAME}_COMPLETE".upper().replace("-", "_") in os.environ:
        command.main(args=list(arguments), prog_name=NAME)
    try:
        return _run(command, list(arguments))
    except BrokenPipeError:
        # nobody reads on (| head): no reason to speak, nor for the interpreter to try again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except KeyboardInterrupt:
        say("interrupted; nothing was changed")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place to catch anything: say that it is our mistake
        return _bug(error, arguments)


def _run(command: Any, arguments: list[str]) -> int:
    try:
        with command.make_context(NAME, arguments) as context:
            command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        return _usage(error)
    except ConfigError as error:
        for mistake in error.mistakes:
            say(f"error: {printable(f'{error.where}: {mistake}')}")
        return USAGE
    except VpaInplaceError as error:
        say(f"error: {printable(str(error))}")
        return USAGE if isinstance(error, UsageError) else FAILED
    return DONE


def _usage(error: typer.TyperException) -> int:
    """What the parser did not understand. Called without any argument, a command shows its help."""
    context = getattr(error, "ctx", None)
    text = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        say(text)
        return USAGE
    say(f"error: {printable(text)} (see {NAME if context is None else context.command_path} --help)")
    return USAGE


def _bug(error: Exception, arguments: Sequence[str]) -> int:
    detailed = bool({"-v", "--verbose"} & set(arguments)) or os.environ.get("VPA_INPLACE_VERBOSE", "") not in {"", "0"}
    if detailed:
        import traceback

        traceback.print_exception(error)
    hint = "" if detailed else "; -v shows where"
    say(f"error: this is a bug of {NAME}: {type(error).__name__}: {printable(str(error))}{hint}. Please report it.")
    return FAILED
