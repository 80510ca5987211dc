"""Sizes and live pods in, Moves out: one pod and one intent each. Accounts (budgets) are kept here, refusals are not."""

from vpa_inplace.plan.moves import plan

__all__ = ["plan"]
