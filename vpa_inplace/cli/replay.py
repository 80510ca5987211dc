"""``vpa-inplace replay``: what would have been decided on recorded usage, step by step, without a look ahead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpa_inplace.cli.streams import say
from vpa_inplace.domain.errors import UsageError

if TYPE_CHECKING:
    from vpa_inplace.drive.replay import Replay

UsageFile = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="Parquet to read: ts (start of the window), series, cpu (cores), mem (bytes; may be missing).",
        envvar="VPA_INPLACE_USAGE",
    ),
]
OutFile = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="Parquet to write: ts, series, cpu, mem; the sizes asked for from ts on, NaN where one stays.",
        envvar="VPA_INPLACE_OUT",
    ),
]
Forecaster = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="recent, static, vpa ...; default: the profile's.", envvar="VPA_INPLACE_FORECASTER"
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Policy of every series. Without it the default one, with floors of 1m and 1Mi so that rules compare.",
        envvar="VPA_INPLACE_PROFILE",
    ),
]
Risk = Annotated[
    str | None,
    typer.Option(metavar="SHARE", help="Tolerated share of time under-provisioned: 1%.", envvar="VPA_INPLACE_RISK"),
]
MaxResizes = Annotated[
    str | None,
    typer.Option(
        metavar="N|none", help="Resizes a day of each series; default: the profile's.", envvar="VPA_INPLACE_MAX_RESIZES"
    ),
]
Delay = Annotated[
    int, typer.Option(min=0, metavar="K", help="Steps until a decision is in force.", envvar="VPA_INPLACE_DELAY")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="A knob of the forecaster or a field of the policy: margin=20%, cpu.hold=3h. May be repeated.",
        envvar="VPA_INPLACE_SET",
    ),
]


def replay(
    *,
    usage: UsageFile,
    out: OutFile,
    forecaster: Forecaster = None,
    profile: Profile = None,
    risk: Risk = None,
    max_resizes: MaxResizes = None,
    delay: Delay = 0,
    set: Set = None,
) -> None:
    """Decide on recorded usage at every step, as if it were happening, and write the decisions down."""
    from vpa_inplace.api.config import Config
    from vpa_inplace.api.policies import Overrides, default_policy, forecaster_of
    from vpa_inplace.api.set_flag import parse_settings
    from vpa_inplace.cli.progress import progress
    from vpa_inplace.drive.decisions import read_usage, write_decisions
    from vpa_inplace.drive.replay import floorless, giving_back
    from vpa_inplace.drive.replay import replay as run

    _check_out(out, usage)
    config, flags = Config(), Overrides(profile=profile, forecaster=forecaster)
    said = [f"maxResizesPerDay={max_resizes}"] if max_resizes else []
    said += [f"risk={risk}"] if risk else []
    settings = parse_settings([*said, *(set or ())], forecaster_of(config, flags).name)
    chosen = forecaster_of(config, replace(flags, knobs=settings.knobs))
    base = default_policy(config, flags)
    policy = settings.over(floorless(base) if profile is None else giving_back(base))
    if risk and not chosen.uses_risk:
        say(f"warning: forecaster {chosen.name!r} has a fixed margin; --risk changes nothing")
    table = read_usage(usage)
    with progress() as report:
        result = run(table, chosen, policy, delay=delay, report=report)
    write_decisions(out, result.decisions, table)
    say(_summary(result, len(table.names), out))


def _check_out(out: Path, usage: Path) -> None:
    """Before minutes of work, not after."""
    if not out.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}")
    if out.resolve() == usage.resolve():
        raise UsageError(f"--out {out} would overwrite the usage; name another file")


def _summary(result: Replay, series: int, out: Path) -> str:
    refused = ", ".join(f"{reason} {times:,}" for reason, times in result.refused.most_common())
    return (
        f"replayed {series:,} series: {result.moves:,} resizes, {int(result.killed.sum()):,} OOM kills; "
        f"moves held back, counted at every step: {refused or 'none'}; {len(result.decisions):,} rows in {out}"
    )
