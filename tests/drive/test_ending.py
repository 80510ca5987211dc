"""The end of the controller: in order, in time, and never with a write that nobody awaits."""

from __future__ import annotations

import threading

import pytest

from vpa_inplace.drive import controller
from vpa_inplace.drive.controller import Controller, Fence
from vpa_inplace.drive.telemetry import Telemetry


class Quiet:
    """A cache, a source and a ticker that know nothing; ``hold`` makes a tick last until it is let go."""

    def __init__(self, hold: bool):
        self.began, self.go_on, self.finished = threading.Event(), threading.Event(), 0
        if not hold:
            self.go_on.set()
        self.source = self

    def tick(self):
        self.began.set()
        self.go_on.wait(10)
        raise RuntimeError("nothing to tell")

    def finish(self):
        self.finished += 1

    def settle(self, _seconds):
        return True

    start = stop = save = lambda self: None


@pytest.mark.parametrize("hold", [pytest.param(False, id="a tick that ends"), pytest.param(True, id="one that hangs")])
def test_the_fence_stays_shut_while_a_tick_is_at_work(monkeypatch, hold):
    monkeypatch.setattr(controller, "ENDING", 0.5)
    parts, fence, stop = Quiet(hold), Fence(None), threading.Event()
    running = Controller(ticker=parts, cache=parts, fence=fence, telemetry=Telemetry())
    thread = threading.Thread(target=running.run, args=(stop,))
    thread.start()
    assert parts.began.wait(5)
    assert fence()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert not fence(), "what a hanging tick may still want to send is held back"
    assert parts.finished == (0 if hold else 1)
    parts.go_on.set()
