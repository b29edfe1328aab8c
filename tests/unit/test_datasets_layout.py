"""The building blocks of data sets: exact columns, days of a store, and preparing each data set once."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from local.datasets import DatasetError, __main__, columns, preparation, prepare
from local.datasets.days import MICROSECONDS, StoreDays, day_of
from local.datasets.layout import ORDERS, TABLES, arrow_table
from local.datasets.simulated.truth import exact

SMALL = "simulated:customers=20,days=14"


def test_money_is_exact() -> None:
    edges = [0, 1, -1, 9_999, -9_999, 10_000, 2**53 + 1, -(2**53) - 1, 10**17, -(10**17)]
    amounts = edges + np.random.default_rng(1).integers(-(10**17), 10**17, 1_000).tolist()
    found = columns.money(np.array(amounts, dtype=np.int64)).to_pylist()
    assert found == [Decimal(amount).scaleb(-4) for amount in amounts]
    assert [Decimal(exact(amount)) for amount in amounts] == found


def test_values_that_are_not_there_are_null() -> None:
    valid = np.array([True, False, True])
    numbers = np.array([1, 2, 3])
    assert columns.money(numbers, valid).null_count == 1
    assert columns.integers(numbers, valid).to_pylist() == [1, None, 3]
    assert columns.chosen(["a", "b", "c", "d"], numbers, valid).to_pylist() == ["b", None, "d"]
    assert columns.numbered("C", numbers, 3, valid).to_pylist() == ["C001", None, "C003"]


def test_the_version_of_a_key_is_the_newest_no_later_than_the_moment() -> None:
    keys, times = np.array([0, 0, 1, 1, 1]), np.array([5, 10, 1, 2, 9])
    found = columns.as_of(keys, times, np.array([1, 0, 0, 1, 0]), np.array([9, 10, 9, 8, 99]))
    assert found.tolist() == [4, 1, 0, 3, 1]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 6, 1), 24), (date(2026, 10, 25), 25)])
def test_days_are_as_long_as_the_clocks_make_them(day: date, hours: int) -> None:
    days = StoreDays(day, day, "Europe/London")
    assert (days.end - days.start) == hours * 3600 * MICROSECONDS
    assert day_of(days.start, "Europe/London") == day == day_of(days.end - 1, "Europe/London")
    assert days.numbers(np.array([days.start - 1, days.start, days.end - 1, days.end])).tolist() == [-1, 0, 0, 1]


def test_a_table_has_all_columns_and_no_null_where_none_may_be() -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    values = {
        "order_id": ["1"],
        "status": ["paid"],
        "currency": ["GBP"],
        "total_amount": columns.money(np.array([1])),
    }
    table = arrow_table(ORDERS, {**values, "ordered_at": [moment], "updated_at": [moment]})
    assert table.schema == ORDERS.schema
    assert table["customer_id"].null_count == 1
    with pytest.raises(DatasetError, match=r"orders\.ordered_at holds 1 nulls"):
        arrow_table(ORDERS, {**values, "updated_at": [moment]})
    with pytest.raises(DatasetError, match="orders: no such column in the layout: colour"):
        arrow_table(ORDERS, {**values, "colour": ["red"]})


def test_a_prepared_data_set_holds_every_table_and_says_how_many_rows(tmp_path: Path) -> None:
    directory = prepare(SMALL, tmp_path)
    description = json.loads((directory / "dataset.json").read_text())
    assert description["id"] == directory.name == "simulated-customers20-days14"
    for name, layout in TABLES.items():
        files = (
            sorted((directory / "events").glob("day=*/part-0.parquet"))
            if name == "events"
            else [directory / f"{name}.parquet"]
        )
        assert {pq.read_schema(file).equals(layout.schema) for file in files} == {True}, name
        assert sum(pq.read_metadata(file).num_rows for file in files) == description["rows"][name]


def test_events_stand_in_order_and_every_day_has_a_table(tmp_path: Path) -> None:
    files = sorted((prepare(SMALL, tmp_path) / "events").glob("day=*/part-0.parquet"))
    assert [file.parent.name for file in files][:: len(files) - 1] == ["day=2026-06-17", "day=2026-06-30"]
    for file in files:
        found = pq.read_table(file, partitioning=None).select(["event_at", "event_sequence"])
        assert found.equals(found.sort_by([("event_at", "ascending"), ("event_sequence", "ascending")])), file


def test_it_is_made_once_and_again_by_newer_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    directory = prepare(SMALL, tmp_path, told.append)
    made = len(told)
    assert prepare(SMALL, tmp_path, told.append) == directory
    assert len(told) == made > 0
    monkeypatch.setattr(preparation, "code_version", lambda: "newer")
    assert prepare(SMALL, tmp_path, told.append) == directory
    assert len(told) == 2 * made


def test_the_default_shop_has_one_name_however_it_is_asked_for() -> None:
    assert (
        preparation.recipe("simulated").id == preparation.recipe("simulated:customers=3000,days=365").id == "simulated"
    )


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise DatasetError("broken")

    monkeypatch.setattr(preparation.simulated, "write", broken)
    with pytest.raises(DatasetError, match="broken"):
        prepare(SMALL, tmp_path)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    left = tmp_path / "datasets" / f".simulated-customers20-days14.{process.pid}"
    left.mkdir(parents=True)
    (left / "orders.parquet").touch()
    directory = prepare(SMALL, tmp_path)
    assert list((tmp_path / "datasets").iterdir()) == [directory]


def test_the_command_says_what_it_made_or_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([SMALL, "--to", str(tmp_path)]) == 0
    assert "2026-06-17 to 2026-06-30, Europe/London, GBP" in capsys.readouterr().out
    assert __main__.main(["nothing", "--to", str(tmp_path)]) == 1
    assert "no such data set or directory: nothing" in capsys.readouterr().err
