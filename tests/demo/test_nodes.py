from collections import Counter

from tests.support.builders import a_container, a_pod
from vpa_inplace.demo.nodes import POOLS, place
from vpa_inplace.domain.keys import WorkloadKey
from vpa_inplace.domain.pods import Pod

GIB = 2**30


def pods(count: int, *, cpu: int, **more: object) -> list[tuple[str, Pod]]:
    return [("pool", a_pod(a_container(cpu=cpu, memory=GIB), name=f"p-{i}", **more)) for i in range(count)]


def test_pods_are_spread_over_the_least_number_of_nodes() -> None:
    places, nodes = place(pods(6, cpu=1000))
    assert Counter(places) == {"pool-1": 2, "pool-2": 2, "pool-3": 2}
    assert len(nodes) == sum(pool.least for pool in POOLS.values())


def test_a_pool_grows_until_requests_take_at_most_seven_tenths() -> None:
    # 40 pods of 3.1 cores take a fifth of a node of 15.5 each: 8 nodes' worth, 8 / 0.7 = 11.4
    places, nodes = place(pods(40, cpu=3100))
    assert len([node for node in nodes if node.name.startswith("pool")]) == 12
    assert max(Counter(places).values()) == 4  # 40 pods on 12 nodes; a fifth would still fit everywhere


def test_a_daemon_set_has_one_pod_on_each_node() -> None:
    owner = WorkloadKey("test", "infra", "DaemonSet", "agent")
    places, _ = place([*pods(2, cpu=9000), *pods(3, cpu=100, workload=owner)])
    assert sorted(places[2:]) == ["pool-1", "pool-2", "pool-3"]


def test_finished_pods_hold_no_room() -> None:
    _, nodes = place(pods(40, cpu=3100, phase="Succeeded"))
    assert len(nodes) == sum(pool.least for pool in POOLS.values())
