"""A real Prometheus with generated data in it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.components import require_prometheus

READY = 60  # seconds a start may take on a busy machine


@dataclass(frozen=True, slots=True)
class Running:
    """Where it listens, and its process (for what it costs)."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_rss(self) -> int:
        """Bytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmHWM in /proc")


def make_blocks(text: Iterable[str], folder: Path, *, block: str = "486h") -> Path:
    """TSDB blocks of OpenMetrics text; returns the data folder. promtool reads the text once a block: large ones are quick."""
    source, data = folder / "metrics.txt", folder / "data"
    with source.open("w", encoding="utf-8") as file:
        file.writelines(text)
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", f"--max-block-duration={block}"]
    done = subprocess.run([*command, str(source), str(data)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"promtool: {done.stderr[-2000:]}")
    source.unlink()
    return data


@contextmanager
def serving(data: Path) -> Iterator[Running]:
    """Prometheus over these blocks, on a free port of the loopback; scrapes nothing."""
    require_prometheus()
    config = data.parent / "prometheus.yml"
    config.write_text("global: {}\n")
    port = free_port()
    flags = ("--storage.tsdb.retention.time=100y", "--log.level=error")
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command(config, data, port, *flags), stdin=silent, stdout=silent, stderr=silent)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield Running(url, process.pid)
    finally:
        end(process)


def command(config: Path, data: Path, port: int, *flags: str) -> list[str]:
    """How a server on this port of the loopback is started."""
    return [
        str(shutil.which("prometheus")),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, and wait; kill what does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def prometheus_with(text: Iterable[str], folder: Path) -> Iterator[Running]:
    """Prometheus that holds this OpenMetrics text."""
    require_prometheus()
    with serving(make_blocks(text, folder)) as running:
        yield running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(READY * 10):
        if process.poll() is not None:
            raise RuntimeError(f"prometheus ended with {process.returncode}")
        if is_ready(url):
            return
        time.sleep(0.1)
    raise RuntimeError("prometheus did not become ready")


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=1) as answer:
            ready: bool = answer.status == 200
            return ready
    except OSError:
        return False
