"""For the whole suite; what only some tests need lives beside them, or in tests/support."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.support.honesty", "tests.cluster.fixtures", "pytester"]

# Machines differ in speed: an example is wrong or right, never late. Derandomised: a run is repeatable.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")
