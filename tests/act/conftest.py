"""Tests of what is written want an API server that knows our objects."""

from tests.api.conftest import api, server

__all__ = ["api", "server"]
