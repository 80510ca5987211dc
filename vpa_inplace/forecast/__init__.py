"""History in, Outlook out: what each row may need, per block of time, at its risk. Whole batches only.

A new forecaster is one file here, one line in ``registry.py`` and one test; the registry's contract test covers the rest.
"""

from vpa_inplace.forecast.outlook import Beliefs, Forecaster, Outlook
from vpa_inplace.forecast.registry import FORECASTERS, knobs_of, make_forecaster, needs_model

__all__ = ["FORECASTERS", "Beliefs", "Forecaster", "Outlook", "knobs_of", "make_forecaster", "needs_model"]
