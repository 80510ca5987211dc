"""A resize's life, and what time does to the accounts: pure reducers from ledger and snapshot to ledger."""

from vpa_inplace.lifecycle.accounts import advance, debit

__all__ = ["advance", "debit"]
