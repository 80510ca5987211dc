"""A move and the facts in, refusals out, each with a name. Guards only refuse; they never change a move.

A new guard is one file here, one line in ``registry.py`` and one table test.
"""

from vpa_inplace.guard.registry import GUARDS, judge

__all__ = ["GUARDS", "judge"]
