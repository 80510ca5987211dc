"""A resize's life, and what time does to the accounts: pure reducers from ledger and snapshot to ledger."""

from vpa_inplace.lifecycle.advance import Advanced, advance, enter
from vpa_inplace.lifecycle.attempts import CLOCKS, Clocks

__all__ = ["CLOCKS", "Advanced", "Clocks", "advance", "enter"]
