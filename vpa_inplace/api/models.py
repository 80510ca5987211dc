"""Trained models of the models folder, read at the edge so that the brain is given them whole."""

from __future__ import annotations

from functools import cache

from vpa_inplace.api.profiles import models_folder
from vpa_inplace.domain.errors import FileRefused
from vpa_inplace.forecast import FORECASTERS, needs_model
from vpa_inplace.forecast.model import Model


def model_for(forecaster: str) -> Model | None:
    """The model that comes with the program for this forecaster; ``None`` for one that needs none.

    Raises:
        FileRefused: the file is missing, torn, or made for another version of the program.
    """
    return _packaged(forecaster) if forecaster in FORECASTERS and needs_model(forecaster) else None


@cache
def _packaged(forecaster: str) -> Model:
    from vpa_inplace.forecast.artefact import load  # most runs need no model, and none should wait for its reader

    path = models_folder() / f"{forecaster}.npz"
    try:
        with path.open("rb") as file:
            return load(file).model
    except FileRefused as error:
        raise FileRefused(f"{path} {error}; install vpa-inplace again") from error
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}; install vpa-inplace again") from error
