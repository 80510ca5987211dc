"""Is there a Prometheus, and does it hold what sizing needs? A few small queries, none over the whole history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vpa_inplace.cli.checks import Check, fail, ok, warn
from vpa_inplace.domain.errors import VpaInplaceError
from vpa_inplace.history.history import DAY, HOUR
from vpa_inplace.observe.prometheus import PromClient
from vpa_inplace.observe.prometheus.queries import (
    CPU,
    MEMORY,
    PERIODS,
    PRESSURE,
    RESTARTS,
    THROTTLED,
)
from vpa_inplace.observe.state_metrics import REQUIRED
from vpa_inplace.report.text import count, listed, span

SKEW: Final = 60.0  # seconds; a scrape interval: less cannot be told from ordinary lateness
REACH: Final = (8 * DAY, 4 * DAY, 2 * DAY, DAY, 6 * HOUR, HOUR)  # seconds back at which samples are looked for
WANTED: Final = REACH[0]  # seconds; what the forecasts look at in detail
LEAST: Final = DAY  # seconds; below it nothing shrinks
OWNERS: Final = ("kube_pod_owner", "kube_replicaset_owner")
_OLDEST: Final = re.compile(r"\d+(?:ms|[smhdwy])")


@dataclass(frozen=True, slots=True)
class PrometheusChecks:
    """Checks of one server. ``clock`` is this machine's time in epoch seconds; ``alone``: pods come from it as well."""

    client: PromClient
    clock: float
    alone: bool

    def __call__(self) -> Iterator[Check]:
        """Stops at the first thing that makes everything after it meaningless."""
        try:
            now = self.client.now()
        except VpaInplaceError as error:
            yield fail("prometheus", str(error), "nothing can be read before this works")
            return
        build = self.client.status("buildinfo")
        version = f"version {build['version']}" if "version" in build else "it does not tell its version"
        yield ok("prometheus", f"{self.client.settings.shown} answers, {version}")
        try:
            yield from self._clock()
            yield from self._usage(now)
        except VpaInplaceError as error:
            yield fail("queries", str(error), "the checks after this one were left out")

    def _clock(self) -> Iterator[Check]:
        skew = self.client.server_time() - self.clock
        if abs(skew) <= SKEW:
            yield ok("clock", f"within {span(SKEW)} of this machine's")
        else:
            where = "ahead of" if skew > 0 else "behind"
            yield warn(
                "clock",
                f"Prometheus is {span(abs(skew))} {where} this machine",
                "set both clocks by NTP; Prometheus' own is the one that counts here",
            )

    def _usage(self, now: float) -> Iterator[Check]:
        there = self.client.existing((CPU, MEMORY, PERIODS, THROTTLED, PRESSURE, RESTARTS, *REQUIRED, *OWNERS))
        yield from self._cadvisor(there)
        yield _optional(
            "throttling",
            {PERIODS, THROTTLED} <= there,
            "CFS throttling is known",
            f"no {THROTTLED}: a throttled container's usage is taken for its demand",
            "fine where no container has a CPU limit; else keep container_cpu_cfs_* when relabelling cAdvisor",
        )
        yield _optional(
            "pressure",
            PRESSURE in there,
            "CPU pressure (PSI) is known",
            f"no {PRESSURE}",
            "optional: kernels with PSI and kubelets from 1.34 on export it",
        )
        yield from self._state_metrics(there)
        if {CPU, MEMORY} & there:
            some = CPU if CPU in there else MEMORY
            yield self._reach(some, now)
            yield self._interval(some)

    def _cadvisor(self, there: set[str]) -> Iterator[Check]:
        for name, metric in (("cpu usage", CPU), ("memory usage", MEMORY)):
            if metric not in there:
                yield fail(name, f"no {metric}", "scrape cAdvisor: the kubelet's /metrics/cadvisor")
                continue
            found = self.client.instant(f'count(count by (namespace, pod, container) ({metric}{{container!=""}}))')
            if found:
                yield ok(name, count(int(found[0].value), "running container"))
            else:
                yield fail(
                    name,
                    f"{metric} has no container label",
                    "keep the labels namespace, pod and container when relabelling cAdvisor",
                )

    def _state_metrics(self, there: set[str]) -> Iterator[Check]:
        missing = [name for name in REQUIRED if name not in there]
        if not missing:
            yield ok("kube-state-metrics", "pods, requests and owners are known")
        elif self.alone:
            yield fail(
                "kube-state-metrics",
                f"no {listed(missing)}, and no access to the cluster: pods cannot be found",
                "scrape kube-state-metrics, or give access to the cluster",
            )
        else:
            yield warn(
                "kube-state-metrics",
                f"no {listed(missing)}: history starts with the pods that live now",
                "scrape kube-state-metrics to follow workloads across rollouts",
            )
        yield _optional(
            "rollouts",
            set(OWNERS) <= there,
            "history is followed across rollouts",
            f"no {listed(name for name in OWNERS if name not in there)}: each rollout starts history anew",
            "let kube-state-metrics export pods and replicasets",
        )
        yield _optional(
            "oom kills",
            RESTARTS in there,  # what it says of terminations exists only where there were some
            "OOM kills are known",
            f"no {RESTARTS}: OOM kills are not seen",
            "let kube-state-metrics export pods",
        )

    def _reach(self, metric: str, now: float) -> Check:
        """How far back there are samples; asks for one moment at a time, so that it costs the server nothing."""
        reach = next((back for back in REACH if self.client.instant(f"count({metric})", now - back)), 0)
        kept = self.client.status("runtimeinfo").get("storageRetention") or self.client.status("flags").get(
            "storage.tsdb.retention.time", ""
        )
        retention = f", retention {kept}" if _OLDEST.match(kept) else ""
        message = (
            f"usage reaches back {span(reach)} or more{retention}" if reach else f"no usage an hour ago{retention}"
        )
        if reach >= WANTED:
            return ok("history", message)
        effect = "forecasts know less" if reach >= LEAST else f"nothing shrinks before there is {span(LEAST)}"
        return warn("history", f"{message}; {effect}", f"wait, or keep {span(WANTED)} (--storage.tsdb.retention.time)")

    def _interval(self, metric: str) -> Check:
        step = self.client.settings.step
        found = self.client.instant(f'quantile(0.5, count_over_time({metric}{{container!=""}}[{2 * step}s]))')
        samples = found[0].value if found else 0.0
        if not samples:
            return warn("scrapes", f"no sample in the last {span(2 * step)}", "is cAdvisor still scraped?")
        every = 2 * step / samples
        message = f"a sample about every {span(max(every, 1))}, steps of {span(step)}"
        if every > step / 2:  # a rate needs two samples in each step
            return warn(
                "scrapes", f"{message}: too few for a rate", f"scrape cAdvisor every {span(step / 5)} or more often"
            )
        return ok("scrapes", message)


def _optional(name: str, there: bool, good: str, bad: str, todo: str) -> Check:
    return ok(name, good) if there else warn(name, bad, todo)
