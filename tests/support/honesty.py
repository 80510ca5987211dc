"""A pytest plugin: no test is left out in silence.

* With ``VPA_INPLACE_REQUIRE_ALL=1`` a skip is a failure, whoever asked for it. An expected failure stays one.
* Tests marked ``needs_shared`` read research traces that lie beside the checkout. Where these are not, the tests are
  deselected, not skipped, and one line of the summary counts them.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.support.components import required, traces

_left_out = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _skip_is_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _skip_is_failure(report)
    return report


def _skip_is_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome != "skipped" or not required():
        return
    reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"skipped although VPA_INPLACE_REQUIRE_ALL=1: {reason}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if traces() is not None:
        return
    left_out = [item for item in items if item.get_closest_marker("needs_shared")]
    if not left_out:
        return
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[_left_out] = len(left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under pytest-xdist it is the workers that collect: each tells the main process what it left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(_left_out, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {}).get("left_out", 0)  # every worker collects all tests
    node.config.stash[_left_out] = max(told, node.config.stash.get(_left_out, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(_left_out, 0):
        terminalreporter.write_line(
            f"{count} tests left out: they need research traces that are not in this repository"
        )
