"""An API server that knows our objects: where they are, and short ways to say what tests want."""

from __future__ import annotations

from typing import Any

from tests.api.objects.examples import an_autoscaler
from tests.cluster.api import Answer

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "/apis/autoscaling.vpa-inplace.io/v1alpha1"
AUTOSCALERS = f"{GROUP}/namespaces/shop/inplacepodautoscalers"
STATES = f"{GROUP}/namespaces/shop/resizestates"


def create(api: Any, spec: dict[str, Any], **more: Any) -> Answer:
    """Created if the API server takes it; unknown keys are refused, as kubectl asks for."""
    answer: Answer = api.create(f"{AUTOSCALERS}?fieldValidation=Strict", an_autoscaler(spec, **more))
    return answer


def said(answer: Answer) -> str:
    assert answer.code == 422, answer.body
    message: str = answer.body["message"]
    return message


def as_table(api: Any, path: str, version: str) -> Any:
    """What kubectl gets, and shows."""
    accept = f"application/json;as=Table;v={version};g=meta.k8s.io"
    got = api._session.get(api.url + path, headers={"Accept": accept}, timeout=30)
    table = got.json()
    assert table["apiVersion"] == f"meta.k8s.io/{version}"
    return table
