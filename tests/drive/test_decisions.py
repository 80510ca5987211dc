"""Usage tables in, decision tables out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.drive.tables import MIB, START, a_table
from vpa_inplace.domain.errors import FileRefused, SourceUnavailable, UsageError
from vpa_inplace.drive.decisions import Decisions, Usage, decision_table, read_usage, usage_of, write_decisions


def test_cores_become_millicores_and_bytes_stay(tmp_path: Path) -> None:
    a_table({"a": [0.5, 2.0]}, memory={"a": [MIB, np.nan]}).to_parquet(tmp_path / "u.parquet")
    usage = read_usage(tmp_path / "u.parquet")
    np.testing.assert_array_equal(usage.history.usage[0], [[500, 2000]])
    np.testing.assert_array_equal(usage.history.usage[1], [[MIB, np.nan]])
    assert usage.has == (True, True)


@pytest.mark.parametrize("step", [60, 300])
def test_the_step_is_the_smallest_gap_and_missing_rows_are_gaps(step: int) -> None:
    table = a_table({"a": [1.0, 2.0, 3.0, 4.0]}, step=step).drop(index=2)
    usage = usage_of(table)
    assert usage.history.step == step
    np.testing.assert_array_equal(usage.history.usage[0], [[1000, 2000, np.nan, 4000]])


def test_each_series_runs_from_its_own_first_row_to_its_last() -> None:
    later = START + pd.Timedelta("10min")
    usage = usage_of(a_table({"b": [1.0, 1.0, 1.0, 1.0], "a": [2.0, 2.0]}, starts={"a": later}))
    assert usage.names == ("b", "a")  # in the order of the file
    assert usage.first.tolist() == [0, 2]
    assert usage.stop.tolist() == [4, 4]
    assert usage.has == (True, False)


def test_a_series_that_stands_off_the_grid_keeps_its_own_clock() -> None:
    odd = START + pd.Timedelta("17s")
    usage = usage_of(a_table({"a": [1.0, 2.0], "b": [3.0, 4.0]}, starts={"b": odd}))
    np.testing.assert_array_equal(usage.history.usage[0], [[1000, 2000], [3000, 4000]])
    decisions = Decisions()
    decisions.add(usage.history.start + 300, np.array([0, 1]), np.array([[10.0, 20.0], [np.nan, np.nan]]))
    table = decision_table(decisions, usage)
    assert table.ts.tolist() == [START + pd.Timedelta("300s"), START + pd.Timedelta("317s")]


def test_series_need_not_lie_one_after_the_other() -> None:
    table = a_table({"a": [1.0, 2.0], "b": [3.0, 4.0]}).sort_values(["ts", "series"])
    np.testing.assert_array_equal(usage_of(table).history.usage[0], [[1000, 2000], [3000, 4000]])


@pytest.mark.parametrize(
    "zone",
    [pytest.param(None, id="no-zone-is-utc"), pytest.param("UTC", id="utc"), pytest.param("Asia/Tokyo", id="another")],
)
def test_time_zones(zone: str | None) -> None:
    table = a_table({"a": [1.0, 2.0]})
    table["ts"] = table.ts.dt.tz_localize(None) if zone is None else table.ts.dt.tz_convert(zone)
    assert usage_of(table).history.start == START.timestamp()


def with_value(row: int, column: str, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table[column] = table[column].astype(object)
        table.loc[row, column] = value
        return table.infer_objects()

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            lambda t: t.drop(columns="ts"),
            "it needs the columns ts, series, and cpu or mem; it has series, cpu",
            id="no-ts",
        ),
        pytest.param(lambda t: t.drop(columns="cpu"), "and cpu or mem; it has ts, series", id="no-usage"),
        pytest.param(lambda t: t.iloc[:0], "no rows", id="empty"),
        pytest.param(lambda t: t.iloc[[0, 1, 1, 2]], "series 'a' at 2026-03-02T00:05:00Z is there twice", id="doubled"),
        pytest.param(
            lambda t: t.iloc[[1, 0, 2]], "series 'a' at 2026-03-02T00:00:00Z stands after a later row", id="unsorted"
        ),
        pytest.param(
            with_value(2, "ts", START + pd.Timedelta("690s")),
            "series 'a' at 2026-03-02T00:11:30Z is 390 s after the row before it, no multiple of the step of 300 s",
            id="off-the-grid",
        ),
        pytest.param(
            lambda _: a_table({"a": [1.0, 2.0]}, step=7), "the grid step is 7 s; it must divide an hour", id="odd"
        ),
        pytest.param(lambda t: t.iloc[:1], "no series has two rows", id="one-row"),
        pytest.param(lambda t: t.assign(ts=t.ts.astype(str)), "column ts holds str; it needs timestamps", id="text-ts"),
        pytest.param(with_value(3, "ts", pd.NaT), "row 3 has no ts", id="no-time"),
        pytest.param(with_value(4, "series", None), "row 4 has no series", id="no-series"),
        pytest.param(lambda t: t.assign(cpu="many"), "column cpu holds str; it needs numbers", id="text-usage"),
        pytest.param(
            with_value(1, "cpu", -1.0), "series 'a' at 2026-03-02 00:05:00+00:00 uses -1 of cpu", id="negative"
        ),
        pytest.param(
            with_value(1, "cpu", np.inf), "series 'a' at 2026-03-02 00:05:00+00:00 uses inf of cpu", id="infinite"
        ),
    ],
)
def test_bad_tables_are_refused_by_name(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], says: str
) -> None:
    path = tmp_path / "u.parquet"
    change(a_table({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0]})).to_parquet(path)
    with pytest.raises(FileRefused) as error:
        read_usage(path)
    assert says in str(error.value)
    assert str(path) in str(error.value)


def test_a_table_too_large_for_memory_is_refused_before_it_is_built() -> None:
    # 326 years are 171 million minutes; x 2 resources x 2 series x 4 bytes = 2.7 GB
    early = pd.Timestamp("1700-01-01", tz="UTC")
    with pytest.raises(FileRefused, match="replay them in parts"):
        usage_of(a_table({"a": [1.0, 1.0], "b": [1.0, 1.0]}, step=60, starts={"a": early}))


def test_no_file_and_no_parquet(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist"):
        read_usage(tmp_path / "missing.parquet")
    (tmp_path / "text.parquet").write_text("ts,series,cpu\n")
    with pytest.raises(FileRefused, match="no readable Parquet"):
        read_usage(tmp_path / "text.parquet")


@pytest.mark.parametrize("names", [pytest.param(("x", "y"), id="text"), pytest.param((7, 3), id="numbers")])
def test_decisions_come_out_as_cores_and_bytes_under_the_names_of_the_file(
    tmp_path: Path, names: tuple[object, object]
) -> None:
    usage = usage_of(a_table({n: [1.0, 1.0] for n in names}, memory={n: [MIB, MIB] for n in names}))
    decisions = Decisions()
    decisions.add(usage.history.start + 600, np.array([1]), np.array([[np.nan], [3.0 * MIB]]))
    decisions.add(usage.history.start + 300, np.array([0, 1]), np.array([[250.0, 1500.0], [MIB, 2.0 * MIB]]))
    write_decisions(tmp_path / "d.parquet", decisions, usage)
    table = pd.read_parquet(tmp_path / "d.parquet")
    assert str(table.ts.dtype) == "datetime64[ms, UTC]"
    assert table.series.tolist() == [names[0], names[1], names[1]]  # by time, then in the order of the usage file
    np.testing.assert_array_equal(table.cpu, [0.25, 1.5, np.nan])
    np.testing.assert_array_equal(table.mem, [MIB, 2 * MIB, 3 * MIB])
    assert len(decisions) == 3


def test_a_resource_that_was_never_used_has_no_column() -> None:
    usage = usage_of(a_table({"a": [1.0, 1.0]}))
    assert list(decision_table(Decisions(), usage).columns) == ["ts", "series", "cpu"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    usage = usage_of(a_table({"a": [1.0, 1.0]}))
    with pytest.raises(UsageError, match="cannot be written"):
        write_decisions(tmp_path / "nowhere" / "d.parquet", Decisions(), usage)


def test_a_history_runs_from_each_rows_first_sample() -> None:
    usage = usage_of(a_table({"a": [np.nan, 1.0, 1.0], "b": [1.0, 1.0, np.nan], "c": [np.nan] * 3}))
    again = Usage.of(usage.history)
    assert again.first.tolist() == [1, 0, 3]
    assert again.stop.tolist() == [3, 3, 3]
