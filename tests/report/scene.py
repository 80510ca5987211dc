"""One small cluster with every kind of row that a report has to tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.support.builders import MIB, a_container, a_history, a_pod, a_snapshot, rows_of
from vpa_inplace.decide import Decision
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.keys import ContainerKey, WorkloadKey
from vpa_inplace.domain.ledger import Ledger
from vpa_inplace.domain.moves import Skip
from vpa_inplace.domain.pods import ContainerKind, Pod
from vpa_inplace.domain.policy import Policies, Policy
from vpa_inplace.drive.once import decide_once
from vpa_inplace.forecast import Forecaster, make_forecaster
from vpa_inplace.history import History
from vpa_inplace.observe.source import Observation
from vpa_inplace.report.build import build
from vpa_inplace.report.document import Document

GIB = 1024 * MIB
DEFAULT = Policy()
HOURS = np.arange(3 * 24 * 12) / 12  # three days of five-minute steps, as hours of the day; the last one ends at noon


def a_day(low: float, high: float, *, peak_at: float = 10.0) -> np.ndarray:
    """A daily rhythm: ``low`` at night, ``high`` at ``peak_at`` o'clock; starts and ends at noon."""
    wave = np.cos((HOURS + 12 - peak_at) / 24 * 2 * np.pi)
    return (low + (high - low) * np.maximum(wave, 0) ** 2).astype(np.float32)


def workload(name: str, namespace: str = "shop", kind: str = "Deployment") -> WorkloadKey:
    return WorkloadKey("test", namespace, kind, name)


def pods_of(owner: WorkloadKey, *pods: Sequence[object], **more: object) -> list[Pod]:
    return [a_pod(*containers, name=f"{owner.name}-{i}", workload=owner, **more) for i, containers in enumerate(pods)]  # type: ignore[arg-type]


def scene() -> tuple[Decision, Observation]:
    """What stands here, in words:

    * shop/web: three over-requested pods with a daily rhythm and a sidecar that has no requests for memory
    * shop/cart: uses more than it asks for, at once to be rescued
    * shop/queue: two pods of one size and one of another
    * ml/llm: Guaranteed; its memory may not fall
    * ml/young: two hours old, so its shrink is held back
    * batch/silent: no samples at all
    * batch/idle: uses nothing, and asks for 0 of CPU
    * batch/none: BestEffort
    """
    limits = Amounts(1000, GIB)
    envoy = a_container("envoy", cpu=100, memory=None, kind=ContainerKind.SIDECAR)
    web = pods_of(workload("web"), *[(a_container(cpu=500, memory=GIB, limits=limits), envoy)] * 3)
    cart = pods_of(workload("cart"), *[(a_container(cpu=200, memory=256 * MIB),)] * 2)
    queue = pods_of(
        workload("queue", kind="StatefulSet"),
        *[(a_container(cpu=cpu, memory=230 * MIB),) for cpu in (500, 500, 115)],
    )
    full = a_container("vllm", cpu=8000, memory=64 * GIB, limits=Amounts(8000, 64 * GIB))
    llm = pods_of(workload("llm", "ml", "StatefulSet"), (full,), (full,))
    young = pods_of(workload("young", "ml"), (a_container(cpu=2000, memory=4 * GIB),))
    silent = pods_of(workload("silent", "batch", "CronJob"), (a_container(cpu=250, memory=128 * MIB),))
    idle = pods_of(workload("idle", "batch"), (a_container(cpu=0, memory=230 * MIB),))
    none = pods_of(workload("none", "batch"), (a_container(cpu=None, memory=None),))
    pods = [*web, *cart, *queue, *llm, *young, *silent, *idle, *none]
    history = _usage(pods)
    observation = Observation(
        snapshot=a_snapshot(*pods, history=history),
        history=history,
        skips=(
            Skip(
                "test/shop/Deployment/web/migrate", "InitContainer", "init containers are over before they can be sized"
            ),
            Skip("kube-system", "NamespaceExcluded", "excluded by default; name it with -n to include it"),
        ),
        warnings=("the source's clock is 40 s behind",),
        cleaned={"CounterReset": 12, "Negative": 0},
    )
    policies = Policies.uniform(Policy(), len(history.rows))
    return decide_once(observation, make_forecaster("recent"), policies), observation


def _usage(pods: Sequence[Pod]) -> History:
    rows = rows_of(pods)
    cpu = np.full((len(rows), len(HOURS)), 100, np.float32)
    memory = np.full((len(rows), len(HOURS)), 200 * MIB, np.float32)

    def put(owner: WorkloadKey, container: str, use_cpu: object = None, use_memory: object = None) -> None:
        row = rows.row(ContainerKey(owner, container))
        for matrix, use in ((cpu, use_cpu), (memory, use_memory)):
            if use is not None:
                matrix[row] = use

    put(workload("web"), "app", a_day(40, 160), a_day(300 * MIB, 420 * MIB))
    put(workload("web"), "envoy", 90, 60 * MIB)
    put(workload("cart"), "app", a_day(100, 340, peak_at=12), 210 * MIB)
    put(workload("llm", "ml", "StatefulSet"), "vllm", a_day(1000, 3000), 40 * GIB)
    late = np.where(HOURS >= 70, 1.0, np.nan)
    put(workload("young", "ml"), "app", late * 300, late * 600 * MIB)
    put(workload("silent", "batch", "CronJob"), "app", np.nan, np.nan)
    put(workload("idle", "batch"), "app", 0.0)
    put(workload("none", "batch"), "app", 5.0, 20 * MIB)
    return a_history(rows, cpu, memory, days=3)


def document() -> Document:
    return build(*scene(), cluster="test", forecaster_name="recent")


SIMPLE_RULE = make_forecaster("recent")


def reported(
    *pods: Pod,
    history: History | None = None,
    policy: Policy = DEFAULT,
    ledger: Ledger | None = None,
    forecaster: Forecaster = SIMPLE_RULE,
    **more: object,
) -> Document:
    """The report on a few pods; usage is 100m and 200 MiB without a history. ``more`` goes into the Observation."""
    snapshot = a_snapshot(*pods, history=history)
    history = a_history(snapshot.rows) if history is None else history
    observation = Observation(snapshot=snapshot, history=history, **more)  # type: ignore[arg-type]
    policies = Policies.uniform(policy, len(snapshot.rows))
    decision = decide_once(observation, forecaster, policies, ledger)
    return build(decision, observation, cluster="test", forecaster_name=forecaster.name)


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "a\nb\r\nc",
    "$(touch /tmp/owned)`id`",
    "\"'; rm -rf / #",
    "| x | <b> @octocat #1 [l](http://evil) www.evil.com *_~",
    "=HYPERLINK(1)",
    "\u202egnp.exe\u2028",
    "\ud800",
    "--all",
    "x" * 4096,
)
"""Names that no API server accepts, but a Prometheus label can hold."""


def hostile(name: str) -> Document:
    """The report on a container whose every name, skip and warning is hostile."""
    owner = WorkloadKey(name, name, name, name)
    pods = [
        a_pod(a_container(name), name=name, workload=owner),
        a_pod(a_container(name, cpu=None, memory=None), name=f"{name}2", workload=WorkloadKey(name, name, "Job", name)),
    ]
    return reported(*pods, skips=(Skip(name, "Odd", name),), warnings=(name,), cleaned={"Odd": 1})
