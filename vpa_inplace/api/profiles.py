"""Forecast profiles: where the policy of a class of workloads starts from.

Every ``*.yaml`` of the models folder is read, so that a new class of workloads is one new file there and nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError, field_validator

from vpa_inplace.api.fields import Knobs, Name, OptionalName, Section, described
from vpa_inplace.api.mistakes import mistakes_of
from vpa_inplace.api.policy_file import ForecastFile, PolicyFile
from vpa_inplace.api.yaml_file import Yaml, read_yaml
from vpa_inplace.domain.errors import ConfigError

DEFAULT: Final = "default"


class Profile(PolicyFile):
    """A policy to start from, with the forecaster it is meant for."""

    description: Name = described("What kind of workload it suits, in one sentence.", ...)
    forecaster: OptionalName = described("Its forecaster, where nobody names another; see `--forecaster`.")
    knobs: Knobs = described("Settings of that forecaster, as `--set` takes them.", {})

    @field_validator("forecast")
    @classmethod
    def _stands_alone(cls, forecast: ForecastFile) -> ForecastFile:
        if forecast.profile is not None:
            raise ValueError("a profile cannot start from another profile; leave profile out")
        return forecast


class ProfilesFile(Section):
    """A file of the models folder."""

    schema_: Literal["vpa-inplace.profiles/v1"] = described("Version of the format.", ..., alias="schema")
    profiles: dict[str, Profile] = described("Profiles by name.", ...)


@cache
def packaged_profiles() -> Mapping[str, Profile]:
    """Every profile that comes with the program."""
    found: dict[str, Profile] = {}
    for path in sorted(models_folder().glob("*.yaml")):
        for name, profile in read_profiles(path).items():
            if name in found:
                raise ConfigError(str(path), [f"profiles.{name}: another file of the folder has it already"])
            found[name] = profile
    return found


def read_profiles(path: Path) -> dict[str, Profile]:
    """The profiles of one file.

    Raises:
        ConfigError: all mistakes of the file.
    """
    return validated(read_yaml(path))


def validated(file: Yaml) -> dict[str, Profile]:
    try:
        return ProfilesFile.model_validate(file.data).profiles
    except ValidationError as error:
        raise file.error(list(mistakes_of(error, ProfilesFile))) from error


def models_folder() -> Path:
    """The models folder: inside the installed package, or at the top of a checkout.

    Raises:
        ConfigError: neither is there; the installation is broken.
    """
    package = Path(str(files("vpa_inplace")))
    for folder in (package / "_models", package.parent / "models"):
        if (folder / "default.yaml").is_file():
            return folder
    raise ConfigError("models/default.yaml", ["it is not installed; install vpa-inplace again"])
