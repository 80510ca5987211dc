"""Owners of pods that live and of pods that are gone, from kube-state-metrics: history across rollouts hangs on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vpa_inplace.observe.prometheus.client import PromClient, Sample
from vpa_inplace.workload.owners import Ref

# metric: kind of the object and the label that names it
CHAINS: Final = {
    "kube_pod_owner": ("Pod", "pod"),
    "kube_replicaset_owner": ("ReplicaSet", "replicaset"),
    "kube_job_owner": ("Job", "job_name"),
    "kube_replicationcontroller_owner": ("ReplicationController", "replicationcontroller"),
}
NOBODY: Final = {"", "<none>"}


def owners_over_window(client: PromClient, end: float, seconds: float) -> dict[tuple[str, Ref], Ref]:
    """(namespace, object): controller, of everything seen in the ``seconds`` before ``end``; the newest word counts."""
    known = client.existing(CHAINS, end)
    found: dict[tuple[str, Ref], Ref] = {}
    for metric, (kind, label) in CHAINS.items():
        if metric in known or metric == "kube_pod_owner":
            samples = client.instant(f"last_over_time({metric}[{int(seconds)}s])", end)
            found.update(_owned(samples, kind, label))
    return found


def _owned(samples: Iterable[Sample], kind: str, label: str) -> dict[tuple[str, Ref], Ref]:
    found = {}
    for sample in samples:
        labels = sample.labels
        owner = Ref(labels.get("owner_kind", ""), labels.get("owner_name", ""))
        # a scrape that attaches its own pod label moves the metric's to exported_*
        name = labels.get(f"exported_{label}") or labels.get(label)
        namespace = labels.get("exported_namespace") or labels.get("namespace")
        # an owner that is not the controller does not decide the pod's size
        if owner.kind in NOBODY or not name or not namespace or labels.get("owner_is_controller") == "false":
            continue
        found[namespace, Ref(kind, name)] = owner
    return found
