"""Prometheus and what speaks its API: small queries by prometheus-api-client, ranges decoded straight into matrices."""

from vpa_inplace.observe.prometheus.client import PromClient, Sample, Series
from vpa_inplace.observe.prometheus.owners import owners_over_window
from vpa_inplace.observe.prometheus.settings import PrometheusSettings
from vpa_inplace.observe.prometheus.usage import Pulled, pull_usage

__all__ = ["PromClient", "PrometheusSettings", "Pulled", "Sample", "Series", "owners_over_window", "pull_usage"]
