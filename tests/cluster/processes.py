"""Components as child processes: started into the cluster's control group, awaited, ended; remembered on disk.

What is on disk is for the next one to clean up after a harness that was killed: a process number alone could have
been given to another program since, so the moment of birth is kept with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.cluster import cgroups
from tests.cluster.runs import Place, runs_folder

STOP = 10.0  # seconds between asking and killing
POLL = 0.02
LAST_WORDS = 4  # lines of a log worth repeating
# A shell enters the group and becomes the component: nothing of Python runs between fork and exec.
ENTER = 'for group in $CLUSTER_GROUPS; do echo $$ >"$group"; done; unset CLUSTER_GROUPS; exec "$@"'


class ComponentFailed(RuntimeError):
    """A component died or did not come up; the message ends with its own last words."""


@dataclass(slots=True)
class Processes:
    """The running components of one cluster, in the order they were started."""

    place: Place
    grouped: bool  # whether the cluster has a control group: not without root
    keep: tuple[int, ...] = ()  # file descriptors to hand on, so that the place stays taken when we leave
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def log(self, name: str) -> Path:
        return self.place.folder / "logs" / f"{name}.log"

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        for folder in ("logs", "pids"):
            (self.place.folder / folder).mkdir(parents=True, exist_ok=True)
        groups = cgroups.doors(self.place.cgroup) if self.grouped else ()
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", ENTER, name, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {}), "CLUSTER_GROUPS": " ".join(map(str, groups))},
                start_new_session=True,  # Ctrl-C in a terminal is for us; we end the components in order
                pass_fds=self.keep,
            )
        self.running[name] = process
        (self.place.folder / "pids" / name).write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")

    def wait(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Until it is ready. A test that raises OSError counts as not yet."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if (code := self.running[name].poll()) is not None:
                raise ComponentFailed(f"{name} ended at once (exit {code}): {self.last_words(name)}")
            with contextlib.suppress(OSError):
                if ready():
                    return
            time.sleep(POLL)
        raise ComponentFailed(f"{name} was not ready after {seconds:.0f} s: {self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """Why a component is not well, as far as its log tells; the log itself is kept beyond the cluster's end."""
        text = self.log(name).read_text(errors="replace")
        kept = runs_folder() / "failed" / f"{self.place.number}-{name}.log"
        with contextlib.suppress(OSError):  # a full disk is what we may be about to report
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(self.log(name), kept)
        if "address already in use" in text:
            return f"its port is taken by another program (ss -ltnp shows which); log: {kept}"
        if "no space left on device" in text:
            return f"the disk of {self.place.folder} is full: make room, or set VPA_INPLACE_CLUSTERS to another disk"
        return f"{' | '.join(text.splitlines()[-LAST_WORDS:]) or 'it said nothing'} (log: {kept})"

    def stop(self, name: str) -> None:
        process = self.running.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP)
        (self.place.folder / "pids" / name).unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """As a crash would: without a word."""
        process = self.running.pop(name)
        process.kill()
        process.wait(STOP)


def remembered(place: Place) -> dict[str, psutil.Process]:
    """The components that some harness started here and that still run, by name."""
    found = {}
    for file in sorted((place.folder / "pids").glob("*")):
        number, _, born = file.read_text().partition(" ")
        with contextlib.suppress(psutil.NoSuchProcess, ValueError):
            process = psutil.Process(int(number))
            if abs(process.create_time() - float(born)) < 0.1 and process.status() != psutil.STATUS_ZOMBIE:
                found[file.name] = process
    return found


def end_remembered(place: Place) -> None:
    """End the components that a killed harness left behind, last first: an API server without etcd takes its time."""
    for process in sorted(remembered(place).values(), key=psutil.Process.create_time, reverse=True):
        for end in (process.terminate, process.kill):
            with contextlib.suppress(psutil.NoSuchProcess):
                end()
            if _over(process):
                break


def _over(process: psutil.Process) -> bool:
    """Whether it ends in time. One that its new parent has not yet asked after (a zombie) has ended."""
    deadline = time.monotonic() + STOP
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(POLL)
                continue
        return True
    return False
