"""Every metric of our own: one line each, from which the metric, its help text and docs/metrics.md are made."""

from __future__ import annotations

import platform
from itertools import product
from typing import Final

from vpa_inplace import __version__
from vpa_inplace.act.answers import Outcome
from vpa_inplace.domain.attempts import End, Phase
from vpa_inplace.domain.intent import Intent
from vpa_inplace.domain.policy import UpdateMode
from vpa_inplace.drive.metric import (
    PREFIX,
    Kind,
    Metric,
    Section,
    aging,
    both,
    counter,
    gauge,
    of_status,
    over_time,
)
from vpa_inplace.drive.readings import (
    REASONS,
    by_resource,
    column,
    one,
    pod_column,
    refusals,
    shares,
    watch_ages,
    watch_states,
)
from vpa_inplace.drive.status.sizes import POD_LABELS, ROLE_LABELS
from vpa_inplace.forecast.static import Static

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)
"""Seconds of a tick; the budget for 10,000 containers is 2 s, a tick is due each minute."""

_WORD: Final = {intent: intent.name.lower() for intent in Intent}


_FORECAST: Final = ("profile", "forecaster", "resource")

SECTIONS: Final = (
    Section(
        "Ourselves",
        "Of each replica. The standby observes and decides as the leader does, but acts on nothing and counts nothing "
        "but its ticks.",
        (
            gauge(
                "build_info",
                "1, with the version that runs.",
                lambda _: [((__version__, platform.python_version()), 1.0)],
                ("version", "python"),
            ),
            gauge("leader", "1 where this replica may act, else 0.", lambda look: one(look.leads)),
            gauge(
                "last_good_tick_age_seconds",
                "Seconds since a tick last did all that it was to do; since the start where none has.",
                lambda look: one(look.well_age),
            ),
            Metric(
                name=f"{PREFIX}tick_duration_seconds",
                kind=Kind.HISTOGRAM,
                meaning="How long ticks took, good or not.",
            ),
            counter(
                "ticks_total",
                "Ticks that did all that they were to do, and others.",
                ("result",),
                [("good",), ("failed",)],
            ),
            of_status(
                "paused", "1 while the kill switch is pulled: only UNDO and RESCUE go out.", lambda s: one(s.paused)
            ),
            of_status(
                "braked",
                "1 while the fleet's brake is on: recent shrinks did harm, so none goes out.",
                lambda s: one(s.braked),
            ),
            of_status(
                "capability",
                "1 where the API server serves pods/resize (resize) and lets us patch it (patch), else 0.",
                lambda s: [(("resize",), float(s.capability.resize)), (("patch",), float(s.capability.patch))],
                ("name",),
            ),
            of_status(
                "left_out_series",
                "Container roles and containers of pods that have no series because there are too many.",
                lambda s: [(("roles",), float(s.sizes.left_out)), (("pods",), float(s.pod_sizes.left_out))],
                ("of",),
            ),
        ),
    ),
    Section(
        "What we know",
        "Ages go on growing between ticks, by a clock that nobody sets.",
        (
            aging(
                "usage_age_seconds",
                "Seconds since the newest sample of any container; +Inf where there is none.",
                lambda s: by_resource(s.usage_age),
                ("resource",),
            ),
            of_status(
                "usage_stale_containers",
                "Container roles with a live pod whose newest sample is older than their policy allows: no shrink.",
                lambda s: by_resource(s.stale),
                ("resource",),
            ),
            of_status(
                "usage_reporting_ratio",
                "Share of the containers that reported an hour ago and still do; a drop is lost monitoring, not lost load.",
                lambda s: by_resource(s.reporting),
                ("resource",),
            ),
            aging(
                "watch_age_seconds",
                "Seconds since the API server last vouched for what we know of a kind; +Inf before the first list.",
                watch_ages,
                ("kind",),
            ),
            of_status(
                "watch_state",
                "1 for the state a kind is in: Waiting for the first list, Live, Broken, Missing from the server, or Forbidden to us.",
                watch_states,
                ("kind", "state"),
            ),
            of_status("pods", "Live pods that are seen.", lambda s: one(s.pods)),
            of_status(
                "container_roles",
                "Containers of workloads that have a live pod, by update mode.",
                lambda s: (((mode.value,), float(s.roles.get(mode, 0))) for mode in UpdateMode),
                ("mode",),
            ),
        ),
    ),
    Section(
        "Sizes",
        "Requests. A container here is the container of a workload, whatever the number of its pods; its target and ceiling are "
        "those of one pod, so what pods have is the highest of any of them. A pod has series of its own while it is not as "
        "its spec, its kubelet and the other pods of its workload are; what is not set or not known has none.",
        (
            *both("container_target", "{} that each pod's container should request.", column("target"), ROLE_LABELS),
            *both(
                "container_ceiling",
                "{} that one may need at most in this hour, by the forecast.",
                column("ceiling"),
                ROLE_LABELS,
            ),
            *both("container_desired", "{} that the spec of any pod requests at most.", column("desired"), ROLE_LABELS),
            *both(
                "container_allocated",
                "{} that a kubelet has set aside for any pod at most.",
                column("allocated"),
                ROLE_LABELS,
            ),
            *both("container_actual", "{} request that any pod runs with at most.", column("actual"), ROLE_LABELS),
            *both("pod_container_desired", "{} that the pod's spec requests.", pod_column("desired"), POD_LABELS),
            *both("pod_container_allocated", "{} that the kubelet has set aside.", pod_column("allocated"), POD_LABELS),
            *both("pod_container_actual", "{} request that it runs with.", pod_column("actual"), POD_LABELS),
        ),
    ),
    Section(
        "Moves",
        "",
        (
            counter(
                "moves_total",
                "Moves that were to be made, by why and by what became of them: Taken by the API server, or why not.",
                ("intent", "outcome"),
                product(_WORD.values(), [outcome.value for outcome in Outcome]),
            ),
            of_status(
                "attempts",
                "Resizes on their way, by how far they have come.",
                lambda s: (((phase.value,), float(s.attempts.get(phase, 0))) for phase in Phase),
                ("phase",),
            ),
            counter(
                "attempts_ended_total",
                "Resizes that are over, by why they were made and how they ended.",
                ("intent", "end"),
                product(_WORD.values(), [end.value for end in End]),
            ),
            of_status(
                "held_moves",
                "Moves that are due and not made.",
                lambda s: (((word,), float(s.held.get(intent, 0))) for intent, word in _WORD.items()),
                ("intent",),
            ),
            of_status(
                "refusals",
                "Moves that are held back now for this reason; one that has two reasons counts under both.",
                refusals,
                ("reason",),
            ),
            counter(
                "refusal_changes_total",
                "Times that a reason began to hold a move back.",
                ("reason",),
                [(reason,) for reason in REASONS],
            ),
        ),
    ),
    Section(
        "Forecasts",
        "Ceilings of the last 24 hours, each compared with what was used in the hour that began an hour after it was "
        "published. Throttled steps below the ceiling prove nothing and are left out.",
        (
            of_status(
                "forecast_coverage_ratio",
                "Share of the steps in which usage stayed at or below the ceiling; the target is 1 - risk.",
                shares(lambda share: share.ratio),
                _FORECAST,
            ),
            of_status(
                "forecast_over_ask_ratio",
                "(ceilings - usage) / usage over these steps: what the coverage costs.",
                shares(lambda share: share.over_ask),
                _FORECAST,
            ),
            of_status("forecast_steps", "How many steps that is.", shares(lambda share: float(share.steps)), _FORECAST),
        ),
    ),
    Section(
        "What it is worth",
        "Two figures that are not to be added. Room released over time is static minus reserved: worth money where "
        "something else uses it meanwhile. Peaks together against peaks alone is room that is never needed at once: what lets "
        "nodes go for good.",
        (
            *over_time(
                "reserved",
                "{} set aside, times time, for containers that we may resize. Counted by the leader.",
            ),
            *over_time(
                "static",
                f"{{}} that the same containers would hold at their highest usage on record + {Static().margin:.0%}, times time.",
            ),
            *both(
                "fleet_peak",
                "{} that all sized containers may need together in the worst of the coming 24 hours.",
                lambda s, r: one(s.peaks.together[r]),
            ),
            *both(
                "fleet_own_peaks",
                "{} that they would need if each had its own worst hour at once.",
                lambda s, r: one(s.peaks.alone[r]),
            ),
            *both(
                "node_peak",
                "{} that the sized containers of a node may need together in its worst hour of the coming 24.",
                lambda s, r: (((node,), float(peak[r])) for node, peak in s.peaks.by_node.items()),
                ("node",),
            ),
        ),
    ),
)

METRICS: Final = tuple(metric for section in SECTIONS for metric in section.metrics)
