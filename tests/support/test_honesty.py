from __future__ import annotations

from pathlib import Path

import pytest

REQUIRE_ALL = "VPA_INPLACE_REQUIRE_ALL"
TRACES = "VPA_INPLACE_TRACES"
ROOT = Path(__file__).resolve().parents[2]

SUITE = """
import pytest
from tests.support.components import require

def test_passes():
    pass

def test_wants_a_part():
    require("moon base", present=False)

@pytest.mark.skip(reason="later")
def test_put_off():
    pass

@pytest.mark.xfail(reason="known")
def test_known_to_fail():
    assert False

@pytest.mark.needs_shared
def test_reads_traces():
    pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(TRACES, str(pytester.path / "nowhere"))
    monkeypatch.delenv(REQUIRE_ALL, raising=False)
    pytester.makeini("[pytest]\nmarkers = needs_shared: as in the project\n")
    pytester.makepyfile(SUITE)
    return pytester


def run(suite: pytest.Pytester, *args: str) -> pytest.RunResult:
    return suite.runpytest_subprocess("-p", "tests.support.honesty", "-p", "no:cacheprovider", *args)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "two-workers"])
def test_a_missing_part_skips_and_says_so(suite: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run(suite, "-rs", *workers)
    result.stdout.fnmatch_lines(["1 tests left out: *"])
    result.stdout.fnmatch_lines(["*skipped: no moon base*"])
    assert result.ret == pytest.ExitCode.OK


def test_a_skip_fails_where_everything_is_required(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    result = run(suite)
    # One skip in the test itself: failed. One by its mark, which acts at set-up: an error.
    result.assert_outcomes(passed=1, failed=1, errors=1, xfailed=1, deselected=1)


def test_a_module_skipped_whole_fails_too(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE_ALL, "1")
    suite.makepyfile(test_whole="import pytest\npytest.skip('not today', allow_module_level=True)\n")
    result = run(suite)
    result.stdout.fnmatch_lines(["*skipped although VPA_INPLACE_REQUIRE_ALL=1: *not today*"])
    result.assert_outcomes(errors=1, deselected=1)


def test_traces_are_read_where_they_are(suite: pytest.Pytester) -> None:
    suite.mkdir("nowhere")
    run(suite).assert_outcomes(passed=2, skipped=2, xfailed=1)
