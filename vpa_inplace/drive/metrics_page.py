"""docs/metrics.md, written from the table that makes the metrics."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from vpa_inplace.drive.metric import PREFIX, Kind, Section
from vpa_inplace.drive.metrics_table import SECTIONS
from vpa_inplace.drive.status import SHOW

HEAD: Final = f"""\
# Metrics, health and logs of the controller

The controller answers on one port:

| path | answer |
|---|---|
| `/metrics` | the metrics below, in the format that Prometheus asks for |
| `/healthz` | 200 while ticks come, good or not; 503 when none has begun or ended for ten minutes |
| `/readyz` | 200 when this replica could act within a tick: pods are listed, usage is there, and it leads or is a warm standby |

The last two say what is wrong, a line a check. Everything else is 404.

This page is written by `python -m vpa_inplace.drive.metrics_page` from the table that makes the metrics; a test holds the
two together. `process_*` and `python_gc_*` are prometheus-client's own.

- Every replica answers for itself. Where a figure is the fleet's, look at the leader: `vpa_inplace_held_moves and
  on(instance) vpa_inplace_leader == 1`.
- `namespace`, `container` and `pod` are those of the workload. Scrape with `honor_labels: true` (`honorLabels` of a
  ServiceMonitor or PodMonitor), or they arrive as `exported_namespace` and so on.
- CPU is in cores, memory in bytes, time in seconds.
- Series are bounded: at most {SHOW.most_roles:,} containers of workloads, ten series each, and {SHOW.most_pods:,} containers of pods, six each. Those
  that are acted on go first; `vpa_inplace_left_out_series` says how many have none.
"""

ALERTS: Final = f"""\
groups:
- name: vpa-inplace
  rules:
  - alert: VpaInplaceNoGoodTick
    expr: {PREFIX}last_good_tick_age_seconds > 300 or absent({PREFIX}last_good_tick_age_seconds)
    for: 1m
    annotations:
      summary: A replica has had no good tick for five minutes, or none is there; if it leads, pods keep the size they have.
  - alert: VpaInplaceNoLeader
    expr: sum({PREFIX}leader) != 1
    for: 2m
    annotations:
      summary: Not one replica leads but {{{{ $value }}}}; if none, nothing is resized.
  - alert: VpaInplaceUsageStale
    expr: max by (resource) ({PREFIX}usage_age_seconds) > 900
    for: 5m
    annotations:
      summary: No usage of {{{{ $labels.resource }}}} for a quarter of an hour; nothing shrinks, and pods return to their ceilings.
  - alert: VpaInplaceWatchBroken
    expr: max by (kind) ({PREFIX}watch_age_seconds) > 600
    for: 5m
    annotations:
      summary: What is known of {{{{ $labels.kind }}}} is ten minutes old; is the role complete, is the API server there?
  - alert: VpaInplaceCapabilityMissing
    expr: max by (name) ({PREFIX}capability) == 0
    for: 15m
    annotations:
      summary: The API server does not offer us {{{{ $labels.name }}}} of pods/resize; we only observe.
  - alert: VpaInplacePausedForLong
    expr: max({PREFIX}paused) == 1
    for: 1d
    annotations:
      summary: The kill switch has been pulled for a day.
  - alert: VpaInplaceShrinksUndone
    expr: |
      sum(increase({PREFIX}attempts_ended_total{{intent="shrink", end="Reverted"}}[6h])) > 3
      and sum(increase({PREFIX}attempts_ended_total{{intent="shrink", end="Reverted"}}[6h]))
        > 0.1 * sum(increase({PREFIX}attempts_ended_total{{intent="shrink"}}[6h]))
    annotations:
      summary: More than a tenth of the shrinks of six hours were undone.
  - alert: VpaInplaceResizesRefused
    expr: sum by (outcome) (increase({PREFIX}moves_total{{outcome=~"CapabilityMissing|Denied|FieldConflict|Rejected"}}[30m])) > 0
    for: 30m
    annotations:
      summary: The API server refuses resizes as {{{{ $labels.outcome }}}}.
  - alert: VpaInplaceForecastsTooLow
    expr: |
      max by (profile, forecaster, resource) ({PREFIX}forecast_coverage_ratio) < 0.95
      and max by (profile, forecaster, resource) ({PREFIX}forecast_steps) > 1000
    for: 1h
    annotations:
      summary: Usage of {{{{ $labels.profile }}}} containers leaves the {{{{ $labels.resource }}}} ceilings of {{{{ $labels.forecaster }}}} too often.
"""

EXAMPLES: Final = f"""\
# cores released by following demand, as hours per day (negative where sizes are above the static ones)
(sum(increase({PREFIX}static_cpu_core_seconds_total[1d])) - sum(increase({PREFIX}reserved_cpu_core_seconds_total[1d]))) / 3600
# share of peak cores that is never needed at once
1 - max({PREFIX}fleet_peak_cpu_cores) / max({PREFIX}fleet_own_peaks_cpu_cores)
# the ten workloads that ask for most beyond their target
topk(10, max without (instance) ({PREFIX}container_desired_cpu_cores - {PREFIX}container_target_cpu_cores))
# moves that wait, as the leader sees it
{PREFIX}held_moves and on(instance) {PREFIX}leader == 1
# what holds moves back, most frequent first
sort_desc(max by (reason) ({PREFIX}refusals) > 0)
# 95th percentile of the duration of a tick
histogram_quantile(0.95, sum by (le) (rate({PREFIX}tick_duration_seconds_bucket[1h])))
"""

LOGS: Final = """\
## Logs

One line on stderr for each change of mind: a move that is made or held back for other reasons than before, a resize that
is over. A container that has been held back for the same reason since yesterday is one line. `--log-format logfmt` is the
built-in form:

```text
time=2026-03-02T12:00:00.512Z level=info logger=vpa_inplace.decision event=held workload=prod/shop/Deployment/web pod=web-1 intent=shrink reason=StaleUsage changes="app cpu request 500m -> 200m" message="newest cpu usage of app is 1 h old, more than 15 min"
```

`--log-format json` says the same as an object a line. Errors carry `error` and `traceback`. Credentials in other people's
words, such as a URL with a password, are blotted out.
"""


def page() -> str:
    """The page as markdown."""
    return "\n".join(
        [
            HEAD,
            *(_table(section) for section in SECTIONS),
            f"## Alerts\n\nTo begin with; `promtool check rules` knows them.\n\n```yaml\n{ALERTS}```\n",
            f"## Questions\n\n```promql\n{EXAMPLES}```\n",
            LOGS,
        ]
    )


def _table(section: Section) -> str:
    said = [section.said, ""] if section.said else []
    rows = (f"| `{name}` | {kind} | {labels} | {meaning} |" for name, kind, labels, meaning in _rows(section))
    return "\n".join(
        [f"## {section.title}", "", *said, "| name | type | labels | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _rows(section: Section) -> Iterator[tuple[str, Kind, str, str]]:
    for metric in section.metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield metric.name, metric.kind, labels, metric.meaning


if __name__ == "__main__":
    sys.stdout.write(page())
