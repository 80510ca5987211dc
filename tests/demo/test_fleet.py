from datetime import timedelta

import numpy as np
import pytest

from vpa_inplace.demo.cast import cast
from vpa_inplace.demo.fleet import NOW, Fleet, PodRecord, big_fleet, make_fleet
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.domain.pods import ContainerKind, QosClass

MIB = 2**20


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return make_fleet()


def of(fleet: Fleet, name: str) -> list[PodRecord]:
    return [record for record in fleet.records if record.pod.workload.name == name]


def test_about_twenty_workloads_over_nine_days(fleet: Fleet) -> None:
    assert len({record.pod.workload for record in fleet.records}) == len(cast(0)) == len(fleet.stories) == 21
    assert fleet.width == 9 * 288
    assert fleet.now == NOW
    assert NOW.weekday() == 3


def test_the_same_arguments_give_the_same_fleet(fleet: Fleet) -> None:
    again = make_fleet()
    assert [record.pod for record in again.records] == [record.pod for record in fleet.records]
    for old, new in zip(fleet.records, again.records, strict=True):
        for name, track in old.tracks.items():
            np.testing.assert_array_equal(track.cpu, new.tracks[name].cpu)
            np.testing.assert_array_equal(track.memory, new.tracks[name].memory)
    other = make_fleet(seed=1)
    assert (other.records[0].tracks["vllm"].cpu != fleet.records[0].tracks["vllm"].cpu).any()


def test_a_workload_does_not_depend_on_the_others(fleet: Fleet) -> None:
    few = make_fleet(workloads=3)
    assert len({record.pod.workload for record in few.records}) == 3
    for old, new in zip(fleet.records, few.records, strict=False):
        assert old.pod.name == new.pod.name
        for name, track in old.tracks.items():
            np.testing.assert_array_equal(track.cpu, new.tracks[name].cpu)


def test_tracks_lie_within_the_record_and_pods_are_named_once(fleet: Fleet) -> None:
    names = [(record.pod.namespace, record.pod.name) for record in fleet.records]
    assert len(set(names)) == len(names)
    for record in fleet.records:
        for track in record.tracks.values():
            assert 0 <= record.first < record.first + len(track.cpu) <= fleet.width
            assert len(track.memory) == len(track.cpu)
            np.testing.assert_array_equal(np.isnan(track.cpu), np.isnan(track.memory))
            assert not (track.cpu < 0).any()


def test_memory_comes_in_pages_so_that_float32_holds_it(fleet: Fleet) -> None:
    for record in fleet.records:
        for track in record.tracks.values():
            known = track.memory[np.isfinite(track.memory)]
            np.testing.assert_array_equal(known % 4096, 0)
            np.testing.assert_array_equal(known.astype(np.float32).astype(np.float64), known)


def test_usage_never_exceeds_a_limit(fleet: Fleet) -> None:
    for record in fleet.records:
        for container in record.pod.containers:
            track = record.tracks.get(container.name)
            if track is None:
                continue
            for used, limit in ((track.cpu, container.limits.cpu), (track.memory, container.limits.memory)):
                assert limit is None or not (used > limit).any(), record.pod.name


def test_nodes_hold_what_their_pods_ask_for(fleet: Fleet) -> None:
    asked = dict.fromkeys((node.name for node in fleet.nodes), 0)
    for record in fleet.present():
        if record.pod.phase == "Running":
            asked[str(record.pod.node)] += sum(c.requests.cpu or 0 for c in record.pod.containers)
    assert all(asked[node.name] <= (node.allocatable.cpu or 0) for node in fleet.nodes)


def test_the_inference_server_is_throttled_in_its_bursts(fleet: Fleet) -> None:
    for record in of(fleet, "llm-chat"):
        throttled = record.tracks["vllm"].throttled
        assert throttled is not None
        assert 0 < (throttled > 0).mean() < 0.02
    assert {series.pod for series in fleet.latency} == {"llm-chat-0", "llm-chat-1"}


def test_three_kinds_of_container_in_one_pod(fleet: Fleet) -> None:
    pod = of(fleet, "rag-api")[0].pod
    assert [c.kind for c in pod.containers] == [ContainerKind.INIT, ContainerKind.SIDECAR, ContainerKind.APP]


def test_the_history_of_a_rollout_spans_both_replica_sets(fleet: Fleet) -> None:
    records = of(fleet, "cart")
    assert [record.deleted is None for record in records] == [False, False, True, True]
    assert len({record.owners[0] for record in records}) == 2
    assert len({record.pod.workload for record in records}) == 1
    before, after = records[0].tracks["cart"].cpu, records[2].tracks["cart"].cpu
    # 1 + 1.2 times as much; pods of a role differ by a few percent and the days of the week do not
    assert np.median(after) / np.median(before) == pytest.approx(2.2, rel=0.15)


def test_the_killed_container_reaches_its_limit_and_falls(fleet: Fleet) -> None:
    first, second = of(fleet, "embedder")
    track = first.tracks["worker"]
    assert second.tracks["worker"].killed is None
    assert first.pod.containers[0].last_oom == NOW - timedelta(hours=19, minutes=58)
    column = fleet.width - 20 * 12  # the window from 16:00 to 16:05; the kill came at 16:02
    assert track.memory[column] == 3 * 1024 * MIB
    assert max(track.memory[column - 1], track.memory[column + 1]) < 2.5 * 1024 * MIB


@pytest.mark.parametrize(
    ("name", "qos", "known"),
    [
        pytest.param("scratch", QosClass.BEST_EFFORT, 1.0, id="best-effort"),
        pytest.param("postgres", QosClass.GUARANTEED, 1.0, id="guaranteed"),
        pytest.param("edge-agent", QosClass.BURSTABLE, 0.0, id="no-sample-ever"),
        pytest.param("log-shipper", QosClass.BURSTABLE, 1 - 54 / 2592, id="four-and-a-half-hours-missing"),
    ],
)
def test_corner_cases(fleet: Fleet, name: str, qos: QosClass, known: float) -> None:
    for record in of(fleet, name):
        (track,) = record.tracks.values()
        assert record.pod.qos is qos
        assert np.isfinite(track.cpu).mean() == pytest.approx(known)


def test_the_young_the_idle_and_the_leaking(fleet: Fleet) -> None:
    assert len(of(fleet, "price-preview")[0].tracks["preview"].cpu) == 2  # ten minutes
    assert not of(fleet, "parked")[0].tracks["app"].cpu.any()
    memory = of(fleet, "image-proxy")[0].tracks["proxy"].memory
    assert (memory[-288:].mean() - memory[:288].mean()) / MIB == pytest.approx(8 * 70, rel=0.05)
    assert [record.pod.phase for record in of(fleet, "nightly-etl")][-3:] == ["Succeeded"] * 3


def test_the_weekly_peak_is_seen_twice(fleet: Fleet) -> None:
    memory = of(fleet, "weekly-report")[0].tracks["report"].memory
    peaks = np.flatnonzero(memory > 3000 * MIB)
    assert len(peaks) == 2 * 24  # two hours on each of two Wednesdays
    assert peaks[24] - peaks[0] == 7 * 288


@pytest.mark.parametrize("containers", [1, 2, 7, 60])
def test_a_big_fleet_has_exactly_so_many_containers(containers: int) -> None:
    fleet = big_fleet(containers, days=0.25)
    assert sum(len(record.tracks) for record in fleet.records) == containers
    assert fleet.width == 72


def test_the_cpu_of_a_big_fleet_is_over_and_under_requested() -> None:
    ratios = [
        (record.pod.containers[0].requests.cpu or 0) / record.tracks["app"].cpu.max()
        for record in big_fleet(200, days=2).records
    ]
    assert min(ratios) < 0.8
    assert 1.2 < np.median(ratios) < 2.5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param({"workloads": 0}, "the demo knows 1 to 21", id="no-workloads"),
        pytest.param({"workloads": 99}, "the demo knows 1 to 21", id="too-many-workloads"),
        pytest.param({"days": 0.001}, "between one hour and 60 days", id="too-short"),
        pytest.param({"days": 61}, "between one hour and 60 days", id="too-long"),
        pytest.param({"days": float("nan")}, "between one hour and 60 days", id="not-a-number"),
        pytest.param({"now": NOW + timedelta(minutes=5)}, "ends on the hour", id="off-the-hour"),
    ],
)
def test_refused_arguments(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        make_fleet(**arguments)  # type: ignore[arg-type]


def test_no_containers_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        big_fleet(0)
