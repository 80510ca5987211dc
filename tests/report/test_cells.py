from __future__ import annotations

from tests.report.scene import document, reported
from tests.support.builders import MIB, a_container, a_history, a_pod, rows_of
from vpa_inplace.domain.amounts import Amounts
from vpa_inplace.domain.resource import Resource
from vpa_inplace.report import cells
from vpa_inplace.report.document import Amount, Skipped, State

CPU, MEMORY = Resource


def test_unset_unknown_and_zero_look_different() -> None:
    amounts = [
        Amount(state=State.UNSET),
        Amount(state=State.UNKNOWN),
        Amount(state=State.SET, amount=0, quantity="0"),
        Amount(state=State.SET, amount=1500, quantity="1500m"),
    ]
    assert [cells.shown(amount, CPU) for amount in amounts] == ["unset", "?", "0", "1.5"]


def test_the_scene_in_words() -> None:
    rows = {(row.workload, row.container): row for row in document().rows}
    changes = {key: (cells.change(row.cpu, CPU), cells.change(row.memory, MEMORY)) for key, row in rows.items()}
    # llm: 8 cores to the ceiling of a day of 3 cores; its memory is Guaranteed and stays
    assert changes["llm", "vllm"][1] == "64Gi keep"
    # queue: two pods of 500m to 115m
    assert changes["queue", "app"] == ("500m → 115m (-770m)", "230Mi keep")
    # envoy: 60 MiB and 15 % on three pods that have no request
    assert changes["web", "envoy"][1] == "unset → 69Mi (+207Mi)"
    assert changes["silent", "app"] == ("250m → ?", "128Mi → ?")
    assert changes["idle", "app"] == ("0 → 10m (+10m)", "230Mi keep")
    assert cells.pods(rows["queue", "app"]) == "3, 2 sizes"
    assert cells.held(rows["young", "app"].cpu) == "shrink held: NotEnoughHistory"
    assert cells.held(rows["web", "app"].cpu) is None
    assert cells.starving(rows["cart", "app"].cpu, CPU) == "rescue: uses 340m now"
    assert cells.bounds(rows["silent", "app"].cpu, CPU) is None
    assert cells.bounds(rows["queue", "app"].cpu, CPU) == "lower 100m, target 115m, upper 115m"


def test_a_limit_that_moves_is_told_one_that_stays_is_not() -> None:
    (row,) = reported(a_pod(a_container(cpu=500, limits=Amounts(cpu=1000)))).rows
    # twice the request: 2 x 115m
    assert cells.limit_change(row.cpu, CPU) == "limit 1 → 230m"
    assert cells.limit_change(row.memory, MEMORY) is None


def test_verdicts_count_pods() -> None:
    pods = [a_pod(a_container(cpu=cpu, memory=230 * MIB), name=f"web-{cpu}") for cpu in (500, 115)]
    (row,) = reported(*pods).rows
    assert [cells.verdict(row, judged) for judged in row.verdicts] == ["shrink cpu, 1 of 2 pods"]


def test_the_headline_adds_up() -> None:
    over = a_pod(a_container(cpu=1115, memory=230 * MIB))  # 1 core too much
    assert cells.headline(reported(over)) == [
        "1 container in 1 pod",
        "saves 1 core",
        "1 resize passes all guards",
        "0 skipped",
    ]
    both = a_pod(a_container(cpu=1115, memory=None))  # and no memory at all
    assert cells.headline(reported(both))[1] == "saves 1 core, adds 0.22 GiB"  # 230 MiB
    fine = a_pod(a_container(cpu=115, memory=230 * MIB))
    assert cells.headline(reported(fine))[1:3] == ["saves nothing", "0 resizes pass all guards"]


def test_the_headline_tells_what_guards_hold_back() -> None:
    young = a_history(rows_of([a_pod()]), days=0.125)
    pod = a_pod(a_container(cpu=1115, memory=230 * MIB))
    assert cells.headline(reported(pod, history=young))[1:4] == [
        "saves 1 core",
        "now saves nothing",
        "0 resizes pass all guards, 1 held back",
    ]


def test_skips_by_reason_the_most_frequent_first() -> None:
    skips = [Skipped(what=what, reason=reason, message="") for what, reason in (("a", "X"), ("b", "Y"), ("c", "Y"))]
    assert [(reason, len(group)) for reason, group in cells.by_reason(skips)] == [("Y", 2), ("X", 1)]
