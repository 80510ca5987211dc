"""Discovery that is asked once in a while."""

from __future__ import annotations

import pytest

from vpa_inplace.domain.errors import SourceUnavailable
from vpa_inplace.observe.kubernetes.client import NotFound
from vpa_inplace.observe.kubernetes.resources import KEPT, SURE, Discovery, Resource

LISTED = [
    {"name": "rollouts", "kind": "Rollout", "namespaced": True},
    {"name": "rollouts/status", "kind": "Rollout", "namespaced": True},
    {"name": "rollouts/scale", "kind": "Scale", "namespaced": True},
    {"name": "fleets", "kind": "Fleet", "namespaced": False},
]


class Server:
    """What discovery needs of a client; counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.resources = list(LISTED)
        self.error: Exception | None = None

    def decoded(self, path: str, kind: type) -> object:
        import msgspec

        self.asked.append(path)
        if self.error is not None:
            raise self.error
        return msgspec.convert({"resources": self.resources}, kind)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def discovery() -> tuple[Discovery, Server, Clock]:
    server, clock = Server(), Clock()
    return Discovery(server, clock=clock), server, clock  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        pytest.param("Rollout", Resource("argoproj.io/v1", "rollouts", True, True), id="scales"),
        pytest.param("Fleet", Resource("argoproj.io/v1", "fleets", False, False), id="of-the-whole-cluster"),
        pytest.param("Scale", None, id="a-subresource-is-no-kind"),
        pytest.param("Nothing", None, id="unknown"),
    ],
)
def test_what_is_found(kind: str, found: Resource | None) -> None:
    assert discovery()[0].find("argoproj.io/v1", kind) == found


def test_where_an_object_is() -> None:
    rollouts, fleets = (discovery()[0].find("argoproj.io/v1", kind) for kind in ("Rollout", "Fleet"))
    assert rollouts is not None
    assert fleets is not None
    assert rollouts.path("shop", "web", "scale") == "/apis/argoproj.io/v1/namespaces/shop/rollouts/web/scale"
    assert fleets.path("shop", "all") == "/apis/argoproj.io/v1/fleets/all"


def test_a_group_is_asked_for_once_in_a_while() -> None:
    found, server, clock = discovery()
    for kind in ("Rollout", "Fleet", "Rollout"):
        found.find("argoproj.io/v1", kind)
    clock.now = KEPT
    found.find("argoproj.io/v1", "Rollout")
    assert server.asked == ["/apis/argoproj.io/v1"]
    clock.now = KEPT + 1
    found.find("argoproj.io/v1", "Rollout")
    assert len(server.asked) == 2


def test_a_kind_that_was_just_installed_is_found_soon() -> None:
    found, server, clock = discovery()
    server.resources = []
    assert found.find("v1", "Rollout") is None
    server.resources = LISTED
    clock.now = SURE
    assert found.find("v1", "Rollout") is None
    clock.now = SURE + 1
    assert found.find("v1", "Rollout") is not None
    assert server.asked == ["/api/v1"] * 2


def test_a_group_that_the_server_does_not_have() -> None:
    found, server, _ = discovery()
    server.error = NotFound("404")
    assert found.find("nowhere.io/v1", "Thing") is None
    assert found.find("nowhere.io/v1", "Thing") is None
    assert len(server.asked) == 1


def test_no_answer_is_no_knowledge() -> None:
    found, server, _ = discovery()
    server.error = SourceUnavailable("503")
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            found.find("argoproj.io/v1", "Rollout")
    assert len(server.asked) == 2
