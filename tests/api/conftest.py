from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.api.served import AUTOSCALERS, CRDS, STATES
from tests.cluster.api import until
from vpa_inplace.api.crd import DEFINITIONS, crd, manifests


@pytest.fixture(scope="module")
def server(control_plane: Any) -> Iterator[Any]:
    """An API server that knows our objects, and nothing of them once this module is through."""
    api = control_plane.api()
    for text in manifests().values():
        api.create(CRDS, yaml.safe_load(text)).expect()
    names = [crd(definition)["metadata"]["name"] for definition in DEFINITIONS]
    for name in names:
        until(lambda name=name: established(api.get(f"{CRDS}/{name}").expect()), f"{name} established")
    api.create("/api/v1/namespaces", {"metadata": {"name": "shop"}}).expect(201, 409)
    for path in (AUTOSCALERS, STATES):
        until(lambda path=path: api.get(path).code == 200, f"{path} served")
    yield api
    for name in names:
        api.delete(f"{CRDS}/{name}").expect()
        until(lambda name=name: api.get(f"{CRDS}/{name}").code == 404, f"{name} gone")


def established(crd: dict[str, Any]) -> bool:
    conditions = {one["type"]: one["status"] for one in crd.get("status", {}).get("conditions", ())}
    assert conditions.get("NonStructuralSchema") != "True", crd["status"]
    return conditions.get("Established") == "True"


@pytest.fixture
def api(server: Any) -> Iterator[Any]:
    yield server
    for path in (AUTOSCALERS, STATES):
        server.delete(path).expect()
