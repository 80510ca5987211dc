"""For the whole suite: what is left out is said, and in CI nothing may be skipped."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.components import required, traces

# Machines differ in speed: an example is wrong or right, never late. Derandomised: a run is repeatable.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests on research traces are left out where there are none: they cannot be had everywhere."""
    if traces() is not None:
        return
    without = [item for item in items if item.get_closest_marker("needs_shared")]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]
        config.stash[LEFT_OUT] = len(without)


LEFT_OUT = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{left_out} tests left out: they need research traces that are not in this repository"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    """Where everything is required a skip, whoever asked for it, is a failure."""
    report = yield
    if required() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although VPA_INPLACE_REQUIRE_ALL=1: {report.longrepr}"
    return report
