"""docs/metrics.md is current, and its alerts and questions are ones that Prometheus understands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.components import require_prometheus
from vpa_inplace.drive.metric import Kind
from vpa_inplace.drive.metrics_page import page
from vpa_inplace.drive.metrics_table import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
SUFFIXES = {Kind.HISTOGRAM: ("_bucket", "_sum", "_count")}


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return found


def alerts() -> list[dict]:
    (group,) = yaml.safe_load(block("yaml"))["groups"]
    return group["rules"]


def questions() -> list[str]:
    return [line for line in block("promql").splitlines() if not line.startswith("#")]


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    require_prometheus()
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "write it anew: python -m vpa_inplace.drive.metrics_page > docs/metrics.md"
    )


def test_every_metric_has_a_row_with_its_meaning():
    rows = [line for line in page().splitlines() if line.startswith("| `vpa_inplace_")]
    assert len(rows) == len(METRICS)
    assert all(len(metric.meaning) > 15 and "|" not in metric.meaning for metric in METRICS)
    assert len({metric.meaning for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in alerts()), *questions()])
def test_expressions_ask_for_metrics_that_exist(expression: str):
    known = {f"{metric.name}{suffix}" for metric in METRICS for suffix in SUFFIXES.get(metric.kind, ("",))}
    asked = set(re.findall(r"vpa_inplace_\w+", expression))
    assert asked
    assert asked <= known


def test_labels_that_alerts_select_by_are_values_that_there_are():
    known = {(metric.name, name): set() for metric in METRICS for name in metric.labels}
    for metric in METRICS:
        for values in metric.known:
            for name, value in zip(metric.labels, values, strict=True):
                known[metric.name, name].add(value)
    picked = [
        (metric, label, value)
        for rule in alerts()
        for metric, selector in re.findall(r"(vpa_inplace_\w+)\{([^}]*)\}", rule["expr"])
        for label, values in re.findall(r'(\w+)=~?"([^"]*)"', selector)
        for value in values.split("|")
    ]
    assert picked
    assert [pick for pick in picked if pick[2] not in known[pick[0], pick[1]]] == []


def test_promtool_takes_the_alerts(tmp_path: Path):
    file = tmp_path / "rules.yml"
    file.write_text(block("yaml"))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout + done.stderr


def test_promtool_takes_the_questions(tmp_path: Path):
    file = tmp_path / "rules.yml"
    rules = [{"record": f"question:{i}", "expr": expression} for i, expression in enumerate(questions())]
    file.write_text(yaml.safe_dump({"groups": [{"name": "questions", "rules": rules}]}))
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


RATIO = 'vpa_inplace_forecast_coverage_ratio{profile="web", forecaster="recent", resource="cpu"}'
STEPS = 'vpa_inplace_forecast_steps{profile="web", forecaster="recent", resource="cpu"}'
ENDED = 'vpa_inplace_attempts_ended_total{intent="shrink", end="%s"}'


@pytest.mark.parametrize(
    ("alert", "series", "at", "fires"),
    [
        pytest.param("NoGoodTick", {"last_good_tick_age_seconds": "301x60"}, "10m", 1, id="no-good-tick"),
        pytest.param("NoGoodTick", {"last_good_tick_age_seconds": "59x60"}, "10m", 0, id="good-ticks"),
        pytest.param("NoGoodTick", {}, "10m", 1, id="nobody-there"),
        pytest.param(
            "NoLeader", {'leader{instance="a"}': "0x60", 'leader{instance="b"}': "0x60"}, "10m", 1, id="no-leader"
        ),
        pytest.param(
            "NoLeader", {'leader{instance="a"}': "1x60", 'leader{instance="b"}': "0x60"}, "10m", 0, id="one-leader"
        ),
        pytest.param("NoLeader", {'leader{instance="a"}': "1x60", 'leader{instance="b"}': "1x60"}, "10m", 1, id="two"),
        pytest.param(
            "UsageStale", {'usage_age_seconds{resource="cpu"}': " ".join(["Inf"] * 11)}, "10m", 1, id="no-usage"
        ),
        pytest.param("UsageStale", {'usage_age_seconds{resource="cpu"}': "300x60"}, "10m", 0, id="usage"),
        pytest.param(
            "ShrinksUndone", {ENDED % "Reverted": "0+1x400", ENDED % "Settled": "0+1x400"}, "6h", 1, id="half-undone"
        ),
        pytest.param(
            "ShrinksUndone", {ENDED % "Reverted": "0+1x400", ENDED % "Settled": "0+20x400"}, "6h", 0, id="one-in-21"
        ),
        pytest.param("ForecastsTooLow", {RATIO: "0.90x120", STEPS: "5000x120"}, "90m", 1, id="too-low"),
        pytest.param("ForecastsTooLow", {RATIO: "0.90x120", STEPS: "500x120"}, "90m", 0, id="too-few-to-tell"),
        pytest.param("ForecastsTooLow", {RATIO: "0.99x120", STEPS: "5000x120"}, "90m", 0, id="as-promised"),
    ],
)
def test_alerts_fire_when_they_should(tmp_path: Path, alert: str, series: dict[str, str], at: str, fires: int):
    """promtool plays the series through the rules, a sample a minute, and counts what fires."""
    (tmp_path / "rules.yml").write_text(block("yaml"))
    named = {
        name if name.startswith("vpa_inplace_") else f"vpa_inplace_{name}": values for name, values in series.items()
    }
    test = {
        "rule_files": ["rules.yml"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in named.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="VpaInplace{alert}", alertstate="firing"}}) or vector(0)',
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": fires}],
                    }
                ],
            }
        ],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(test))
    done = promtool("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
