from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Vpa
from tests.report.scene import scene
from vpa_inplace.report.build import build
from vpa_inplace.report.options import Options
from vpa_inplace.report.registry import REPORTS


@pytest.mark.parametrize("form", sorted(REPORTS))
def test_stdout_is_the_report_and_nothing_else(vpa: Vpa, recording: Path, form: str) -> None:
    decision, observation = scene()
    document = build(decision, observation, cluster="test", forecaster_name="recent")
    ended = vpa("recommend", "--recording", str(recording), "-o", form)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == REPORTS[form](document, Options())


def test_forms_for_programs_can_be_read_by_programs(vpa: Vpa, recording: Path) -> None:
    def out(form: str) -> str:
        return vpa("recommend", "--recording", str(recording), "-o", form).out

    assert json.loads(out("json"))["cluster"] == "test"  # the recording's own name
    assert yaml.safe_load(out("yaml")) == json.loads(out("json"))
    assert len(list(csv.reader(io.StringIO(out("csv"))))) == 1 + 9


def test_out_writes_a_whole_file(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    ended = vpa("recommend", "--recording", str(recording), "-o", "json", "--out", str(target))
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert json.loads(target.read_text())["summary"]["containers"] == 9
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]  # no temporary file stays


def test_out_into_a_folder_that_is_not_there(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    ended = vpa("recommend", "--recording", str(recording), "--out", str(tmp_path / "no" / "r"))
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be written: No such file or directory" in ended.err


def containers(text: str) -> set[str]:
    return {f"{row['namespace']}/{row['workload']}/{row['container']}" for row in json.loads(text)["rows"]}


def test_namespaces_from_flags_environment_and_file(
    vpa: Vpa, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flags over environment over file."""
    config = tmp_path / "c.yaml"
    config.write_text("namespaces: [ml]\n")
    ask = ("recommend", "--recording", str(recording), "-o", "json", "--config", str(config))
    ml = {"ml/llm/vllm", "ml/young/app"}
    batch = {"batch/silent/app", "batch/idle/app", "batch/none/app"}
    assert containers(vpa(*ask).out) == ml
    monkeypatch.setenv("VPA_INPLACE_NAMESPACE", "batch ml")
    assert containers(vpa(*ask).out) == batch | ml
    assert containers(vpa(*ask, "-n", "batch").out) == batch
    monkeypatch.delenv("VPA_INPLACE_NAMESPACE")
    assert len(containers(vpa(*ask, "-A").out)) == 9


def test_the_file_sets_the_policy_and_flags_win(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        """\
defaults: {resourcePolicy: {memory: {minAllowed: 2Gi}}}
workloads: [{match: {name: web, container: app}, resourcePolicy: {memory: {maxAllowed: 450Mi}}}]
"""
    )

    def targets(*more: str) -> dict[str, str]:
        report = json.loads(
            vpa(
                "recommend", "--recording", str(recording), "-n", "shop", "-o", "json", "--config", str(config), *more
            ).out
        )
        return {f"{r['workload']}/{r['container']}": r["memory"]["target"]["quantity"] for r in report["rows"]}

    # cart needs 242Mi, web 483Mi: one is lifted by the floor of all, the other capped by its own entry
    assert (targets()["cart/app"], targets()["web/app"]) == ("2Gi", "450Mi")
    assert targets("--set", "memory.minAllowed=1Gi")["cart/app"] == "1Gi"


def test_the_forecaster_and_its_knobs(vpa: Vpa, recording: Path) -> None:
    def of(*more: str) -> dict[str, object]:
        return json.loads(vpa("recommend", "--recording", str(recording), "-o", "json", *more).out)  # type: ignore[no-any-return]

    assert of()["forecaster"] == "recent"
    assert of("-f", "static")["forecaster"] == "static"
    assert (of("--profile", "vpa")["forecaster"], of("--profile", "vpa")["profiles"]) == ("vpa", ["vpa"])
    assert of("--set", "margin=100%") != of()


def test_a_risk_that_nobody_heeds_is_said_on_stderr(vpa: Vpa, recording: Path) -> None:
    ended = vpa("recommend", "--recording", str(recording), "--risk", "5%")
    assert ended.code == 0
    assert ended.err == "warning: forecaster 'recent' does not heed --risk; its own knobs are margin (--set)\n"
    assert vpa("recommend", "--recording", str(recording), "--risk", "5%", "-q").err == ""


def test_trees_heed_the_risk(vpa: Vpa, recording: Path) -> None:
    def targets(risk: str) -> dict[str, int]:
        ended = vpa("recommend", "--recording", str(recording), "-f", "trees", "--risk", risk, "-o", "json")
        assert (ended.code, ended.err) == (0, "")
        report = json.loads(ended.out)
        assert report["forecaster"] == "trees"
        cells = {row["container"]: row["cpu"]["target"] for row in report["rows"]}
        return {name: cell["amount"] for name, cell in cells.items() if cell["state"] == "set"}

    careful, bold = targets("0.01%"), targets("30%")
    assert careful.keys() == bold.keys()
    assert all(bold[name] <= careful[name] for name in careful)
    assert sum(bold.values()) < sum(careful.values())


def test_trees_say_what_set_the_size_and_what_it_waits_for(vpa: Vpa, recording: Path) -> None:
    table = vpa("recommend", "--recording", str(recording), "-f", "trees", "--width", "160").out
    assert "worth its price at a risk of 1 %" in " ".join(table.split())


def test_an_entry_that_meets_nothing_is_said_on_stderr(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("workloads: [{match: {name: wbe}}]\n")
    ended = vpa("recommend", "--recording", str(recording), "--config", str(tmp_path / "c.yaml"))
    assert ended.code == 0
    assert "warning: workloads[0] of the configuration is about no container" in ended.err


def test_width(vpa: Vpa, recording: Path) -> None:
    table = vpa("recommend", "--recording", str(recording), "--width", "100").out
    assert max(len(line) for line in table.splitlines()) <= 100


def test_patches_name_the_context(vpa: Vpa, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("kubernetes: {context: of-the-file}\n")
    ask = ("recommend", "--recording", str(recording), "-o", "patch", "--config", str(tmp_path / "c.yaml"))
    assert "--context of-the-file" in vpa(*ask).out
    assert "--context of-the-flag" in vpa(*ask, "--context", "of-the-flag").out
