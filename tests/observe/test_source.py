"""The scope: which namespaces are looked at."""

from __future__ import annotations

import pytest

from vpa_inplace.domain.errors import UsageError
from vpa_inplace.observe.source import Scope


@pytest.mark.parametrize(
    ("scope", "namespace", "covered"),
    [
        pytest.param(Scope(), "shop", True, id="all"),
        pytest.param(Scope(), "kube-system", False, id="but-the-excluded"),
        pytest.param(Scope(namespaces=("shop",)), "shop", True, id="named"),
        pytest.param(Scope(namespaces=("shop",)), "data", False, id="not-named"),
        pytest.param(Scope(namespaces=("kube-system",)), "kube-system", True, id="excluded-but-named"),
    ],
)
def test_covers(scope: Scope, namespace: str, covered: bool) -> None:
    assert scope.covers(namespace) is covered


@pytest.mark.parametrize("name", ["", "a/b"])
def test_cluster_names_that_would_break_keys(name: str) -> None:
    with pytest.raises(UsageError, match="cluster name"):
        Scope(cluster=name)
