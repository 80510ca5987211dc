"""Values that cannot be usage become gaps, each with a counted reason."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.resource import Resource

LARGEST: Final = {
    Resource.CPU: 1024.0 * 1000,  # millicores; no node has more processors than that to give one container
    Resource.MEMORY: 64.0 * 2**40,  # bytes; nor more memory
}


def cleaned(values: npt.NDArray[np.float64], resource: Resource, counts: Counter[str]) -> npt.NDArray[np.float64]:
    """The values with NaN where they are no usage (millicores or bytes); reasons are added to ``counts``."""
    with np.errstate(invalid="ignore"):
        faults = {
            "NotANumber": ~np.isfinite(values),
            "Negative": values < 0,
            "Absurd": np.isfinite(values) & (values > LARGEST[resource]),
        }
    bad = np.zeros(values.shape, np.bool_)
    for reason, where in faults.items():
        if n := int((where & ~bad).sum()):
            counts[f"{resource.key}{reason}"] += n
        bad |= where
    return np.where(bad, np.nan, values)
