"""``vpa-inplace replay``: what would have been decided on recorded usage, step by step, without a look ahead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vpa_inplace.cli.options import FORECAST, OUTPUT, USAGE, ConfigOptions, ForecastOptions, TalkOptions, option
from vpa_inplace.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vpa_inplace.domain.policy import Policy
    from vpa_inplace.drive.replay import Replay
    from vpa_inplace.forecast import Forecaster


def replay(
    forecast: ForecastOptions,
    talk: TalkOptions,
    file: ConfigOptions,
    *,
    usage: Annotated[
        Path,
        option(
            "--usage",
            text="Parquet: ts (start of the window), series, cpu (cores), mem (bytes; may be missing).",
            panel=USAGE,
            metavar="FILE",
        ),
    ],
    out: Annotated[
        Path,
        option(
            "--out",
            text="Parquet to write: ts, series, cpu, mem, the sizes asked for from ts on; empty where one stays.",
            panel=OUTPUT,
            metavar="FILE",
        ),
    ],
    max_resizes: Annotated[
        str | None,
        option("--max-resizes", text="Resizes a day for each series; none: no budget.", panel=FORECAST, metavar="N"),
    ] = None,
    delay: Annotated[
        int, option("--delay", text="Steps until a decision is in force.", panel=FORECAST, metavar="K", min=0)
    ] = 0,
) -> None:
    """Decide on recorded usage at every step, as if it were happening, and write the decisions down.

    --set takes fields of the policy too, as the configuration file names them: cpu.hold=3h, memory.peakMargin=none.
    With neither --profile nor --config floors are 1m and 1Mi, so that rules compare.
    """
    from vpa_inplace.cli.progress import progress
    from vpa_inplace.cli.streams import speaker
    from vpa_inplace.drive.decisions import read_usage, write_decisions
    from vpa_inplace.drive.replay import replay as run

    say = speaker(quiet=talk.quiet)
    _check_out(out, usage)
    forecaster, policy = _rules(forecast, file, max_resizes, say)
    table = read_usage(usage)
    with progress(quiet=talk.quiet) as tell:
        result = run(table, forecaster, policy, delay=delay, report=tell)
    write_decisions(out, result.decisions, table)
    say(_summary(result, len(table.names), out))


def _rules(
    forecast: ForecastOptions, file: ConfigOptions, max_resizes: str | None, say: Callable[[str], None]
) -> tuple[Forecaster, Policy]:
    """Forecaster and policy of every series: what ``recommend`` would use, then the flags of this command on top."""
    from vpa_inplace.api.policies import default_policy, forecaster_of
    from vpa_inplace.api.set_flag import parse_settings
    from vpa_inplace.cli import work
    from vpa_inplace.drive.replay import floorless, giving_back

    config = work.configured(file)
    chosen = work.forecasting(config, replace(forecast, knobs=None), say)
    settings = parse_settings(forecast.knobs or (), chosen.forecaster.name)
    policy = default_policy(config, chosen.flags)
    bare = forecast.profile is None and file.config is None
    policy = settings.over(floorless(policy) if bare else giving_back(policy))
    if max_resizes is not None:
        policy = replace(policy, max_resizes_per_day=_budget(max_resizes))
    return forecaster_of(config, replace(chosen.flags, knobs=settings.knobs)), policy


def _budget(text: str) -> float | None:
    if text == "none":
        return None
    try:
        budget = float(text)
    except ValueError:
        budget = 0.0
    if not 0 < budget < 1e6:
        raise UsageError(f"--max-resizes {text}: write a number above 0, or none")
    return budget


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
