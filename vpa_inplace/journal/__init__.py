"""Decisions on disk, to be explained and audited: what was moved, what was held back and when that changed."""

from vpa_inplace.journal.entries import Entry, News, news
from vpa_inplace.journal.journal import Journal

__all__ = ["Entry", "Journal", "News", "news"]
