"""A ledger with everything, in the spelling that we write ourselves."""

from __future__ import annotations

from typing import Any

NOON = "2026-03-02T12:00:00Z"

STATE: dict[str, Any] = {
    "apiVersion": "autoscaling.vpa-inplace.io/v1alpha1",
    "kind": "ResizeState",
    "metadata": {"name": "deployment-web", "namespace": "shop", "labels": {"a": "b"}},
    "spec": {
        "workload": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "birth": {"app": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}},
        "ceilings": {"app": {"from": NOON, "cpu": [f"{100 + hour}m" for hour in range(24)]}},
        "budgets": {"app": {"spent": 1.25, "asOf": NOON}},
        "ooms": {"app": {"floor": "600Mi", "at": "2026-03-01T09:30:00Z"}},
        "attempts": [
            {
                "pod": "web-1",
                "uid": "6f1d9c1e-7a58-4f53-9d4f-7f5f0c5f8f5a",
                "intent": "Shrink",
                "phase": "Soaking",
                "generation": 3,
                "restarts": 0,
                "began": "2026-03-02T11:50:00.250000Z",
                "since": "2026-03-02T11:50:01Z",
                "deadline": "2026-03-02T12:20:01Z",
                "reason": "CanaryFirst",
                "message": "",
                "changes": [
                    {
                        "container": "app",
                        "old": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
                        "new": {"requests": {"cpu": "250m"}},
                    }
                ],
            }
        ],
        "refused": [
            {
                "container": "app",
                "node": "node-1",
                "size": {"cpu": "64"},
                "reason": "Node didn't have enough capacity: cpu, requested: 64000, capacity: 16000",
                "at": NOON,
            },
            {
                "uid": "6f1d9c1e-7a58-4f53-9d4f-7f5f0c5f8f5a",
                "size": {"memory": "8Gi"},
                "reason": "NodeCapacity",
                "at": NOON,
            },
        ],
        "asOf": NOON,
    },
}
