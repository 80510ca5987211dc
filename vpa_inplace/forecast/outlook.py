"""The forecast as the rest of the house reads it, and what a forecaster is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.keys import Index
from vpa_inplace.forecast.curves import Curves
from vpa_inplace.history import History

if TYPE_CHECKING:
    from vpa_inplace.forecast.model import Film

BLOCK: Final = 3600  # seconds of one block of the outlook
BLOCKS: Final = 24  # the coming day


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What n rows may need during the coming day. Amounts in millicores and bytes, NaN where nothing is known.

    ``ceiling`` bounds the *maximum* of each block, not its mean: block b covers ``at + b * BLOCK`` and the hour after.
    ``low`` and ``high`` carry urgency like VPA's bounds: a request outside them is worth changing at once.
    """

    at: int  # epoch seconds
    ceiling: npt.NDArray[np.float32]  # [2, n, BLOCKS]
    low: npt.NDArray[np.float32]  # [2, n]
    high: npt.NDArray[np.float32]  # [2, n]
    confidence: npt.NDArray[np.float32]  # [n] 0..1
    expert: npt.NDArray[np.uint8]  # [n] index into ``experts``
    experts: tuple[str, ...]
    curves: Curves | None = None  # of CPU, where the forecaster knows chances and not only bounds

    def over(self, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """The highest ceiling from now until ``seconds`` [2, n] ahead (at least the first block): [2, n]."""
        blocks = np.clip(np.ceil(seconds / BLOCK), 1, BLOCKS).astype(np.intp)
        running = np.fmax.accumulate(self.ceiling, axis=2)
        return np.take_along_axis(running, (blocks - 1)[:, :, None], axis=2)[:, :, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """What a forecaster has learnt: big, recomputable from history, a cache on disk. Arrays have n rows on axis 0."""

    forecaster: str
    rows: Index
    through: int  # epoch seconds up to which history has been absorbed
    arrays: Mapping[str, npt.NDArray[Any]]


class Forecaster(Protocol):
    """One way to look ahead. A frozen dataclass; its fields are the knobs of ``--set``."""

    @property
    def name(self) -> str: ...

    @property
    def uses_risk(self) -> bool:
        """Whether ``risk`` changes the outlook; rules with a fixed margin say no, and the CLI says so to the user."""
        ...

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs | None:
        """Absorb what is new since ``beliefs.through``; ``None`` for a forecaster that keeps nothing.

        Absorbing a history at once or piece by piece must end in the same beliefs.
        """
        ...

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:
        """The outlook at ``history.end`` for all rows; ``risk`` [n] is the tolerated share of time under-provisioned."""
        ...


@runtime_checkable
class Filming(Forecaster, Protocol):
    """A forecaster that keeps nothing and sees many moments for little more than the price of one: what a replay asks for."""

    def film(self, history: History, first: int, count: int) -> Film | None:
        """Curves at the starts of these columns, each from the columns before it alone; ``None`` where it has none."""
        ...

    def outlook(self, history: History, curves: Curves | None, risk: npt.NDArray[np.float64]) -> Outlook:
        """What ``foresee`` would say at the end of this history, had it made these curves."""
        ...
