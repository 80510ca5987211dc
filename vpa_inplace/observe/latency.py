"""Latency histograms of well-known model servers, recorded beside the usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from vpa_inplace.domain.snapshot import LatencySeries
from vpa_inplace.observe.prometheus.client import PromClient
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


def pull_latency(
    client: PromClient, namespaces: Sequence[str], *, end: int, report: Report = silent
) -> tuple[LatencySeries, ...]:
    """Requests by bucket and window of every pod that serves one of the known histograms."""
    buckets = {f"{name}_bucket": name for name in HISTOGRAMS}
    found: list[LatencySeries] = []
    for metric in sorted(client.existing(buckets, end)):
        for namespace in namespaces:
            found.extend(_pulled(client, metric, buckets[metric], namespace, end))
        report(Progress("latency", len(found), None, buckets[metric]))
    return tuple(sorted(found, key=lambda s: (s.metric, s.namespace, s.pod)))


def _pulled(client: PromClient, metric: str, name: str, namespace: str, end: int) -> list[LatencySeries]:
    step = client.settings.step
    first, columns = end - SPAN // step * step, SPAN // step
    query = f"increase({{__name__={quoted(metric)},namespace={quoted(namespace)}}}[{step}s])"
    counts: dict[str, dict[float, np.ndarray]] = defaultdict(dict)
    for series in client.range(query, first + step, end, step):
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
