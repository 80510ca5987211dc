"""From options and the configuration file to what a command works with: a source, a scope, policies, a forecaster."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vpa_inplace.api.config import Config, load_config
from vpa_inplace.api.durations import parse_duration
from vpa_inplace.api.fractions import parse_fraction
from vpa_inplace.api.policies import Overrides, forecaster_of, policies_for, unmatched
from vpa_inplace.api.set_flag import parse_settings
from vpa_inplace.cli.options import (
    ClusterOptions,
    ConfigOptions,
    ForecastOptions,
    PrometheusOptions,
    RecordingOptions,
    ReportOptions,
    ScopeOptions,
    TalkOptions,
)
from vpa_inplace.cli.progress import progress
from vpa_inplace.decide import Decision
from vpa_inplace.domain.errors import SourceRefused, SourceUnavailable, UsageError
from vpa_inplace.drive.once import decide_once
from vpa_inplace.forecast import Forecaster, knobs_of
from vpa_inplace.observe.kubernetes import KubeClient, KubeSettings
from vpa_inplace.observe.prometheus import PrometheusSettings
from vpa_inplace.observe.source import Observation, Scope, Source
from vpa_inplace.report.options import Options

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasting:
    """How to decide; made before anything is read, so that a typing mistake costs no waiting."""

    config: Config
    flags: Overrides
    forecaster: Forecaster

    def decide(self, observation: Observation) -> Decision:
        return decide_once(
            observation, self.forecaster, policies_for(self.config, observation.snapshot.rows, self.flags)
        )

    def warn_of_idle_patterns(self, observation: Observation, say: Say) -> None:
        """Entries of the file that meet nothing are typing mistakes more often than not."""
        for place in unmatched(self.config, observation.snapshot.rows):
            say(f"warning: {place} of the configuration is about no container that was found; check its patterns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What to look at, and where."""

    source: Source
    scope: Scope

    def observe(self, *, quiet: bool) -> Observation:
        """The observation, with progress on stderr while it is made."""
        with progress(quiet=quiet) as tell:
            return self.source.observe(self.scope, tell)

    def cluster(self, observation: Observation) -> str:
        """The name of the cluster; a recording has its own."""
        return next((key.workload.cluster for key in observation.snapshot.rows), self.scope.cluster)


def configured(options: ConfigOptions) -> Config:
    return load_config(options.config)


def forecasting(config: Config, options: ForecastOptions, say: Say) -> Forecasting:
    """Forecaster and policies.

    Raises:
        UsageError: a name that does not exist, a number out of range.
    """
    flags = Overrides(
        profile=options.profile,
        risk=None if options.risk is None else _risk(options.risk),
        forecaster=options.forecaster,
    )
    settings = parse_settings(options.knobs or (), forecaster_of(config, flags).name)
    flags = replace(flags, knobs=settings.knobs, policies=settings.policies)
    forecaster = forecaster_of(config, flags)
    if flags.risk is not None and not forecaster.uses_risk:
        knobs = ", ".join(knobs_of(forecaster.name))
        say(f"warning: forecaster {forecaster.name!r} does not heed --risk; its own knobs are {knobs} (--set)")
    return Forecasting(config=config, flags=flags, forecaster=forecaster)


def scope_of(config: Config, options: ScopeOptions, cluster: str | None) -> Scope:
    """Which part of the cluster to look at."""
    if options.all_namespaces and options.namespace:
        raise UsageError("--namespace and --all-namespaces contradict each other; leave one out")
    named = () if options.all_namespaces else tuple(options.namespace or config.namespaces)
    return Scope(
        cluster=cluster or config.cluster,
        namespaces=tuple(dict.fromkeys(named)),
        excluded_namespaces=config.excluded_namespaces,
        selector=config.selector if options.selector is None else options.selector,
    )


def source_of(
    config: Config, recording: RecordingOptions, prometheus: PrometheusOptions, cluster: ClusterOptions, say: Say
) -> Source:
    """The recording if one is given, else Prometheus with what access to the cluster there is.

    Raises:
        UsageError: neither a recording nor a Prometheus is named, or options contradict each other.
        SourceRefused: the cluster knows us and says no.
    """
    if recording.recording is not None:
        from vpa_inplace.observe.recording import RecordingSource

        if prometheus.prometheus is not None:
            raise UsageError("--recording and --prometheus contradict each other; leave one out")
        if prometheus.at is not None:
            raise UsageError("--at: a recording shows the one moment at which it was made; leave --at out")
        return RecordingSource(recording.recording)
    from vpa_inplace.observe.from_prometheus import PrometheusSource

    if prometheus.prometheus is None and config.prometheus.url is None:
        raise UsageError(
            "where is the usage? give --prometheus URL or --recording FILE (`vpa-inplace demo` needs neither)"
        )
    settings = prometheus_settings(config, prometheus)
    if prometheus.at is None:
        return PrometheusSource(settings, kube_settings(config, cluster, say), prometheus.cache)
    if cluster.context is not None or cluster.kubeconfig is not None:
        raise UsageError("--at: the API server knows the present only; leave --context and --kubeconfig out")
    return PrometheusSource(settings, cache=prometheus.cache)


def prometheus_settings(config: Config, options: PrometheusOptions) -> PrometheusSettings:
    """Address and credentials, flags over file.

    Raises:
        UsageError: no address, a header or a time that cannot be read, a password file that is not there.
    """
    file = config.prometheus
    url = options.prometheus or file.url
    if url is None:
        raise UsageError("no Prometheus is named: give --prometheus URL, or prometheus.url in the configuration")
    password = options.password_file or file.password_file
    return PrometheusSettings(
        url=url,
        headers={**file.headers, **dict(_header(text) for text in options.header or ())},
        bearer_token_file=options.bearer_token_file or file.bearer_token_file,
        username=options.username or file.username,
        password=None if password is None else _secret(password),
        ca_file=_existing(options.ca_file or file.ca_file, "CA file"),
        insecure=file.insecure_skip_verify if options.insecure is None else options.insecure,
        connect_timeout=file.connect_timeout,
        read_timeout=_duration("--timeout", options.timeout, file.timeout, least=timedelta(seconds=1)),
        max_in_flight=file.max_in_flight,
        step=int(file.step.total_seconds()),
        history=_duration("--history", options.history, file.history, least=timedelta(hours=1)),
        at=None if options.at is None else moment(options.at),
    )


def kube_settings(config: Config, options: ClusterOptions, say: Say) -> KubeSettings | None:
    """Access to the cluster, or ``None`` where kube-state-metrics has to do.

    Raises:
        UsageError, SourceUnavailable: access was asked for, and there is none.
        SourceRefused: there is a cluster, and it refuses us; going on in silence would hide an expired token.
    """
    if options.no_cluster:
        if options.context is not None or options.kubeconfig is not None:
            raise UsageError("--no-cluster contradicts --context and --kubeconfig; leave one of them out")
        return None
    settings, asked = cluster_asked_for(config, options)
    try:
        KubeClient(settings).get("/version")
    except SourceRefused as error:
        raise SourceRefused(f"{error}; or go without the cluster: --no-cluster") from error
    except (UsageError, SourceUnavailable) as error:
        if asked:
            raise
        say(f"note: pods come from kube-state-metrics alone: {error}")
        return None
    return settings


def cluster_asked_for(config: Config, options: ClusterOptions) -> tuple[KubeSettings, bool]:
    """Which cluster, and whether anybody named it: then its absence is a mistake."""
    kubeconfig = options.kubeconfig or config.kubernetes.kubeconfig
    context = options.context or config.kubernetes.context
    return KubeSettings(kubeconfig=kubeconfig, context=context), not (kubeconfig is None and context is None)


def folder(path: Path, what: str) -> Path:
    """A folder to write to, made where it is missing.

    Raises:
        UsageError: it cannot be one.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{what} {path} cannot be a folder: {error.strerror}") from error
    return path


def look_of(report: ReportOptions, talk: TalkOptions, *, context: str | None) -> Options:
    """How the report may look where it goes: a file is plain, stdout what it can show."""
    if report.out is not None:
        return Options(width=report.width, verbose=talk.verbose, context=context)
    return Options.for_stream(sys.stdout, os.environ, width=report.width, verbose=talk.verbose, context=context)


def moment(text: str) -> datetime:
    """A time as people write it; without a zone it is UTC.

    Raises:
        UsageError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at: {text!r} is no time; write it like 2026-03-02T12:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _risk(text: str) -> float:
    risk: float = _named("--risk", parse_fraction, text)
    if not 0 < risk < 1:
        raise UsageError(f"--risk: {text!r} is out of range: it must lie above 0% and below 100%")
    return risk


def _header(text: str) -> tuple[str, str]:
    name, sign, value = text.partition(":")
    if not sign or not name.strip() or not text.isprintable():
        raise UsageError("--header: write it like 'X-Scope-OrgID: tenant-1'")  # its value may be a secret: not repeated
    return name.strip(), value.strip()


def _duration(name: str, text: str | None, otherwise: timedelta, *, least: timedelta) -> timedelta:
    if text is None:
        return otherwise
    span: timedelta = _named(name, parse_duration, text)
    if span < least:
        raise UsageError(f"{name}: {text!r} is too short; {least.total_seconds():g} s at least")
    return span


def _named(name: str, parse: Callable[[str], Any], text: str) -> Any:
    """Parse, and let the mistake begin with the option it is in."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from error


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no text"
        raise UsageError(f"password file {path}: {reason}") from error


def _existing(path: Path | None, what: str) -> Path | None:
    if path is not None and not path.is_file():
        raise UsageError(f"{what} {path} does not exist")
    return path
