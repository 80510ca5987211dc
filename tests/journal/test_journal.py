"""What is written is read again, in order, within its share of the disk, also after a crash in mid-line."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.builders import NOON
from vpa_inplace.domain.errors import UsageError
from vpa_inplace.journal import Entry, Journal


def an_entry(number=0, workload="test/shop/Deployment/web", **more):
    return Entry(at=NOON + timedelta(minutes=number), event="moved", workload=workload, pod=f"web-{number}", **more)


def test_what_was_written_is_read_again(tmp_path):
    journal = Journal(tmp_path / "new" / "folder")
    written = [an_entry(1, changes=("app cpu request 1 -> 500m",)), an_entry(2, reason="LowCoverage")]
    journal.append(written[:1])
    journal.append(written[1:])
    assert list(Journal(tmp_path / "new" / "folder").entries()) == written


def test_by_workload_and_time(tmp_path):
    journal = Journal(tmp_path)
    journal.append([an_entry(i, workload=f"w{i % 2}") for i in range(6)])
    found = journal.entries(workload="w1", since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3))
    assert [entry.pod for entry in found] == ["web-1", "web-3"]


def test_the_oldest_go_when_the_share_is_used_up(tmp_path):
    journal = Journal(tmp_path, limit=10_000, segment=1_000)
    for number in range(300):
        journal.append([an_entry(number)])
    kept = [entry.pod for entry in journal.entries()]
    assert kept == [f"web-{number}" for number in range(300 - len(kept), 300)]
    assert 9_000 < sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000


def test_a_line_torn_by_a_crash_costs_that_line_only(tmp_path):
    journal = Journal(tmp_path)
    journal.append([an_entry(1), an_entry(2)])
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    Journal(tmp_path).append([an_entry(3)])
    assert [entry.pod for entry in journal.entries()] == ["web-1", "web-3"]


def test_nothing_to_say_makes_no_file(tmp_path):
    Journal(tmp_path / "none").append([])
    assert not (tmp_path / "none").exists()
    assert list(Journal(tmp_path / "none").entries()) == []


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"the journal in .*file cannot be written: "):
        Journal(tmp_path / "file").append([an_entry()])
