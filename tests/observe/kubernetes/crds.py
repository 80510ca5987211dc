"""Kinds that a test adds to an API server."""

from __future__ import annotations

from typing import Any

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def a_crd(group: str, kind: str, version: str = "v1alpha1", *, namespaced: bool = True, scales: bool = False) -> Any:
    """A CustomResourceDefinition that takes any fields."""
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": version, "served": True, "storage": True, "schema": schema}]
    if scales:
        versions[0]["subresources"] = {"status": {}, "scale": SCALE}
    scope = "Namespaced" if namespaced else "Cluster"
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": scope, "versions": versions},
    }
