import re

import pytest

from vpa_inplace.demo.names import Owner, pod_names, suffix, uid


@pytest.mark.parametrize(
    ("kind", "pattern", "owners"),
    [
        pytest.param("Deployment", r"web-\w{10}-\w{5}", ["ReplicaSet", "Deployment"], id="deployment"),
        pytest.param("StatefulSet", r"web-[01]", ["StatefulSet"], id="statefulset"),
        pytest.param("DaemonSet", r"web-\w{5}", ["DaemonSet"], id="daemonset"),
        pytest.param("CronJob", r"web-29550360-\w{5}", ["Job", "CronJob"], id="cronjob"),
        pytest.param("JobSet", r"web-workers-0-[01]-\w{5}", ["Job", "JobSet"], id="jobset"),
    ],
)
def test_names_and_owners(kind: str, pattern: str, owners: list[str]) -> None:
    names, chain = pod_names(kind, "web", 2, born=1773021600)  # 2026-03-09 02:00 UTC is minute 29550360
    assert len(set(names)) == 2
    assert all(re.fullmatch(pattern, name) for name in names)
    assert [owner.kind for owner in chain] == owners
    assert chain[-1] == Owner(kind, "web")
    nearest = chain[0].name
    assert all(name.startswith(nearest) for name in names)


def test_generations_of_a_deployment_have_their_own_replica_sets() -> None:
    (_, old), (_, new) = (pod_names("Deployment", "web", 1, born=born) for born in (0, 300))
    assert old[0] != new[0]
    assert old[1] == new[1]


def test_names_depend_on_what_they_name_alone() -> None:
    assert suffix("a", 1) == suffix("a", 1) != suffix("a", 2)
    assert uid("a", "b") == uid("a", "b") != uid("a", "c")
