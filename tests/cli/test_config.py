from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Vpa, lines
from vpa_inplace.api.reference import reference


def test_check_shows_what_a_file_comes_to(vpa: Vpa, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        """\
cluster: prod
prometheus: {url: "http://user:secret@prom:9090"}
forecaster: static
defaults: {resourcePolicy: {cpu: {minAllowed: 50m}}, updatePolicy: {maxResizesPerDay: none}}
workloads:
- {match: {namespace: [shop, "team-*"], kind: Deployment}, resourcePolicy: {memory: {maxAllowed: 8Gi, peakMargin: none}}}
- {match: {name: web}}
"""
    )
    ended = vpa("config", "check", str(file))
    assert (ended.code, ended.err) == (0, "")
    text = [" ".join(line.split()) for line in lines(ended.out)]
    assert text[0] == f"{file}: fine"
    assert {"cluster prod", "prometheus prom", "forecaster static (margin 0.15)"} < set(text)
    assert {"maxResizesPerDay none", "cpu.minAllowed 50m", "memory.peakMargin 15%", "risk 1%", "minHistory 1d"} < set(
        text
    )
    first = text.index("workloads[0], namespace shop or team-*, kind Deployment:")
    assert text[first + 1 : first + 3] == ["memory.peakMargin none", "memory.maxAllowed 8Gi"]
    assert text[-2:] == ["workloads[1], name web:", "as every container"]
    assert "secret" not in ended.out


def test_check_names_every_mistake_on_a_line_of_its_own(vpa: Vpa, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("profil: x\nprometheus: {timeout: 30}\n")
    ended = vpa("config", "check", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert lines(ended.err) == [
        f"error: {file}: line 1: profil: unknown key 'profil': did you mean 'profile'?",
        f"error: {file}: line 2: prometheus.timeout: '30' is a duration without unit: write 30s, 5m, 1h or 7d",
    ]


def test_reference_is_the_page_of_settings(vpa: Vpa) -> None:
    assert vpa("config", "reference").out == reference()
