"""Outlook and resource policy in, Sizes out: target, lowerBound, upperBound and uncappedTarget of every row."""

from vpa_inplace.recommend.sizes import Sizes, Why, size

__all__ = ["Sizes", "Why", "size"]
