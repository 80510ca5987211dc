"""What the rules with a fixed margin share: the margin's range, and how much of the past they had."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vpa_inplace.history import History
from vpa_inplace.history.history import DAY, NEVER


def check_margin(margin: float) -> None:
    """A margin is a fraction.

    Raises:
        ValueError: it would ask for nothing, or for a hundred times the usage: a typing mistake.
    """
    if not -1 < margin < 100:
        raise ValueError(f"margin {margin} must lie between -1 and 100; 0.15 adds 15 %")


def share_known(history: History, days: float) -> npt.NDArray[np.float32]:
    """[n] how much of the past that a rule looks at a row has lived through, 0..1."""
    life = np.where(history.born == NEVER, 0.0, (history.end - history.born) / DAY).max(axis=0)
    share: npt.NDArray[np.float32] = np.clip(life / days, 0, 1).astype(np.float32)
    return share
