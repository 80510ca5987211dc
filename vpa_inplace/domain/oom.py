"""How much memory a container gets after it was killed for want of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

OOM_FACTOR: Final = 1.2  # upstream VPA --oom-bump-up-ratio
OOM_BYTES: Final = 100 * 2**20  # upstream VPA --oom-min-bump-up-bytes


def after_oom(had: npt.ArrayLike) -> npt.NDArray[Any]:
    """``max(1.2 x, + 100 MiB)`` over what the container had, in bytes; same shape."""
    amount = np.asarray(had)
    raised: npt.NDArray[Any] = np.maximum(amount * OOM_FACTOR, amount + OOM_BYTES)
    return raised
