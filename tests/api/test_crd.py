from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field

from tests.api.objects.examples import WHOLE, a_spec, an_autoscaler
from tests.api.served import AUTOSCALERS, GROUP, as_table, create
from vpa_inplace.api.crd import DEFINITIONS, crd, manifests, schema
from vpa_inplace.api.objects.autoscaler import InPlacePodAutoscaler
from vpa_inplace.api.objects.metadata import Root
from vpa_inplace.api.objects.resize_state import ResizeState
from vpa_inplace.cli.app import DONE, run

FOLDER = Path(__file__).parents[2] / "deploy" / "crds"


# ------------------------------------------------------------------------------------------------------- generated


def test_the_files_are_current() -> None:
    there = {
        path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml") if path.name.startswith("auto")
    }
    assert there == manifests(), "write them anew: vpa-inplace config crds deploy/crds"


def test_the_command_prints_them_and_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "crds"]) == DONE
    printed = list(yaml.safe_load_all(capsys.readouterr().out))
    assert printed == [crd(definition) for definition in DEFINITIONS]
    assert run(["config", "crds", str(tmp_path)]) == DONE
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == manifests()


def parts(schema: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield where, schema
    for key, value in schema.get("properties", {}).items():
        yield from parts(value, f"{where}.{key}".lstrip("."))
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from parts(schema[key], f"{where}[]")


@pytest.mark.parametrize("model", [InPlacePodAutoscaler, ResizeState])
def test_every_field_has_a_description_and_a_type(model: type[Root]) -> None:
    written_by_us = {"apiVersion", "kind", "metadata"}
    for where, part in parts(schema(model)):
        assert "type" in part or "x-kubernetes-int-or-string" in part, where
        if where not in written_by_us and not where.endswith(("[]", ".cpu", ".memory")):
            assert part.get("description"), where


def test_only_what_the_configuration_cannot_say_has_a_default() -> None:
    """A default is written into the object by the API server, and what an object says wins over the configuration."""
    defaults = {where: part["default"] for where, part in parts(schema(InPlacePodAutoscaler)) if "default" in part}
    rollout = "spec.updatePolicy.rollout"
    assert defaults == {
        f"{rollout}.canary": 1,
        f"{rollout}.deadline": "30m",
        f"{rollout}.maxConcurrent": "25%",
        "spec.scope": "Role",
        "spec.resourcePolicy.containerPolicies[].mode": "Auto",
    }


def test_a_union_has_no_structural_schema() -> None:
    class Odd(Root):
        spec: int | str = Field(...)

    with pytest.raises(ValueError, match="no structural schema has a union"):
        schema(Odd)


# ------------------------------------------------------------------------------------------- on a real API server


def test_the_whole_object_is_taken_and_given_back(api: Any) -> None:
    assert create(api, WHOLE).expect()["spec"] == WHOLE
    found = api.get(f"{AUTOSCALERS}/web").expect()
    assert InPlacePodAutoscaler.read(found).written() == found


def test_defaults(api: Any) -> None:
    spec = a_spec(
        updatePolicy={"rollout": {"canary": "10%"}}, resourcePolicy={"containerPolicies": [{"containerName": "app"}]}
    )
    assert create(api, spec).expect()["spec"] == a_spec(
        scope="Role",
        updatePolicy={"rollout": {"canary": "10%", "deadline": "30m", "maxConcurrent": "25%"}},
        resourcePolicy={"containerPolicies": [{"containerName": "app", "mode": "Auto"}]},
    )


def test_the_model_has_the_defaults_of_the_server(api: Any) -> None:
    raw = a_spec(updatePolicy={"rollout": {}}, resourcePolicy={"containerPolicies": [{"containerName": "app"}]})
    assert (
        InPlacePodAutoscaler.read(create(api, raw).expect()).spec == InPlacePodAutoscaler.read(an_autoscaler(raw)).spec
    )


STATUS = {
    "observedGeneration": 1,
    "updateMode": "Off",
    "recommendation": {
        "containerRecommendations": [
            {
                "containerName": "app",
                "target": {"cpu": "250m", "memory": "1Gi"},
                "lowerBound": {"cpu": "200m", "memory": "1Gi"},
                "upperBound": {"cpu": "400m", "memory": "2Gi"},
                "uncappedTarget": {"cpu": "250m", "memory": "1Gi"},
            }
        ]
    },
    "conditions": [
        {
            "type": "ConfigUnsupported",
            "status": "False",
            "lastTransitionTime": "2026-03-02T12:00:00Z",
            "reason": "Supported",
            "message": "",
            "observedGeneration": 1,
        },
        {
            "type": "RecommendationProvided",
            "status": "True",
            "lastTransitionTime": "2026-03-02T12:00:00Z",
            "reason": "Recommended",
        },
    ],
}


def test_status_has_a_door_of_its_own(api: Any) -> None:
    created = create(api, a_spec()).expect()
    assert "status" not in api.create(AUTOSCALERS, an_autoscaler(name="other") | {"status": STATUS}).expect()
    changed_both = created | {"status": STATUS, "spec": a_spec(scope="Pod")}
    found = api.call("PUT", f"{AUTOSCALERS}/web/status", changed_both).expect()
    assert found["status"] == STATUS
    assert (found["spec"]["scope"], found["metadata"]["generation"]) == ("Role", 1)
    assert InPlacePodAutoscaler.read(found).written() == found


COLUMNS = ["Name", "Mode", "CPU", "Mem", "Provided", "Age"]
WIDE = ["Kind", "Target", "InForce", "Unsupported"]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_columns(api: Any, version: str) -> None:
    created = create(api, a_spec(updatePolicy={"updateMode": "InPlace"})).expect()
    api.call("PUT", f"{AUTOSCALERS}/web/status", created | {"status": STATUS}).expect()
    table = as_table(api, AUTOSCALERS, version)
    columns = [(column["name"], column["priority"]) for column in table["columnDefinitions"]]
    assert columns == [(name, 0) for name in COLUMNS] + [(name, 1) for name in WIDE]
    (row,) = table["rows"]
    *shown, age = row["cells"][:6]
    assert shown == ["web", "InPlace", "250m", "1Gi", "True"]
    assert age.endswith("s")
    assert row["cells"][6:] == ["Deployment", "web", "Off", "Supported"]


def test_names(api: Any) -> None:
    found = {one["name"]: one for one in api.get(GROUP).expect()["resources"]}
    autoscalers = found["inplacepodautoscalers"]
    assert (autoscalers["shortNames"], autoscalers["categories"], autoscalers["namespaced"]) == (
        ["ippa"],
        ["vpa-inplace"],
        True,
    )
    assert "inplacepodautoscalers/status" in found
    assert found["resizestates"]["categories"] == ["vpa-inplace"]
    assert "resizestates/status" not in found
