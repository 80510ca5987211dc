"""Options that several commands share, by what they are about. ``None`` and empty: not given, so the file decides.

Every option has a mirror in the environment, named after its long form: ``--prometheus`` is VPA_INPLACE_PROMETHEUS.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer


def option(*names: str, text: str, panel: str, yields_to: Sequence[str] = (), **more: Any) -> Any:
    """An option with its mirror in the environment.

    ``yields_to``: parameters that contradict it. On the command line one of them wins over this one's mirror; both on
    the same level are for the command to refuse.
    """
    long = next(name for name in names if name.startswith("--"))
    mirror = "VPA_INPLACE_" + long.removeprefix("--").replace("-", "_").upper()
    if yields_to:

        def unless_contradicted(context: typer.Context, param: typer.CallbackParam, value: Any) -> Any:
            given = any(_source(context, other) == "COMMANDLINE" for other in yields_to)
            return None if given and _source(context, param.name) == "ENVIRONMENT" else value

        more["callback"] = unless_contradicted
    return typer.Option(*names, help=text, rich_help_panel=panel, envvar=mirror, **more)


def lines_of(*names: str, **more: Any) -> Any:
    """A repeatable option whose values may hold blanks; in the environment one a line."""

    def split(context: typer.Context, param: typer.CallbackParam, value: list[str] | None) -> list[str] | None:
        if _source(context, param.name) == "ENVIRONMENT":
            said = os.environ[str(param.envvar)].splitlines()
            return [line.strip() for line in said if line.strip()]
        return value

    return option(*names, callback=split, **more)


def _source(context: typer.Context, name: str | None) -> str:
    """Where a value comes from: COMMANDLINE, ENVIRONMENT, DEFAULT ...; those given on the command line are known first."""
    found = context.get_parameter_source(name or "")
    return "" if found is None else found.name


SCOPE, CLUSTER, USAGE, FORECAST, OUTPUT = "Scope", "Cluster", "Usage", "Forecast", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigOptions:
    """Where settings come from."""

    config: Annotated[
        Path | None, option("--config", text="Configuration file, see `config check`.", panel=SCOPE, metavar="FILE")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeOptions:
    """Which part of the cluster is looked at."""

    namespace: Annotated[
        list[str] | None,
        option(
            "-n",
            "--namespace",
            text="Only this namespace; may be repeated.",
            panel=SCOPE,
            metavar="NAME",
            yields_to=("all_namespaces",),
        ),
    ] = None
    all_namespaces: Annotated[
        bool | None,
        option(
            "-A",
            "--all-namespaces",
            text="All namespaces, whatever the file says; excluded ones (kube-system) stay out unless named with -n.",
            panel=SCOPE,
            yields_to=("namespace",),
        ),
    ] = None
    selector: Annotated[
        str | None, option("-l", "--selector", text="Label selector on pods, such as app=web.", panel=SCOPE)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """Where pods and nodes are read."""

    context: Annotated[
        str | None, option("--context", text="Context of the kubeconfig.", panel=CLUSTER, yields_to=("no_cluster",))
    ] = None
    kubeconfig: Annotated[
        Path | None,
        option(
            "--kubeconfig",
            text="Path of the kubeconfig; default: as kubectl finds it.",
            panel=CLUSTER,
            metavar="FILE",
            yields_to=("no_cluster",),
        ),
    ] = None
    no_cluster: Annotated[
        bool | None,
        option(
            "--no-cluster",
            text="Never ask the API server: read pods from kube-state-metrics.",
            panel=CLUSTER,
            yields_to=("context", "kubeconfig"),
        ),
    ] = None
    cluster: Annotated[
        str | None, option("--cluster", text="Name of the cluster in keys and reports.", panel=CLUSTER, metavar="NAME")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusOptions:
    """Where usage is read."""

    prometheus: Annotated[
        str | None,
        option(
            "-p",
            "--prometheus",
            text="Address of Prometheus, or of what speaks its API.",
            panel=USAGE,
            metavar="URL",
            yields_to=("recording",),
        ),
    ] = None
    header: Annotated[
        list[str] | None,
        lines_of("--header", text="Header of every query, as 'Name: value'; may be repeated.", panel=USAGE),
    ] = None
    bearer_token_file: Annotated[
        Path | None, option("--bearer-token-file", text="File with a bearer token.", panel=USAGE, metavar="FILE")
    ] = None
    username: Annotated[str | None, option("--username", text="User of basic authentication.", panel=USAGE)] = None
    password_file: Annotated[
        Path | None, option("--password-file", text="File with the password to it.", panel=USAGE, metavar="FILE")
    ] = None
    ca_file: Annotated[
        Path | None, option("--ca-file", text="Certificates to trust (PEM).", panel=USAGE, metavar="FILE")
    ] = None
    insecure: Annotated[bool | None, option("--insecure", text="Accept any certificate.", panel=USAGE)] = None
    timeout: Annotated[
        str | None, option("--timeout", text="How long one answer may take, such as 60s.", panel=USAGE, metavar="TIME")
    ] = None
    history: Annotated[
        str | None,
        option("--history", text="How far back usage is read, such as 8d (at most 35d).", panel=USAGE, metavar="TIME"),
    ] = None
    cache: Annotated[
        Path | None,
        option(
            "--cache", text="Keep usage in this file; the next run asks for what is new.", panel=USAGE, metavar="FILE"
        ),
    ] = None
    at: Annotated[
        str | None,
        option(
            "--at", text="The moment to look at, such as 2026-03-02T12:00Z; default: now.", panel=USAGE, metavar="TIME"
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingOptions:
    """Usage and pods from a file."""

    recording: Annotated[
        Path | None,
        option(
            "--recording",
            text="Read this recording instead of a cluster and Prometheus.",
            panel=USAGE,
            metavar="FILE",
            yields_to=("prometheus",),
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastOptions:
    """How demand is forecast; what is given here holds for every container, whatever the file says."""

    forecaster: Annotated[
        str | None,
        option(
            "-f",
            "--forecaster",
            text="recent, static, trees or vpa; default: the profile's.",
            panel=FORECAST,
            metavar="NAME",
        ),
    ] = None
    profile: Annotated[
        str | None, option("--profile", text="Profile that policies start from.", panel=FORECAST, metavar="NAME")
    ] = None
    risk: Annotated[
        str | None,
        option(
            "--risk",
            text="Tolerated share of time under-provisioned, such as 1%; for forecasters that heed it.",
            panel=FORECAST,
            metavar="SHARE",
        ),
    ] = None
    knobs: Annotated[
        list[str] | None,
        option(
            "--set",
            text="A knob of the forecaster or a field of the policy: margin=20%, cpu.hold=3h; may be repeated.",
            panel=FORECAST,
            metavar="KEY=VALUE",
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOptions:
    """What is said on the way, on stderr."""

    quiet: Annotated[bool, option("-q", "--quiet", text="No progress and no notes, only errors.", panel=OUTPUT)] = False
    verbose: Annotated[bool, option("-v", "--verbose", text="More detail.", panel=OUTPUT)] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Where the report goes and how wide it may be."""

    out: Annotated[
        Path | None, option("--out", text="Write to this file instead of stdout.", panel=OUTPUT, metavar="FILE")
    ] = None
    width: Annotated[
        int | None, option("--width", text="Columns to wrap at; default: the terminal's.", panel=OUTPUT, min=40)
    ] = None
