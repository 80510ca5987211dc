"""Trees pooled over containers: what the next hours may need, with the chance of it. Beyond them, and for memory, the rule."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from vpa_inplace.domain.resource import Resource
from vpa_inplace.forecast.curves import Curves
from vpa_inplace.forecast.model import Film, Model
from vpa_inplace.forecast.outlook import BLOCK, Beliefs, Outlook
from vpa_inplace.forecast.recent import Recent
from vpa_inplace.forecast.rules import check_margin
from vpa_inplace.forecast.windows import Moments
from vpa_inplace.history import History

RISKS: Final = (1e-5, 0.5)  # what 0 and 1 are taken for: a quantile of nothing, or of everything, is no forecast


@dataclass(frozen=True, slots=True)
class Pooled:
    """Quantiles of the maximum of the next hours of CPU by a trained model; the simple rule where it has nothing to say.

    The model foresees three hours. The rest of the day stays what yesterday was, and no lower than those three hours;
    memory, which thinks in days, stays with the rule. Without a model all of it is the rule: so a configuration is
    checked without reading one.
    """

    margin: float = 0.15  # fraction that the simple rule adds
    model: Model | None = field(default=None, repr=False, metadata={"knob": False})

    def __post_init__(self) -> None:
        check_margin(self.margin)

    @property
    def name(self) -> str:
        return "trees"

    @property
    def uses_risk(self) -> bool:
        return self.model is not None

    def learn(self, history: History, beliefs: Beliefs | None) -> Beliefs | None:  # noqa: ARG002 - learnt beforehand
        return None

    def foresee(self, history: History, beliefs: Beliefs | None, risk: npt.NDArray[np.float64]) -> Outlook:  # noqa: ARG002
        """Shapes as in :class:`Outlook`."""
        if self.model is None:
            return self.outlook(history, None, risk)
        curves = self.model.curves(history.usage[Resource.CPU], history.step, history.censored[Resource.CPU])
        return self.outlook(history, curves, risk)

    def film(self, history: History, first: int, count: int) -> Film | None:
        """Curves at the starts of these columns, each from the columns before it: many moments cost little more than one."""
        if self.model is None:
            return None
        usage, censored = history.usage[Resource.CPU], history.censored[Resource.CPU]
        return self.model.film(usage, history.step, Moments(first, count), censored)

    def outlook(self, history: History, curves: Curves | None, risk: npt.NDArray[np.float64]) -> Outlook:
        """The outlook from curves that were made for the end of this history."""
        rule = Recent(self.margin).foresee(history, None, risk)
        experts = (self.name, *rule.experts)
        if curves is None:
            return replace(rule, expert=np.ones_like(rule.expert), experts=experts)
        seen = np.isfinite(rule.ceiling[Resource.CPU, :, 0]) & np.isfinite(curves.base)
        curves = replace(curves, base=np.where(seen, curves.base, np.float32(np.nan)))
        ceiling, low, high = rule.ceiling.copy(), rule.low.copy(), rule.high.copy()
        ceiling[Resource.CPU, seen] = _day(curves, rule.ceiling[Resource.CPU], 1 - np.clip(risk, *RISKS))[seen]
        cpu = ceiling[Resource.CPU, seen]
        low[Resource.CPU, seen] = np.fmin(low[Resource.CPU, seen], cpu[:, 0])
        high[Resource.CPU, seen] = cpu.max(axis=1, initial=0)
        expert = np.where(seen, 0, 1).astype(np.uint8)
        return replace(rule, ceiling=ceiling, low=low, high=high, expert=expert, experts=experts, curves=curves)


def _day(curves: Curves, rule: npt.NDArray[np.float32], level: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """[n, BLOCKS] the quantile of each block's head; after the longest head the rule's, which is then the only one to know."""
    by_head = [curves.quantile(head, level)[:, None] for head in range(len(curves.heads))]
    day = np.fmax(rule, by_head[-1])
    begin = 0
    for seconds, amount in zip(curves.heads, by_head, strict=True):
        stop = seconds // BLOCK
        day[:, begin:stop] = amount
        begin = stop
    return day
