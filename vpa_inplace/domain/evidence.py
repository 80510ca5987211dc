"""What is known about each row's usage at this moment; guards read it, so that they never touch the matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Facts on n rows; axis 0 of each matrix is the resource. Amounts are in millicores and bytes."""

    newest: npt.NDArray[np.float32]  # [2, n] the newest sample of the last day, NaN where it has none
    cut_off: npt.NDArray[np.bool_]  # [2, n] that sample is only a lower bound of what was wanted
    age: npt.NDArray[np.float64]  # [2, n] seconds since that sample's window ended, inf where none
    recent_peak: npt.NDArray[np.float32]  # [2, n] maximum of the last hour, NaN where it has no sample
    peak: npt.NDArray[np.float32]  # [2, n] maximum of the whole history kept, NaN where none
    peak_age: npt.NDArray[np.float64]  # [2, n] seconds the history reaches back, 0 where none
    coverage: npt.NDArray[np.float64]  # [2, n] share of the last day (of the row's life, if shorter) with a sample
    fleet: npt.NDArray[np.float64]  # [2] rows with a fresh sample now over rows that had one an hour ago
