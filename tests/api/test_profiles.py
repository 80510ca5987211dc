from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vpa_inplace
from vpa_inplace.api.config import Config
from vpa_inplace.api.policies import Overrides, default_policy, forecaster_of
from vpa_inplace.api.policy_file import laid_over
from vpa_inplace.api.profiles import models_folder, packaged_profiles, read_profiles
from vpa_inplace.domain.errors import ConfigError
from vpa_inplace.domain.policy import Policy
from vpa_inplace.forecast import make_forecaster
from vpa_inplace.forecast.vpa import Vpa


def test_the_default_profile_is_the_built_in_policy() -> None:
    assert default_policy(Config()) == Policy()


def test_the_default_profile_leaves_nothing_to_a_layer_below() -> None:
    # over a policy that differs in everything the profile can say, the result is still the built-in one
    default = packaged_profiles()["default"]
    assert laid_over(default_policy(Config(), Overrides(profile="vpa")), default) == Policy(profile="vpa")


def test_the_vpa_profile_adds_nothing_to_what_upstream_recommends() -> None:
    policy = default_policy(Config(), Overrides(profile="vpa"))
    for rule in (policy.cpu, policy.memory):
        assert (rule.peak_margin, rule.min_allowed, rule.max_allowed, rule.quantum) == (None, None, None, 1)
    assert policy.max_resizes_per_day is None
    forecaster = forecaster_of(Config(), Overrides(profile="vpa"))
    assert forecaster == Vpa()  # floors of 25m and 250Mi are the forecaster's


@pytest.mark.parametrize("name", sorted(packaged_profiles()))
def test_every_packaged_profile_names_a_forecaster_that_exists(name: str) -> None:
    profile = packaged_profiles()[name]
    assert profile.forecaster is not None
    make_forecaster(profile.forecaster, profile.knobs)


def test_every_number_of_the_packaged_profiles_has_a_comment() -> None:
    bare = [
        line.strip()
        for path in sorted(models_folder().glob("*.yaml"))
        for line in path.read_text().splitlines()
        if ":" in line and "#" not in line and any(c.isdigit() for c in line.partition(":")[2])
    ]
    # what needs no source: the version of the format, and a share that is a convention of the guards
    assert bare == ["schema: vpa-inplace.profiles/v1", "minCoverage: 90%"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("profiles: {}\n", "schema: is missing", id="no-schema"),
        pytest.param("schema: vpa-inplace.profiles/v9\nprofiles: {}\n", "schema: ", id="newer-schema"),
        pytest.param(
            "schema: vpa-inplace.profiles/v1\nprofiles: {a: {}}\n", "profiles.a.description: is missing", id="empty"
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_profiles(tmp_path / "p.yaml")


def test_an_installed_program_finds_its_profiles_inside_itself(tmp_path: Path) -> None:
    """As the wheel lays them out: ``vpa_inplace/_models`` and no folder beside the package."""
    package = Path(vpa_inplace.__file__).parent
    shutil.copytree(package, tmp_path / "vpa_inplace", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package.parent / "models", tmp_path / "vpa_inplace" / "_models")
    ask = "from vpa_inplace.api.profiles import models_folder, packaged_profiles as p; print(models_folder(), *p())"
    done = subprocess.run(
        (sys.executable, "-c", ask),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(tmp_path / "vpa_inplace" / "_models"), *packaged_profiles()]
