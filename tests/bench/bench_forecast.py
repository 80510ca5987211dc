"""How long the brain takes: forecasts, a tick at ten thousand containers, a replay of two months."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tests.bench.data import END, some_history, some_rows, some_usage, with_weeks
from tests.bench.figures import Figure, timed
from vpa_inplace.decide import decide
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import Index
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.pods import Container, Pod, qos_of
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.domain.snapshot import Slots, Snapshot
from vpa_inplace.drive.decisions import Usage
from vpa_inplace.drive.replay import floorless, replay
from vpa_inplace.forecast import FORECASTERS, make_forecaster
from vpa_inplace.forecast.outlook import Forecaster, Outlook
from vpa_inplace.history import History, evidence_of

MIB = 2**20
ROWS = 10_000
RULE = make_forecaster("recent")
ONE_BY_ONE = 200  # rows of the loop that the batch is compared with


def run() -> Iterator[Figure]:
    """All figures that need neither a cluster nor a Prometheus."""
    history = with_weeks(some_history(ROWS))
    for name in FORECASTERS:
        yield from forecast(name, history)
    yield from tick(history)
    del history
    yield cold_memory()


def forecast(name: str, history: History) -> Iterator[Figure]:
    """Milliseconds a container from nothing, and how much slower a loop over containers would be."""
    forecaster = make_forecaster(name)
    batch = per_series(forecaster, history)
    loop = one_by_one(forecaster, history)
    yield Figure(
        what=f"forecast {name}, {len(history.rows):,} containers",
        measured=batch * 1000,
        unit="ms/series",
        budget=0.15,
        note=f"learnt from nothing; a loop over containers takes {loop / batch:.0f} times as long",
    )


def per_series(forecaster: Forecaster, history: History, times: int = 1) -> float:
    """Seconds a row to learn and look ahead, all rows at once."""
    n = len(history.rows)
    risk = np.full(n, 0.01)
    return timed(lambda: forecaster.foresee(history, forecaster.learn(history, None), risk), times) / n


def one_by_one(forecaster: Forecaster, history: History, rows: int = ONE_BY_ONE) -> float:
    """Seconds a row to do the same with one row at a time."""
    step = max(1, len(history.rows) // rows)
    singles = [history.on(Index((key,))) for key in history.rows.keys[::step]]
    risk = np.full(1, 0.01)

    def loop() -> None:
        for single in singles:
            forecaster.foresee(single, forecaster.learn(single, None), risk)

    return timed(loop) / len(singles)


def tick(history: History) -> Iterator[Figure]:
    """One cycle of the controller's brain at full size: new samples come in, everything is decided anew."""
    new = some_usage(len(history.rows), 1, seed=2)
    grown = history.append(new, start=history.end)
    snapshot, outlook, policies = observed(grown)
    ledger = Ledger.empty(grown.rows)
    verdicts = decide(snapshot, outlook, ledger, policies).verdicts
    parts = {
        "append": timed(lambda: history.append(new, start=history.end)),
        "evidence": timed(lambda: evidence_of(grown, grown.end)),
        "forecast": timed(lambda: RULE.foresee(grown, None, policies.risk)),
        "decide": timed(lambda: decide(snapshot, outlook, ledger, policies)),
    }
    note = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in parts.items())
    yield Figure(
        what=f"tick without I/O, {len(history.rows):,} containers",
        measured=sum(parts.values()),
        unit="s",
        budget=2.0,
        note=f"{note} ({len(verdicts):,} moves judged)",
    )


def observed(history: History) -> tuple[Snapshot, Outlook, Policies]:
    """What ``decide`` needs at the end of a history: one pod a row."""
    policies = Policies.uniform(Policy(), len(history.rows))
    pods = some_pods(history.rows)
    snapshot = Snapshot(
        now=datetime.fromtimestamp(history.end, UTC),
        rows=history.rows,
        pods=pods,
        slots=Slots.of(pods, history.rows),
        evidence=evidence_of(history, history.end),
    )
    return snapshot, RULE.foresee(history, None, policies.risk), policies


def some_pods(rows: Index) -> tuple[Pod, ...]:
    """One pod a row; every second one has limits."""
    pods = []
    for i, key in enumerate(rows):
        amounts = Amounts(500, 512 * MIB)
        container = Container(name=key.container, requests=amounts, limits=amounts if i % 2 else Amounts())
        name = f"{key.workload.name}-0"
        pods.append(
            Pod(
                namespace=key.namespace,
                name=name,
                uid=name,
                workload=key.workload,
                containers=(container,),
                qos=qos_of((container,)),
                node=f"node-{i % 100}",
            )
        )
    return tuple(pods)


def cold_memory() -> Figure:
    """Peak memory of a process that holds the full history, forecasts and decides once."""
    script = "from tests.bench.bench_forecast import cold; cold()"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    return Figure(
        what=f"peak memory, {ROWS:,} containers x 8 d",
        measured=float(done.stdout) / 1024,
        unit="MB",
        budget=500.0,
        note="history, forecast and one decision in a process of their own; no pull",
    )


def cold() -> None:
    """Print this process's peak in KiB after one whole decision.

    From /proc, because getrusage still counts what the parent held when this process was started.
    """
    history = with_weeks(some_history(ROWS))
    snapshot, outlook, policies = observed(history)
    decide(snapshot, outlook, Ledger.empty(history.rows), policies)
    status = Path("/proc/self/status").read_text()
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def two_months() -> Iterator[Figure]:
    """The replay of DESIGN's budget: 200 series, 62 days, five-minute steps, one setting of the knobs."""
    series, days = 200, 62
    width = days * 288
    start = int(END.timestamp()) - width * 300
    usage = some_usage(series, width)
    usage_table = Usage.of(History.of(some_rows(series), start=start, step=300, usage=usage))
    free = floorless(replace(Policy(), max_resizes_per_day=None))
    for label, policy in (("8 resizes a day", floorless(Policy())), ("no budget", free)):
        result = []
        seconds = timed(lambda p=policy, r=result: r.append(replay(usage_table, RULE, p)))
        yield Figure(
            what=f"replay {series} x {days} d, {label}",
            measured=seconds,
            unit="s",
            budget=60.0,
            note=f"{result[0].moves:,} moves made, {sum(result[0].refused.values()):,} refusals",
        )
