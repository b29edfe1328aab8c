"""Inserts of generated rows that follow the table as it stands, so that a column added to it does not break them."""

from collections.abc import Mapping

from include.warehouse import Warehouse
from local.benchmarks.benchmark import BenchmarkError

_COLUMNS = """
select lower(column_name), is_nullable
from information_schema.columns
where table_schema = upper(%(schema)s) and table_name = upper(%(name)s)
"""


def filled(warehouse: Warehouse, table: str, values: Mapping[str, str], rows: str = "") -> str:
    """The statement that inserts an expression a column; a column that may be null and is not named is null.

    Args:
        warehouse: an open session.
        table: schema and name.
        values: expressions by column.
        rows: the from clause that the expressions read, or nothing for one row.

    Raises:
        BenchmarkError: the table has no such column, or one that needs a value and is given none.
    """
    schema, _, name = table.partition(".")
    held = dict(warehouse.execute(_COLUMNS, {"schema": schema, "name": name}).fetchall())
    if not held:
        raise BenchmarkError(f"there is no table {table}")
    unknown = values.keys() - held.keys()
    needed = {column for column, nullable in held.items() if nullable == "NO"} - values.keys()
    if unknown or needed:
        raise BenchmarkError(
            f"the rows that this benchmark generates for {table} do not fit the table: "
            + "; ".join(
                f"{what} {', '.join(sorted(columns))}"
                for what, columns in (("it has no column", unknown), ("a value is needed for", needed))
                if columns
            )
        )
    return f"insert into {table} ({', '.join(values)}) select {', '.join(values.values())} {rows}"
