"""Generated rows follow the table as it stands: what is added to it is null, or named in the error."""

from collections.abc import Iterator

import pytest

from local.benchmarks.benchmark import BenchmarkError, Setting
from local.benchmarks.generated_warehouse import GeneratedWarehouse, generated_warehouse

MADE = {"made_id": "'M' || n", "size": "n"}
ROWS = "from (select row_number() over (order by seq4()) as n from table(generator(rowcount => 2))) as numbers"


@pytest.fixture(scope="module")
def warehouse(setting: Setting) -> Iterator[GeneratedWarehouse]:
    with generated_warehouse(setting, "generated_rows") as held:
        yield held


@pytest.fixture
def table(warehouse: GeneratedWarehouse) -> str:
    """A table whose columns stand in another order than those of the rows, one of them new."""
    warehouse.execute(
        "create or replace table raw.made (note varchar, size number(18, 0) not null, made_id varchar not null)"
    )
    return "raw.made"


def test_a_column_that_may_be_null_needs_no_value(warehouse: GeneratedWarehouse, table: str) -> None:
    warehouse.insert(table, MADE, ROWS)
    assert warehouse.execute("select made_id, size, note from raw.made order by size") == [
        ("M1", 1, None),
        ("M2", 2, None),
    ]


def test_a_column_that_needs_a_value_is_named(warehouse: GeneratedWarehouse, table: str) -> None:
    with pytest.raises(BenchmarkError, match=r"for raw\.made do not fit the table: a value is needed for made_id$"):
        warehouse.insert(table, {"size": "1"})


def test_a_column_that_is_gone_is_named(warehouse: GeneratedWarehouse, table: str) -> None:
    with pytest.raises(BenchmarkError, match=r"it has no column colour$"):
        warehouse.insert(table, {**MADE, "colour": "'red'"}, ROWS)


def test_a_table_that_is_gone_is_named(warehouse: GeneratedWarehouse) -> None:
    with pytest.raises(BenchmarkError, match=r"there is no table raw\.gone"):
        warehouse.insert("raw.gone", {"size": "1"})


def test_another_benchmarks_rows_are_taken_out(warehouse: GeneratedWarehouse, setting: Setting, table: str) -> None:
    warehouse.insert(table, MADE, ROWS)
    with generated_warehouse(setting, "another") as other:
        names = other.execute("select table_name from information_schema.tables where table_schema = 'RAW'")
        assert names == []
        assert other.execute("select count(*) from staging.orders") == [(0,)]
