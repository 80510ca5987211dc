"""What of a tick is shown to those who watch us: small, immutable, made once a tick and read by any thread."""

from vpa_inplace.drive.status.coverage import Coverage, Share
from vpa_inplace.drive.status.sizes import SHOW, PodSeries, Show
from vpa_inplace.drive.status.status import Status, Watch, status_of, watches

__all__ = ["SHOW", "Coverage", "PodSeries", "Share", "Show", "Status", "Watch", "status_of", "watches"]
