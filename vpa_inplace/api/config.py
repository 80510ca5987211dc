"""The configuration file ``vpa-inplace.yaml``: one schema for the command line and the controller.

Read once at the edge, checked whole, all mistakes reported together, passed down as values. Precedence is flags, then
environment, then this file, then what is built in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, ValidationError, model_validator

from vpa_inplace.api.fields import (
    Duration,
    FilePath,
    Knobs,
    Name,
    Names,
    OptionalName,
    Section,
    described,
    parse_knob,
    within,
)
from vpa_inplace.api.mistakes import mistakes_of
from vpa_inplace.api.policy_file import PolicyFile
from vpa_inplace.api.profiles import DEFAULT, Profile, packaged_profiles
from vpa_inplace.api.yaml_file import Where, Yaml, parse_yaml, read_yaml
from vpa_inplace.domain.errors import UnknownName, UsageError
from vpa_inplace.forecast import make_forecaster
from vpa_inplace.history.history import DETAIL, HOURLY

Kind = TypeVar("Kind", dict[Any, Any], list[Any], str)

SHORTEST_STEP: Final = timedelta(seconds=15)
SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)


def _divides_an_hour(step: timedelta) -> timedelta:
    if step < SHORTEST_STEP or HOUR % step or step % SECOND:
        raise ValueError("must be whole seconds that divide an hour, 15s or more; 1m and 5m are usual")
    return step


class PrometheusFile(Section):
    url: OptionalName = described("Address of a Prometheus API, such as http://prometheus.monitoring:9090.")
    headers: dict[str, str] = described("Sent with every request, such as X-Scope-OrgID.", {})
    bearer_token_file: FilePath | None = described("File with a bearer token; read anew for each connection.")
    username: OptionalName = described("Basic authentication.")
    password_file: FilePath | None = described("File with the password to it.")
    ca_file: FilePath | None = described("PEM file of certificates to trust; default: the public ones.")
    insecure_skip_verify: bool = described("Accept any certificate.", False)
    timeout: Annotated[Duration, within(SECOND, HOUR)] = described(
        "How long one answer may take.", timedelta(seconds=60)
    )
    connect_timeout: Annotated[Duration, within(SECOND / 10, HOUR)] = described(
        "How long a connection may take.", timedelta(seconds=5)
    )
    max_in_flight: int = described("Queries at the same time; more hurts a busy server.", 2, ge=1, le=16)
    step: Annotated[Duration, AfterValidator(_divides_an_hour)] = described(
        "Length of a step of usage; must divide an hour.", timedelta(minutes=5)
    )
    history: Annotated[Duration, within(HOUR, timedelta(seconds=HOURLY))] = described(
        "How far back usage is read: 8d in steps, beyond that hourly maxima, 35d at most.", timedelta(seconds=DETAIL)
    )


class KubernetesFile(Section):
    kubeconfig: FilePath | None = described("Path of a kubeconfig; default: as kubectl finds it, else in-cluster.")
    context: OptionalName = described("Context of the kubeconfig; default: its current one.")


class Match(Section):
    """Shell patterns (``*``, ``?``, ``[ab]``); a list matches when one of its patterns does. All keys must match."""

    namespace: Names = described("Namespaces, such as shop or team-*.", ("*",))
    kind: Names = described("Kinds of the topmost controller, such as Deployment; case does not matter.", ("*",))
    name: Names = described("Names of the workload.", ("*",))
    container: Names = described("Names of the container.", ("*",))

    @model_validator(mode="after")
    def _says_something(self) -> Match:
        if not self.model_fields_set:
            raise ValueError("must name at least one of namespace, kind, name and container")
        return self


class WorkloadFile(PolicyFile):
    match: Match = described("Containers it is about. Of several entries that match, the last one wins.", ...)


class Config(Section):
    """The whole file."""

    cluster: Name = described("Name of the cluster, the first part of every key.", "default")
    prometheus: PrometheusFile = described("Where usage is read.", PrometheusFile())
    kubernetes: KubernetesFile = described("Where pods and nodes are read.", KubernetesFile())
    namespaces: Names = described("Namespaces to look at; default: all but the excluded ones.", ())
    excluded_namespaces: Names = described("Left out unless named.", ("kube-system",))
    selector: str = described("Label selector on pods, as kubectl -l takes it.", "")
    forecaster: OptionalName = described("Forecaster of all containers; default: the profile's.")
    knobs: Knobs = described("Settings of the forecaster, as `--set` takes them.", {})
    profile: Name = described("Profile of every container for which nothing else is said.", DEFAULT)
    profiles: dict[str, Profile] = described("Profiles of your own; one that is named as a built-in replaces it.", {})
    defaults: PolicyFile = described("Policy of every container, over its profile.", PolicyFile())
    workloads: tuple[WorkloadFile, ...] = described("Policies of some containers, over the defaults.", (), strict=False)

    def profiles_named(self) -> Iterator[tuple[Where, str]]:
        """Every place of the file that names a profile, the fleet's first."""
        yield ("profile",), self.profile
        for where, policy in (
            (("defaults",), self.defaults),
            *((("workloads", i), entry) for i, entry in enumerate(self.workloads)),
        ):
            if policy.forecast.profile is not None:
                yield (*where, "forecast", "profile"), policy.forecast.profile

    def profile_named(self, name: str) -> Profile:
        """One of the file's own profiles, or of those that come with the program.

        Raises:
            UnknownName: neither has it.
        """
        known = {**packaged_profiles(), **self.profiles}
        if name not in known:
            raise UnknownName("profile", name, known)
        return known[name]


def load_config(path: Path | None) -> Config:
    """The configuration of a file, or what is built in without one.

    Raises:
        ConfigError: the file cannot be read or has mistakes; carries all of them.
    """
    return Config() if path is None else config_of(read_yaml(path))


def parse_config(text: str, name: str = "vpa-inplace.yaml") -> Config:
    """The same for text."""
    return config_of(parse_yaml(text, name))


def config_of(file: Yaml) -> Config:
    mistakes = list(_unknown_names(file.data))
    try:
        config = Config.model_validate(file.data)
    except ValidationError as error:
        raise file.error([*mistakes_of(error, Config), *mistakes]) from error
    if mistakes:
        raise file.error(mistakes)
    return config


def _unknown_names(data: Any) -> Iterator[tuple[Where, str]]:
    """What no single part of the file can see: names that must exist elsewhere, and parts that contradict each other.

    Works on the data as it was read, so that these mistakes are reported beside all others.
    """
    own = _at(data, "profiles", kind=dict)
    known = {*packaged_profiles(), *own}
    places: list[Where] = [("profile",), ("defaults", "forecast", "profile")]
    places += [("workloads", i, "forecast", "profile") for i in range(len(_at(data, "workloads", kind=list)))]
    for where in places:
        name = _at(data, *where, kind=str)
        if name and name not in known:
            yield where, str(UnknownName("profile", name, known))
    named = {_at(data, *where, kind=str) for where in places[:2]} - {""}
    if len(named) > 1:
        yield ("profile",), "and defaults.forecast.profile name different profiles for all containers; keep one"
    for where in ((), *(("profiles", str(name)) for name in own)):
        yield from _forecaster(data, where)


def _forecaster(data: Any, where: Where) -> Iterator[tuple[Where, str]]:
    """Mistakes in the name of a forecaster and in each of its knobs."""
    name, knobs = _at(data, *where, "forecaster", kind=str), _at(data, *where, "knobs", kind=dict)
    if not name:
        if knobs:
            yield (*where, "knobs"), "say whose knobs these are: name the forecaster beside them"
        return
    unknown = list(_mistake((*where, "forecaster"), partial(make_forecaster, name)))
    yield from unknown
    for knob, value in knobs.items() if not unknown else ():
        with suppress(UsageError):  # no number: the schema says so
            number = parse_knob(str(value))
            yield from _mistake((*where, "knobs", str(knob)), partial(make_forecaster, name, {str(knob): number}))


def _mistake(where: Where, attempt: Callable[[], object]) -> Iterator[tuple[Where, str]]:
    try:
        attempt()
    except UsageError as error:
        yield where, str(error)


def _at(data: Any, *where: str | int, kind: type[Kind]) -> Kind:
    """What stands at a place, or an empty one of its kind where something else stands there."""
    for part in where:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return kind()
    return data if isinstance(data, kind) else kind()
