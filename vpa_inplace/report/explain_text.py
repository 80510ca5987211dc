"""An explanation for people: the chart, then each stage with the number it handed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report import cells
from vpa_inplace.report.chart import Ink, Level, Picture, draw, legend
from vpa_inplace.report.document import Amount, Figures, Judged
from vpa_inplace.report.explain import Derivation, Explanation
from vpa_inplace.report.options import Options
from vpa_inplace.report.reasons import ahead
from vpa_inplace.report.table import STYLES, joined
from vpa_inplace.report.table import draw as printed
from vpa_inplace.report.text import count, human, percent, sentence, span, visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH: Final = 100  # columns where nobody says otherwise
INK: Final = {
    Ink.AXIS: "dim",
    Ink.PAST: "blue",
    Ink.AHEAD: "cyan",
    Ink.GAP: "dim",
    Ink.REQUEST: "bold yellow",
    Ink.LIMIT: "red",
    Ink.TARGET: "bold green",
}
TITLES: Final = {Resource.CPU: "CPU", Resource.MEMORY: "Memory"}


def explain_text(explanation: Explanation, options: Options) -> str:
    """Readable at 80 columns and more; ``options.width`` or 100."""
    return printed(lambda console: _print(console, explanation, options), options)


def _print(console: Console, explanation: Explanation, options: Options) -> None:
    width = min(console.width, options.width or WIDTH, 180)
    for part in _head(explanation, options, width):
        console.print(part)
    for resource in Resource:
        console.print()
        for part in _resource(explanation, resource, options, width):
            console.print(part)
    console.print()
    for part in (*_moves(explanation, width), *_remarks(explanation)):
        console.print(part)


def _head(explanation: Explanation, options: Options, width: int) -> Iterator[RenderableType]:
    from rich.text import Text

    row = explanation.row
    yield Text(visible(explanation.key), style="bold cyan")
    facts = [
        f"{row.container_kind} in {count(row.pods, 'pod')}"
        + (f" of {len(row.variants)} sizes" if len(row.variants) > 1 else ""),
        f"profile {row.profile}",
        f"risk {percent(explanation.risk)}",
        f"updateMode {row.update_mode}",
        f"{explanation.generated_at:%a %Y-%m-%d %H:%M} UTC",
    ]
    for line in joined(facts, width):
        yield Text(line, style="dim")
    yield Text(f"charts: {legend(unicode=options.unicode)}", style="dim")


def _resource(explanation: Explanation, resource: Resource, options: Options, width: int) -> Iterator[RenderableType]:
    """One resource: the change as a heading, the chart, the stages."""
    from rich.text import Text

    figures, derivation = explanation.row.of(resource), explanation.of(resource)
    words = ", ".join(dict.fromkeys((str(figures.severity), str(figures.action))))
    change = cells.change(figures, resource)
    if change.endswith(")") and explanation.row.pods > 1:
        change = f"{change[:-1]} over {count(explanation.row.pods, 'pod')})"
    title = Text.assemble((f"{TITLES[resource]} request  ", "bold"), (change, STYLES[figures.severity]))
    yield title + Text(f"{words:>{max(width - title.cell_len, len(words) + 2)}}", STYLES[figures.severity])
    yield Text(("─" if options.unicode else "-") * width, style="dim")
    chart = draw(_picture(explanation, resource), width=width, unicode=options.unicode)
    for line in chart:
        yield Text.assemble(*((text, INK[ink]) for text, ink in line))
    if not chart:
        yield Text(" no usage and no forecast to draw", style="dim")
    yield Text("")
    yield _stages(_steps(figures, derivation, explanation, resource))


def _picture(explanation: Explanation, resource: Resource) -> Picture:
    row, derivation = explanation.row, explanation.of(resource)
    figures = row.of(resource)
    past = timedelta(seconds=len(derivation.past.maxima) * derivation.past.bucket_seconds)
    shown = [
        (Ink.REQUEST, "request", figures.request, False),
        (Ink.LIMIT, "limit", figures.limit, False),
        (Ink.TARGET, "target", figures.target, True),
    ]
    return Picture(
        past=derivation.past.maxima,
        ahead=figures.curve,
        past_span=past,
        ahead_span=timedelta(hours=len(figures.curve)),
        now=derivation.past.start + past,
        levels=tuple(
            Level(ink, amount.amount, f"{word} {human(amount.amount, resource)}", ahead_only)
            for ink, word, amount, ahead_only in shown
            if amount.amount is not None
        ),
        resource=resource,
        label=lambda value: human(value, resource),
    )


Said = tuple[str, str]  # the stage, and what it says


def _steps(figures: Figures, derivation: Derivation, explanation: Explanation, resource: Resource) -> Iterator[Said]:
    """From the samples to the size, in the order of the stages."""
    yield "data", _data(figures, derivation)
    yield "usage", _usage(figures, resource)
    yield "forecast", _forecast(figures, derivation, explanation, resource)
    yield "floors", _floors(derivation, resource)
    yield "rounding", _rounding(figures, derivation, resource)
    yield (
        "bounds",
        f"minAllowed {_maybe(derivation.min_allowed, resource)}, maxAllowed {_maybe(derivation.max_allowed, resource)}",
    )
    yield "size", cells.bounds(figures, resource) or "?"
    yield "set by", f"{figures.why.code} · {sentence(figures.why.message)}"
    remarks = [sentence(note) for note in (figures.note, cells.held(figures)) if note]
    yield "request", ": ".join([_change(figures.request, figures.recommended, resource), *remarks])
    yield "limit", f"{_change(figures.limit, figures.recommended_limit, resource)}: {derivation.limit_rule}"


def _data(figures: Figures, derivation: Derivation) -> str:
    known = figures.usage
    if known.peak is None:
        return "no samples"
    newest = "none in the last day" if known.age_seconds is None else f"the newest {span(known.age_seconds)} old"
    parts = [f"samples over {span(known.span_seconds)}, {newest}, {percent(known.coverage)} of the last day's"]
    if derivation.throttled_steps:
        parts.append(f"{count(derivation.throttled_steps, 'step')} throttled or killed, demand was higher")
    return "; ".join(parts)


def _usage(figures: Figures, resource: Resource) -> str:
    known = figures.usage
    amounts = (("newest", known.newest), ("last hour up to", known.recent_peak), ("on record up to", known.peak))
    return ", ".join(f"{word} {human(amount, resource)}" for word, amount in amounts if amount is not None) or "?"


def _forecast(figures: Figures, derivation: Derivation, explanation: Explanation, resource: Resource) -> str:
    row = explanation.row
    if derivation.demand is None:
        return f"{row.forecaster}: ?"
    hold = ahead(timedelta(seconds=derivation.hold_seconds))
    demand = human(derivation.demand, resource)
    day = _day(figures.curve, explanation.generated_at, resource)
    return f"{row.forecaster}, confidence {percent(row.confidence)}: up to {demand} {hold}; {day}"


def _day(curve: Sequence[int | None], now: datetime, resource: Resource) -> str:
    """The lowest and the highest ceiling of the coming day, and when the highest is reached first."""
    known = [ceiling for ceiling in curve if ceiling is not None]
    low, high = min(known), max(known)
    if low == high:
        return "the same all day"
    when = now + curve.index(high) * timedelta(hours=1)
    return f"{human(low, resource)} to {human(high, resource)} in the day, the most from {when:%a %H:%M} on"


def _floors(derivation: Derivation, resource: Resource) -> str:
    peak = f"{resource.key} is not held at its peak on record"
    if derivation.peak_margin is not None:
        floor = "?" if derivation.peak_floor is None else human(derivation.peak_floor, resource)
        peak = f"peak on record + {percent(derivation.peak_margin)} = {floor}"
    if resource is Resource.CPU:
        return peak
    return f"{peak}; {derivation.oom or 'no OOM kill in force'}"


def _rounding(figures: Figures, derivation: Derivation, resource: Resource) -> str:
    unit = human(derivation.quantum, resource)
    uncapped = cells.shown(figures.uncapped_target, resource)
    return (
        f"up to a multiple of {unit}: {uncapped} (uncappedTarget)" if uncapped != "?" else f"up to a multiple of {unit}"
    )


def _change(before: Amount, after: Amount, resource: Resource) -> str:
    now, then = cells.shown(before, resource), cells.shown(after, resource)
    return f"{now} → {then}" if before != after else f"{now} stays"


def _maybe(amount: int | None, resource: Resource) -> str:
    return "unset" if amount is None else human(amount, resource)


def _stages(steps: Iterator[Said]) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=8)
    grid.add_column(overflow="fold")
    for step in steps:
        grid.add_row(*step)
    return Padding(grid, (0, 0, 0, 1), expand=False)


def _moves(explanation: Explanation, width: int) -> Iterator[RenderableType]:
    """What is to be done with the pods, and every refusal with what lifts it."""
    from rich.text import Text

    yield Text("Resizes", style="bold")
    yield Text("─" * width, style="dim")
    row = explanation.row
    if not row.verdicts:
        yield Text(" none: every pod stands where it should, or cannot be sized", style="dim")
    for judged in row.verdicts:
        passed = "passes all guards" if judged.admitted else f"held back by {count(len(judged.refusals), 'guard')}"
        yield Text.assemble(f" {cells.verdict(row, judged)}: ", (passed, "green" if judged.admitted else "yellow"))
        if judged.refusals:
            yield _refusals(judged)
    if explanation.resizes_left is not None and explanation.resizes_per_day is not None:
        left = f"{max(explanation.resizes_left, 0):.3g} of {explanation.resizes_per_day:g}"
        yield Text(f" budget: {left} resizes left today", style="dim")
    if len(row.variants) > 1:
        yield Text(" the pods differ:", style="dim")
        for variant in row.variants:
            sizes = ", ".join(
                f"{resource.key} {cells.shown(variant.requests[resource.key], resource)}"
                f" (limit {cells.shown(variant.limits[resource.key], resource)})"
                for resource in Resource
            )
            yield Text(f"   {count(variant.pods, 'pod')}: {sizes}", style="dim")


def _refusals(judged: Judged) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="yellow", no_wrap=True)
    grid.add_column(overflow="fold")
    for refusal in judged.refusals:
        lifted = (f"\nlifted by {sentence(refusal.lifted_by)}", "dim")
        grid.add_row(refusal.reason, Text.assemble(sentence(refusal.message), lifted))
    return Padding(grid, (0, 0, 0, 3), expand=False)


def _remarks(explanation: Explanation) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    remarks = [
        *(
            f"skipped {visible(skip.what)} ({visible(skip.reason)}): {sentence(skip.message)}"
            for skip in explanation.skips
        ),
        *(sentence(warning) for warning in explanation.warnings),
        *(
            f"{count(number, 'sample')} cleaned in all: {visible(reason)}"
            for reason, number in explanation.cleaned.items()
        ),
    ]
    if remarks:
        yield Text("")
        yield Text("Remarks", style="bold")
    for remark in remarks:
        yield Padding(Text(remark, style="dim"), (0, 0, 0, 1), expand=False)
