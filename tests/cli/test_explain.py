from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Vpa
from vpa_inplace.report.explain import SCHEMA


def explained(vpa: Vpa, recording: Path, name: str, *more: str) -> Ended:
    return vpa("explain", name, "--recording", str(recording), *more)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        pytest.param("shop/Deployment/web/app", ["test/shop/Deployment/web/app"], id="one-container"),
        pytest.param("shop/deploy/web/envoy", ["test/shop/Deployment/web/envoy"], id="short-kind"),
        pytest.param(
            "shop/deployments/web",
            ["test/shop/Deployment/web/app", "test/shop/Deployment/web/envoy"],
            id="all-containers",
        ),
        pytest.param("test/ml/StatefulSet/llm/vllm", ["test/ml/StatefulSet/llm/vllm"], id="a-key-as-reports-show-it"),
    ],
)
def test_which_containers(vpa: Vpa, recording: Path, name: str, keys: list[str]) -> None:
    text = explained(vpa, recording, name)
    assert (text.code, text.err) == (0, "")
    assert [line for line in text.out.splitlines() if line.startswith("test/")] == keys
    found = json.loads(explained(vpa, recording, name, "-o", "json").out)
    assert [part["key"] for part in (found if isinstance(found, list) else [found])] == keys


def test_json_is_an_object_for_a_container_and_a_list_for_a_workload(vpa: Vpa, recording: Path) -> None:
    one = json.loads(explained(vpa, recording, "shop/Deployment/cart/app", "-o", "json").out)
    all_of_it = json.loads(explained(vpa, recording, "shop/Deployment/cart", "-o", "json").out)
    assert one["schema"] == SCHEMA
    assert all_of_it == [one]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param(
            "shop/Deployment/wep",
            "there is no shop/Deployment/wep with a live pod; did you mean shop/Deployment/web?",
            id="near",
        ),
        pytest.param("shop/StatefulSet/web", "did you mean shop/Deployment/web?", id="other-kind"),
        pytest.param(
            "ml/Job/nothing-like-it", "namespace ml has ml/Deployment/young, ml/StatefulSet/llm", id="nothing-near"
        ),
        pytest.param(
            "shop/Deployment/web/ap", "shop/Deployment/web has no container 'ap'; it has app, envoy", id="container"
        ),
        pytest.param("sho/Deployment/web", "namespace 'sho' is not in recording", id="namespace"),
        pytest.param("web", "'web': write it like shop/Deployment/web", id="too-short"),
        pytest.param("a//b", "write it like shop/Deployment/web", id="hole"),
        pytest.param("a/b/c/d/e/f", "write it like shop/Deployment/web", id="too-long"),
    ],
)
def test_names_that_do_not_exist(vpa: Vpa, recording: Path, name: str, says: str) -> None:
    ended = explained(vpa, recording, name)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


def test_out(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    ended = explained(vpa, recording, "shop/Deployment/cart", "--out", str(tmp_path / "x.txt"))
    assert (ended.code, ended.out) == (0, "")
    assert (tmp_path / "x.txt").read_text().startswith("test/shop/Deployment/cart/app\n")
