"""The report for people at a terminal: a row per container, the reason under every number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Final

from vpa_inplace.domain.resource import Resource
from vpa_inplace.report import cells
from vpa_inplace.report.document import Document, Figures, Row, Severity
from vpa_inplace.report.grid import Cell, Column, Line, grid, painted
from vpa_inplace.report.options import Options
from vpa_inplace.report.text import ascii_only, count, percent, sentence, visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "yellow",
    Severity.OK: "",
    Severity.GOOD: "green",
    Severity.UNKNOWN: "dim",
}
SEVERITY_ORDER: Final = tuple(STYLES)
ROOMY: Final = 140  # columns from which namespace, workload and container stand side by side
NATURAL: Final = 100_000  # columns of a page on which nothing ever wraps
Said = tuple[str, str, str]  # reason, who, details
EXAMPLES: Final = 5  # lines shown of each kind below the table unless verbose

PODS: Final = Column("Pods", 7, right=True)
REQUESTS: Final = (Column("CPU request", 20), Column("Memory request", 20))
ROOMY_COLUMNS: Final = (
    Column("Namespace", 10),
    Column("Workload (kind)", 16),
    Column("Container", 12),
    PODS,
    *REQUESTS,
    Column("Severity", 8),
)
NARROW_COLUMNS: Final = (Column("Workload / container", 20), PODS, *REQUESTS)


def table(document: Document, options: Options) -> str:
    """Rows as KRR's users know them, then what is held back, what was skipped and why."""
    rows = "".join(f"{painted(line, color=options.color)}\n" for line in _rows(document, options))
    return rows + draw(lambda console: _below(console, document, options), options)


def draw(paint: Callable[[Console], None], options: Options) -> str:
    """What ``paint`` prints, as text for these options; no line ends in blanks, no escape codes without colour."""
    from rich.console import Console

    page = StringIO()
    console = Console(
        file=page,
        width=(options.width or NATURAL) - (0 if options.unicode else 2),  # an arrow takes two characters then
        force_terminal=options.color,
        color_system="standard" if options.color else None,
        no_color=not options.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    paint(console)
    text = "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"
    return text if options.unicode else ascii_only(text)


def joined(parts: Sequence[str], width: int) -> Iterator[str]:
    """The parts with a dot between them, broken into lines between parts only."""
    line = parts[0]
    for part in parts[1:]:
        if len(line) + len(part) + 3 > width:
            yield line
            line = part
        else:
            line += f" · {part}"
    yield line


def _rows(document: Document, options: Options) -> Iterator[Sequence[Line]]:
    """Title and rows; nothing for a cluster without containers."""
    if not document.rows:
        return
    at = f"{visible(document.cluster)} at {document.generated_at:%Y-%m-%d %H:%M} UTC, forecast by {document.forecaster}"
    yield [(at if options.unicode else ascii_only(at), "dim")]
    roomy = options.width is None or options.width >= ROOMY
    lines = [_row(row, options, roomy=roomy) for row in document.rows]
    if not options.unicode:
        lines = [[[(ascii_only(text), style) for text, style in cell] for cell in row] for row in lines]
    columns = ROOMY_COLUMNS if roomy else NARROW_COLUMNS
    yield from grid(columns, lines, width=options.width, rule="─" if options.unicode else "-")
    yield []


def _row(row: Row, options: Options, *, roomy: bool) -> list[Cell]:
    namespace, workload, container = (visible(x) for x in (row.namespace, row.workload, row.container))
    kind = cells.ABBREVIATED.get(row.kind, visible(row.kind))
    if row.container_kind == "sidecar":
        container += " (sidecar)"
    worst = min((row.cpu.severity, row.memory.severity), key=SEVERITY_ORDER.index)
    more: list[Line] = []
    if options.verbose:
        confidence = f"{row.forecaster}, confidence {percent(row.confidence)}"
        more = [(confidence, "dim"), (f"updateMode {row.update_mode}", "dim")]
    numbers = [
        [(part, "") for part in cells.pods(row).split(", ")],
        [*_cell(row.cpu, Resource.CPU, options)],
        [*_cell(row.memory, Resource.MEMORY, options)],
    ]
    severity = (str(worst), STYLES[worst])
    if roomy:
        return [[(namespace, "")], [(f"{workload} ({kind})", "cyan")], [(container, ""), *more], *numbers, [severity]]
    names = [(f"{namespace}/{workload} ({kind})", "cyan"), (f"  {container}", ""), (f"  {severity[0]}", severity[1])]
    return [[*names, *((f"  {text}", style) for text, style in more)], *numbers]


def _cell(figures: Figures, resource: Resource, options: Options) -> Iterator[Line]:
    """The change in the colour of its severity, the limit where it moves, the reason, and the guards."""
    limit = f"limit {cells.shown(figures.limit, resource)}" if options.verbose else None
    lines = [
        (cells.change(figures, resource), STYLES[figures.severity]),
        (cells.limit_change(figures, resource) or limit, ""),
        (cells.starving(figures, resource), "red"),
        (cells.reason(figures), "dim"),
        (figures.why.message if options.verbose and figures.note else None, "dim"),
        (cells.bounds(figures, resource) if options.verbose else None, "dim"),
        (cells.held(figures), "yellow"),
    ]
    return ((visible(line), style) for line, style in lines if line)


def _below(console: Console, document: Document, options: Options) -> None:
    """The line of totals and the lists."""
    from rich.text import Text

    for line in joined(cells.headline(document), console.width):
        console.print(Text(line, style="bold"))
    for section in (_held_back, _skipped, _warnings, _cleaned):
        parts = list(section(document, options))
        if parts:
            console.print()
        for part in parts:
            console.print(part)


def _held_back(document: Document, options: Options) -> Iterator[RenderableType]:
    """By reason, each refusal once per container, with what would lift it."""
    groups: dict[str, list[Said]] = {}
    for row in document.rows:
        who = visible(f"{row.namespace}/{row.workload}/{row.container}")
        for judged in row.verdicts:
            for refusal in judged.refusals:
                details = f"{sentence(refusal.message)}; lifted by {sentence(refusal.lifted_by)}"
                said = (refusal.reason, f"{who}: {cells.verdict(row, judged)}", details)
                groups.setdefault(refusal.reason, []).append(said)
    return _section(f"Held back ({count(document.summary.moves.refused, 'resize')})", [*groups.values()], options)


def _skipped(document: Document, options: Options) -> Iterator[RenderableType]:
    groups = [
        [(visible(reason), visible(skip.what), sentence(skip.message)) for skip in skips]
        for reason, skips in cells.by_reason(document.skips)
    ]
    return _section(f"Skipped ({len(document.skips)})", groups, options)


def _section(title: str, groups: Sequence[Sequence[Said]], options: Options) -> Iterator[RenderableType]:
    """A heading and one line for each thing: the reason, who, and (dim, below it where it does not fit) the details."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    if not any(groups):
        return
    yield Text(title, style="bold")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="yellow", no_wrap=True)
    grid.add_column(overflow="fold")
    for lines in groups:
        shown = lines if options.verbose else lines[:EXAMPLES]
        for reason, who, details in shown:
            grid.add_row(Text(reason), Text.assemble(who, "\n", (details, "dim")))
        if len(shown) < len(lines):
            grid.add_row("", Text(f"and {len(lines) - len(shown)} more for {shown[0][0]}; -v lists all", style="dim"))
    yield Padding(grid, (0, 0, 0, 2), expand=False)


def _warnings(document: Document, options: Options) -> Iterator[RenderableType]:  # noqa: ARG001 - a section like the others
    from rich.text import Text

    if document.warnings:
        yield Text("Warnings", style="bold yellow")
    for warning in document.warnings:
        yield Text(f"  {sentence(warning)}")


def _cleaned(document: Document, options: Options) -> Iterator[RenderableType]:  # noqa: ARG001 - a section like the others
    from rich.text import Text

    if document.cleaned:
        what = ", ".join(f"{number:,} {visible(reason)}" for reason, number in document.cleaned.items())
        yield Text(f"Cleaned samples: {what}", style="dim")
