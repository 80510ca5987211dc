from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Vpa, lines
from tests.support.prometheus import prometheus_with
from vpa_inplace.demo.fleet import big_fleet
from vpa_inplace.demo.observation import observation_of
from vpa_inplace.demo.openmetrics import openmetrics
from vpa_inplace.observe.recording import read_recording


def test_it_says_what_the_file_holds(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "shop.zip"
    ended = vpa("record", "--recording", str(recording), "-n", "shop", "--out", str(target))
    assert (ended.code, ended.err) == (0, "")
    head, *facts = lines(ended.out)
    assert head == f"{target}: {target.stat().st_size / 2**20:.2f} MiB"
    # the scene's shop: web with two containers in 3 pods, cart in 2, queue in 3
    assert [" ".join(fact.split()) for fact in facts] == [
        "moment 2026-03-02 12:00 UTC",
        "objects 4 containers, 3 workloads, 1 namespace, 8 pods, 0 nodes",
        "usage 3 d in steps of 5 min, 100 % of the samples; hourly maxima over 3 d",
        "latency 0 histograms",
        "left out 1 object",
    ]
    assert {key.namespace for key in read_recording(target).snapshot.rows} == {"shop"}


def test_a_file_that_is_there_is_kept_unless_forced(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.zip"
    target.write_text("precious")
    ended = vpa("record", "--recording", str(recording), "--out", str(target))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: {target} exists already; choose another name, or replace it with --force\n"
    assert target.read_text() == "precious"
    assert vpa("record", "--recording", str(recording), "--out", str(target), "--force").code == 0
    assert len(read_recording(target).snapshot.rows) == 9


def test_a_folder_that_is_not_there_is_found_out_before_the_work(vpa: Vpa, tmp_path: Path) -> None:
    ended = vpa("record", "-p", "http://127.0.0.1:9", "--out", str(tmp_path / "no" / "x.zip"))
    assert ended.code == 2
    assert f"there is no folder {tmp_path / 'no'}" in ended.err


def test_a_recording_of_a_real_prometheus_gives_the_same_report(vpa: Vpa, tmp_path: Path) -> None:
    fleet = big_fleet(12, days=2)
    target = str(tmp_path / "crowd.zip")
    with prometheus_with(openmetrics(fleet, scrape=150), tmp_path) as running:
        ask = ("-p", running.url, "--at", fleet.now.isoformat(), "--cluster", "crowd")
        live = vpa("recommend", *ask, "-o", "json")
        recorded = vpa("record", *ask, "--out", target)
    assert (live.code, recorded.code, recorded.err) == (0, 0, "")
    assert f"{len(observation_of(fleet).snapshot.rows)} containers" in recorded.out
    assert vpa("recommend", "--recording", target, "-o", "json").out == live.out
