"""The sources there are, by the name of the flag that chooses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vpa_inplace.observe.from_prometheus import PrometheusSource
from vpa_inplace.observe.recording import RecordingSource
from vpa_inplace.observe.source import Source

SOURCES: Final[Mapping[str, type[Source]]] = {
    "prometheus": PrometheusSource,
    "recording": RecordingSource,
}
