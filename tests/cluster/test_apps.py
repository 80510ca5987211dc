"""The example apps: their own Go tests, and load against inference on this machine, as two programs that must agree."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.cluster import build, toolchain
from tests.cluster.fixtures import or_skip

SECONDS = 60  # for anything here: far more than it takes
SMALL = ("-layers", "2", "-width", "64", "-heads", "4", "-vocab", "256", "-context", "128", "-threads", "1")
REQUEST = (0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680)
# Source: vllm/v1/metrics/buckets.py.
BOUNDS = {
    "vllm:time_to_first_token_seconds": (
        *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80),
        *(160, 640, 2560),
    ),
    "vllm:inter_token_latency_seconds": (
        *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80),
    ),
    "vllm:e2e_request_latency_seconds": REQUEST,
    "vllm:request_queue_time_seconds": REQUEST,
}


@pytest.fixture(scope="module")
def apps() -> Path:
    or_skip(toolchain.go_binary)
    return build._built(build.apps_part(), tell=False) / "apps"


@contextmanager
def running(app: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An app on a port that was free, with its address."""
    with subprocess.Popen([app, *arguments, "-listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if "listening on " in line:
                    break
            else:
                pytest.fail(f"{arguments[0]} ended: {said}")
            yield "http://" + line.rpartition(" ")[2].strip(), process
        finally:
            process.kill()


def run(app: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([app, *arguments], capture_output=True, text=True, check=False, timeout=SECONDS)


def scraped(url: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Labels and value of every series, as Prometheus asks for them."""
    answer = requests.get(
        f"{url}/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}, timeout=10
    )
    answer.raise_for_status()
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("vet", "./apps/..."), id="vet"),
        pytest.param(("test", "./apps/..."), id="test"),
    ],
)
def test_go_is_content(arguments: tuple[str, ...]) -> None:
    or_skip(toolchain.go_binary)
    env = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}
    done = subprocess.run(
        [toolchain.go_binary(), *arguments],
        cwd=toolchain.GO_MODULE,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_sources_are_formatted() -> None:
    or_skip(toolchain.go_binary)
    root = toolchain.go("env", "GOROOT", cwd=toolchain.GO_MODULE).strip()
    done = subprocess.run(
        [f"{root}/bin/gofmt", "-l", "apps"], cwd=toolchain.GO_MODULE, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_server_and_load_count_the_same(apps: Path, tmp_path: Path) -> None:
    made = run(apps, "load", "-generate", "-span", "10m", "-rate", "0.15", "-prompt-mean", "20", "-output-mean", "8")
    trace = tmp_path / "trace.csv"
    trace.write_text(made.stdout)
    rows = list(csv.DictReader(made.stdout.splitlines()))
    assert len(rows) > 30, "enough to be worth it"

    with running(apps, "inference", *SMALL, "-queue", "1000") as (url, process):
        # Ten minutes in six seconds: bursts in which requests share batches and wait for a place.
        done = run(apps, "load", "-trace", str(trace), "-speed", "100", "-context", "128", "-url", url)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        found = scraped(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0

    ours = {"model_name": "tiny", "engine": "0"}
    assert (said["requests"], said["completed"]) == (len(rows), len(rows)), said
    prompts = sum(min(int(row["prompt_tokens"]), 128 - int(row["output_tokens"])) for row in rows)
    answers = sum(int(row["output_tokens"]) for row in rows)
    assert (said["prompt_tokens"], said["output_tokens"]) == (prompts, answers)
    assert found["vllm:prompt_tokens_total"] == [(ours, prompts)]
    assert found["vllm:generation_tokens_total"] == [(ours, answers)]
    reasons = {labels["finished_reason"]: value for labels, value in found["vllm:request_success_total"]}
    assert reasons == {"length": len(rows), "stop": 0, "abort": 0, "error": 0, "repetition": 0}
    for gauge in ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"):
        assert found[gauge] == [(ours, 0)], "nothing is under way any more"

    samples = {name: len(rows) for name in BOUNDS} | {"vllm:inter_token_latency_seconds": answers - len(rows)}
    for name, bounds in BOUNDS.items():
        assert found[f"{name}_count"] == [(ours, samples[name])]
        buckets = found[f"{name}_bucket"]
        assert tuple(float(labels["le"]) for labels, _ in buckets) == (*bounds, float("inf"))
    # What a client sees holds what the server sees, and the way there and back.
    assert said["ttft_seconds"]["max"] * len(rows) >= found["vllm:time_to_first_token_seconds_sum"][0][1]
    assert said["e2e_seconds"]["max"] * len(rows) >= found["vllm:e2e_request_latency_seconds_sum"][0][1]


def test_bounds_are_written_as_python_writes_them(apps: Path) -> None:
    """Queries for vLLM say le="1.0"; Go's own text format would say le="1"."""
    with running(apps, "inference", *SMALL) as (url, _):
        buckets = scraped(url)["vllm:time_to_first_token_seconds_bucket"]
    assert {"1.0", "2560.0"} <= {labels["le"] for labels, _ in buckets}


def test_more_than_the_queue_holds_is_rejected_and_counted(apps: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    trace.write_text("ts,prompt_tokens,output_tokens\n" + "0,40,1500\n" * 20)
    # One at a time, a tenth of a second or more each: most of those that come at once find the queue full.
    with running(apps, "inference", *SMALL, "-context", "2048", "-max-batch", "1", "-queue", "2") as (url, _):
        said = json.loads(run(apps, "load", "-trace", str(trace), "-context", "2048", "-url", url).stdout)
        found = scraped(url)
    assert said["rejected"] > 0, said
    assert said["completed"] + said["rejected"] == said["requests"] == 20
    assert found["vllm:e2e_request_latency_seconds_count"][0][1] == said["completed"]


def test_an_answer_under_way_is_ended_before_the_server_does(apps: Path) -> None:
    with running(apps, "inference", *SMALL) as (url, process):
        asked = {"prompt_tokens": 3, "max_tokens": 100, "stream": True}
        with requests.post(f"{url}/v1/completions", json=asked, stream=True, timeout=SECONDS) as answer:
            lines = (line for line in answer.iter_lines() if line)
            next(lines)
            process.send_signal(signal.SIGTERM)
            rest = list(lines)
        assert (len(rest), rest[-1]) == (100, b"data: [DONE]")
        assert process.wait(SECONDS) == 0


def test_who_leaves_is_counted(apps: Path) -> None:
    with running(apps, "inference", *SMALL, "-context", "32768", "-max-batch", "1") as (url, _):
        asked = {"prompt_tokens": 3, "max_tokens": 32000, "stream": True}  # minutes
        with requests.post(f"{url}/v1/completions", json=asked, stream=True, timeout=SECONDS) as answer:
            next(answer.iter_lines())
        until(lambda: reason(url, "abort") == 1)
        assert reason(url, "length") == 0


def reason(url: str, name: str) -> float:
    return next(
        value for labels, value in scraped(url)["vllm:request_success_total"] if labels["finished_reason"] == name
    )


def until(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
    pytest.fail("not in a thousand looks")


def test_burner_does_as_it_is_told(apps: Path) -> None:
    with running(apps, "burner", "-cpu", "0.01", "-memory", "8") as (url, process):
        assert requests.get(f"{url}/set?memory=48", timeout=SECONDS).json()["memory"] == 48
        full = resident(process.pid)
        assert requests.get(f"{url}/set?memory=0", timeout=SECONDS).json()["memory"] == 0
        released = full - resident(process.pid)
        assert 44 <= released <= 52, "MiB, of which Go's own heap moves by some"
        assert requests.get(f"{url}/set?cpu=-1", timeout=SECONDS).status_code == 400
        found = scraped(url)
        assert (found["burner_cpu_cores"], found["burner_memory_bytes"]) == ([({}, 0.01)], [({}, 0)])
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def resident(pid: int) -> float:
    """MiB of a process that are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param((), 2, "usage: apps COMMAND", id="no-command"),
        pytest.param(("dance",), 2, 'no command "dance"', id="unknown-command"),
        pytest.param(("pause", "now"), 2, "pause takes no arguments", id="pause-with-arguments"),
        pytest.param(("burner", "-cpu", "-1"), 2, "apps burner: cpu must be from 0", id="negative-cpu"),
        pytest.param(("burner", "-listen", "no-port"), 1, "cannot listen", id="bad-address"),
        pytest.param(("inference", "-metrics", "tgi"), 2, "vllm or sglang", id="unknown-names"),
        pytest.param(("load", "-trace", "none.csv", "-url", "http://a"), 1, "none.csv", id="no-such-trace"),
        pytest.param(("load", "-generate", "-span", "1s", "-rate", "0.001"), 2, "no requests", id="an-empty-trace"),
        pytest.param(("load", "-generate", "-url", "llm"), 2, "write it as http://host:port", id="no-address"),
        pytest.param(("load", "-help"), 0, "", id="help"),
    ],
)
def test_mistakes_are_told_in_a_sentence(apps: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    done = run(apps, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "goroutine" not in done.stderr
