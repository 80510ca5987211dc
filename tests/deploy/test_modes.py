"""From one overlay to another: what one gave the next takes back, by nothing but `kubectl apply -k`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.api import until
from tests.cluster.fixtures import change
from tests.deploy.conftest import Installed, can_do
from tests.deploy.manifests import NAMESPACE, composed, grants, named
from tests.deploy.pods import create, resize

DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/vpa-inplace"
MORE_CPU = change("app", requests={"cpu": "250m"})
ONLY_TRIES = "denied request: vpa-inplace only tries resizes here, see deploy/overlays/dry-run"


@pytest.fixture
def again(installed: Installed, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Applies an overlay; in the end act is what is installed, as before."""

    def again(overlay: str) -> None:
        installed.kubectl("apply", "-k", composed(tmp_path / overlay, overlay, "server-side-pause"))

    before = can_do(installed.user)
    yield again
    again("act")
    until(lambda: can_do(installed.user) == before, "act in force")


def test_back_to_reporting_and_on_by_trying(installed: Installed, again: Callable[[str], None]) -> None:
    space = installed.space("deploy-modes")
    create(installed, space, "web")
    user = installed.user
    acting = can_do(user)
    until(lambda: resize(user, space, "web", MORE_CPU).code == 200, "the policy in force")

    again("report-only")
    until(lambda: can_do(user) == installed.reporting, "report-only in force")
    assert resize(user, space, "web", MORE_CPU).code == 403
    spec = installed.admin.get(DEPLOYMENT).expect()["spec"]
    assert spec["template"]["spec"]["containers"][0]["args"] == ["--dry-run"]
    assert spec["replicas"] == 1

    again("dry-run")
    tries = grants(named(installed.objects, "ClusterRole", "vpa-inplace-try"))
    until(lambda: can_do(user) - installed.reporting == tries, "dry-run in force")
    path = f"/api/v1/namespaces/{space}/pods/web/resize"
    again_more = {"spec": {"containers": [change("app", requests={"cpu": "300m"})]}}
    until(lambda: user.patch(path, {"spec": {"containers": [MORE_CPU]}}).code == 422, "the policy in force")
    assert user.patch(path, again_more).body["message"].endswith(ONLY_TRIES)
    assert user.patch(f"{path}?dryRun=All", again_more).code == 200
    assert resize(user, space, "web", change("app", limits={"memory": "200Mi"})).code == 422, "the belt is gone"
    assert requested(installed, path) != "300m"

    again("act")
    until(lambda: can_do(user) == acting, "act in force")
    until(lambda: user.patch(path, again_more).code == 200, "the policy in force")
    assert requested(installed, path) == "300m"
    spec = installed.admin.get(DEPLOYMENT).expect()["spec"]
    assert "args" not in spec["template"]["spec"]["containers"][0]
    assert spec["replicas"] == 2


def requested(made: Installed, path: str) -> str:
    request = made.admin.get(path).expect()["spec"]["containers"][0]["resources"]["requests"]["cpu"]
    assert isinstance(request, str)
    return request
