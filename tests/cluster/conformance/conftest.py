"""What the conformance tests share."""

from __future__ import annotations

import pytest

from tests.cluster.fixtures import VERSION

pytest.register_assert_rewrite("tests.cluster.conformance.seen")


@pytest.fixture(scope="session")
def minor() -> int:
    """Of the Kubernetes version under test: 36 for 1.36.3."""
    return int(VERSION.split(".")[1])
