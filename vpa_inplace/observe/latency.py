"""Latency histograms of well-known model servers, recorded beside the usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from vpa_inplace.domain.snapshot import LatencySeries
from vpa_inplace.observe.prometheus.client import PromClient, Series, TooMuch
from vpa_inplace.observe.prometheus.queries import quoted
from vpa_inplace.observe.source import Progress, Report, silent

HISTOGRAMS: Final = (
    "vllm:time_to_first_token_seconds",
    "vllm:e2e_request_latency_seconds",
    "vllm:inter_token_latency_seconds",
    "vllm:time_per_output_token_seconds",  # its name before vLLM 0.11
    "sglang:time_to_first_token_seconds",
    "sglang:e2e_request_latency_seconds",
    "sglang:inter_token_latency_seconds",
    "tgi_request_duration",
    "tgi_request_mean_time_per_token_duration",
    "nv_inference_first_response_histogram_ms",
    "request_predict_seconds",
)
SPAN: Final = 86400  # seconds: the last day
SHORTEST: Final = 3600  # seconds; a range is not halved below it


def pull_latency(
    client: PromClient, namespaces: Sequence[str], *, end: int, report: Report = silent
) -> tuple[tuple[LatencySeries, ...], tuple[str, ...]]:
    """Requests by bucket and window of every pod that serves one of the known histograms; warnings.

    Sizes do not hang on latency: a server that cannot answer for it costs a warning, not the report.
    """
    found: list[LatencySeries] = []
    warnings: list[str] = []
    for name, served in _where(client, namespaces, end).items():
        for namespace in served:
            try:
                found.extend(_pulled(client, name, namespace, end))
            except TooMuch as error:
                warnings.append(f"latency {name} of namespace {namespace!r} is left out: {error}")
        report(Progress("latency", len(found), None, name))
    return tuple(sorted(found, key=lambda s: (s.metric, s.namespace, s.pod))), tuple(warnings)


def _where(client: PromClient, namespaces: Sequence[str], end: int) -> dict[str, list[str]]:
    """Histograms that there are, each with those of the namespaces that have it; one query."""
    buckets = {f"{name}_bucket": name for name in HISTOGRAMS}
    there: dict[str, list[str]] = defaultdict(list)
    for sample in client.instant(f'count by (__name__, namespace) ({{__name__=~"{"|".join(buckets)}"}})', end):
        if (namespace := sample.labels.get("namespace", "")) in namespaces:
            there[buckets[sample.labels["__name__"]]].append(namespace)
    return {name: sorted(there[name]) for name in sorted(there)}


def _pulled(client: PromClient, name: str, namespace: str, end: int) -> list[LatencySeries]:
    step = client.settings.step
    first, columns = end - SPAN // step * step, SPAN // step
    query = f"increase({{__name__={quoted(f'{name}_bucket')},namespace={quoted(namespace)}}}[{step}s])"
    counts: dict[str, dict[float, np.ndarray]] = defaultdict(dict)
    for series in _in_pieces(client, query, first + step, end):
        pod, bound = series.labels.get("pod", ""), series.labels.get("le", "")
        if not pod or not bound:
            continue
        line = counts[pod].setdefault(float(bound), np.full(columns, np.nan, np.float32))
        place = ((series.times - first) / step).round().astype(np.intp) - 1
        # several models or replicas behind one pod add up
        line[place] = np.where(np.isnan(line[place]), series.values, line[place] + series.values)
    return [
        LatencySeries(
            metric=name,
            namespace=namespace,
            pod=pod,
            bounds=tuple(sorted(by_bound)),
            start=first,
            step=step,
            counts=np.stack([by_bound[b] for b in sorted(by_bound)], axis=1),
        )
        for pod, by_bound in counts.items()
    ]


def _in_pieces(client: PromClient, query: str, start: int, end: int) -> Iterator[Series]:
    """The range, in halves where it is too much for the server; an evaluation belongs to one of them only."""
    step = client.settings.step
    try:
        yield from client.range(query, start, end, step)
    except TooMuch:
        if end - start < SHORTEST:
            raise
        middle = start + (end - start) // step // 2 * step
        yield from _in_pieces(client, query, start, middle)
        yield from _in_pieces(client, query, middle + step, end)
