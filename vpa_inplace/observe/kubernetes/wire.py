"""How one thread ends another's waiting for an API server.

A thread that waits for bytes sees no flag. What wakes it is its socket being shut down; so every connection of a pool
tells the ``Wire`` of the thread that uses it which socket that is.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Wire:
    """What one thread talks over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: Any = None
        self._cut = False

    def cut(self) -> None:
        """End all reading over this wire, now and for good; for another thread to call."""
        with self._lock:
            self._cut = True
            _shut(self._socket)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Requests that this thread makes meanwhile, and reads to their end, go over this wire."""
        _HERE.wire = self
        try:
            yield
        finally:
            _HERE.wire = None
            with self._lock:
                self._socket = None  # the pool may give it to another thread

    def _hold(self, used: Any) -> None:
        with self._lock:
            self._socket = used
            if self._cut:
                _shut(used)


_HERE = threading.local()


def tell_wires(pools: Any) -> None:
    """Make the connections of a urllib3 PoolManager, which has none yet, known to the wires they are used for."""
    pools.pool_classes_by_scheme = {
        scheme: type(pool.__name__, (pool,), {"ConnectionCls": _telling(pool.ConnectionCls)})
        for scheme, pool in pools.pool_classes_by_scheme.items()
    }


def _telling(connection: Any) -> Any:
    class Telling(connection):  # type: ignore[misc]  # plain, TLS or SOCKS
        def _new_conn(self) -> Any:  # before TLS is agreed on, which may hang too
            raw = super()._new_conn()
            _tell(raw)
            return raw

        def connect(self) -> None:
            super().connect()
            _tell(self.sock)

        def request(self, *args: Any, **named: Any) -> Any:
            if self.sock is not None:  # one that was kept from an earlier request
                _tell(self.sock)
            return super().request(*args, **named)

    Telling.__name__ = connection.__name__  # it stands in messages
    return Telling


def _tell(used: Any) -> None:
    wire = getattr(_HERE, "wire", None)
    if wire is not None:
        wire._hold(used)  # noqa: SLF001 - of this module


def _shut(used: Any) -> None:
    """Wake whoever waits; the socket itself is closed by the thread that owns it."""
    if isinstance(used, socket.socket):
        with suppress(OSError):  # gone already
            # not SSLSocket's, which would take the TLS state away from under a thread that reads
            socket.socket.shutdown(used, socket.SHUT_RDWR)
