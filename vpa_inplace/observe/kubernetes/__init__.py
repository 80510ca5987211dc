"""Objects from the Kubernetes API: raw JSON in pages, decoded to the few fields we need."""

from vpa_inplace.observe.kubernetes.client import KubeClient, KubeSettings
from vpa_inplace.observe.kubernetes.discover import discover

__all__ = ["KubeClient", "KubeSettings", "discover"]
