"""The kill switch: it survives deployments, and with components/server-side-pause the API server keeps it too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api import MERGE, Answer, until
from tests.cluster.fixtures import change
from tests.deploy.conftest import Installed
from tests.deploy.manifests import NAMESPACE, composed
from tests.deploy.pods import APP, a_container, create, resize, run
from vpa_inplace.observe.kubernetes.switch import NO, PAUSED

SWITCH = f"/api/v1/namespaces/{NAMESPACE}/configmaps/vpa-inplace-switch"
LESS_CPU = change("app", requests={"cpu": "150m"})
MORE_CPU = change("app", requests={"cpu": "250m"})
GROWN = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "2Gi"}}

Say = Callable[[str | None], None]


@pytest.fixture(scope="module")
def space(installed: Installed) -> str:
    """With a pod, and one whose growth waits for room."""
    space = installed.space("deploy-paused")
    create(installed, space, "web")
    create(installed, space, "waiting", containers=[a_container("app", GROWN)])
    run(installed, space, "waiting", APP)
    return space


@pytest.fixture
def say(installed: Installed) -> Iterator[Say]:
    """Writes the switch; nothing is said after the test."""

    def say(word: str | None) -> None:
        installed.admin.patch(SWITCH, {"data": {PAUSED: word}}, MERGE).expect()

    yield say
    say(None)


def asked(made: Installed, space: str, *changes: Any, pod: str = "web", **more: Any) -> Answer:
    return resize(made.user, space, pod, *changes, **more)


def test_as_it_comes_nothing_is_paused(installed: Installed, space: str) -> None:
    assert "data" not in installed.admin.get(SWITCH).expect()
    asked(installed, space, LESS_CPU).expect()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        *((word, 422) for word in ("true", "True", "yes", "1", "ture")),
        *((word, 200) for word in (*sorted(NO), None, "False", " no ")),
    ],
)
def test_what_pauses(installed: Installed, space: str, say: Say, word: str | None, code: int) -> None:
    """The same words as for the controller."""
    say("false" if code == 422 else "true")
    until(lambda: asked(installed, space, LESS_CPU).code == 622 - code, "the other state in force")
    say(word)
    until(lambda: asked(installed, space, LESS_CPU).code == code, f"{word!r} in force")


@pytest.mark.parametrize(
    ("pod", "changes", "lowered"),
    [
        pytest.param("web", [MORE_CPU], "", id="growth"),
        pytest.param("web", [LESS_CPU], "app", id="a shrink"),
        pytest.param("web", [change("app", limits={"cpu": "300m"})], "app", id="a lower limit"),
        pytest.param("web", [change("app", requests={"cpu": "250m", "memory": "64Mi"})], "app", id="one up, one down"),
        pytest.param("web", [LESS_CPU, change("bare", requests={"cpu": "50m"})], "app, bare", id="two shrinks"),
        pytest.param("waiting", [{"name": "app", "resources": APP}], "", id="growth that waits, taken back"),
        pytest.param("waiting", [change("app", requests={"cpu": "500m"})], "", id="a part of it"),
        pytest.param("waiting", [change("app", requests={"cpu": "199m"})], "app", id="further than back"),
    ],
)
def test_what_is_paused(installed: Installed, space: str, say: Say, pod: str, changes: list[Any], lowered: str) -> None:
    say("true")
    until(lambda: asked(installed, space, LESS_CPU).code == 422, "paused")
    answer = asked(installed, space, *changes, pod=pod)
    if not lowered:
        answer.expect()
        return
    assert answer.code == 422, answer.body
    assert answer.body["message"].endswith(f"denied request: vpa-inplace is paused and may not lower {lowered}")
    resize(installed.admin, space, pod, *changes).expect()


def test_a_sidecar_is_paused_too(installed: Installed, space: str, say: Say) -> None:
    say("true")
    until(lambda: asked(installed, space, LESS_CPU).code == 422, "paused")
    answer = asked(installed, space, init=[change("proxy", requests={"cpu": "100m"})])
    assert answer.body["message"].endswith("may not lower proxy")


def test_without_the_switch_the_belt_still_holds(installed: Installed, space: str, say: Say) -> None:
    """A ConfigMap that was deleted is no pause. The other policy does not hang on it."""
    say("true")
    until(lambda: asked(installed, space, LESS_CPU).code == 422, "paused")
    whole = installed.admin.get(SWITCH).expect()
    installed.admin.delete(SWITCH).expect()
    try:
        until(lambda: asked(installed, space, LESS_CPU).code == 200, "not paused")
        assert asked(installed, space, change("app", limits={"memory": "200Mi"})).code == 422
    finally:
        metadata = {key: whole["metadata"][key] for key in ("name", "annotations", "labels")}
        installed.admin.create(SWITCH.rpartition("/")[0], {"metadata": metadata}).expect()


def test_a_deployment_does_not_unpause(installed: Installed, say: Say, folder: Path) -> None:
    say("true")
    installed.kubectl("apply", "-k", composed(folder, "act", "server-side-pause"))
    assert installed.admin.get(SWITCH).expect()["data"] == {"paused": "true"}
