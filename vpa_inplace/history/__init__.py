"""Usage as matrices: which row is which container, gaps as NaN, throttled steps marked, hourly maxima for the weeks.

Read a history through ``History.until(now)``: what it returns cannot contain a sample that had not ended by then.
"""

from vpa_inplace.history.evidence import evidence_of
from vpa_inplace.history.history import History

__all__ = ["History", "evidence_of"]
