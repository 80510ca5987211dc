"""Law 1, the part that linters cannot see: dice without a seed and clocks that hide in a string."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "vpa_inplace"
PURE = ("domain", "history", "workload", "forecast", "recommend", "plan", "guard", "lifecycle", "decide.py")
MODULES = [
    module
    for room in PURE
    for module in ([PACKAGE / room] if room.endswith(".py") else sorted((PACKAGE / room).rglob("*.py")))
    if module.exists()
]


def impurities(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Global):
            yield f"line {node.lineno}: global {', '.join(node.names)}"
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "seed"), None)
        said = first.value if isinstance(first, ast.Constant) else first
        if name == "default_rng" and said is None:
            yield f"line {node.lineno}: a generator without a seed"
        if name in {"datetime64", "Timestamp"} and said in {"now", "today"}:
            yield f"line {node.lineno}: the clock, as {said!r}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_room_is_pure(module: Path) -> None:
    assert list(impurities(module.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param("np.random.default_rng()", 1, id="no-seed"),
        pytest.param("np.random.default_rng(None)", 1, id="no-seed-said-aloud"),
        pytest.param("default_rng(seed=7)", 0, id="seeded"),
        pytest.param("default_rng(seed)", 0, id="seeded-from-outside"),
        pytest.param("np.datetime64('now')", 1, id="clock-in-a-string"),
        pytest.param("np.datetime64(now)", 0, id="now-from-outside"),
        pytest.param("def f():\n    global cache", 1, id="global"),
    ],
)
def test_what_counts_as_impure(source: str, found: int) -> None:
    assert len(list(impurities(source))) == found
