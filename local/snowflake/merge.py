"""MERGE as DuckDB's own statement, so that it works within a transaction and counts what it did."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.transforms.merge import operations
from sqlglot import exp

ACTIONS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}


def native(merge: exp.Merge) -> exp.Merge:
    """Rewrite a parsed Snowflake MERGE for DuckDB: it takes no alias in SET and in the inserted columns."""
    source = merge.args["using"].alias_or_name
    for when in merge.find_all(exp.When):
        then = when.args["then"]
        if isinstance(then, exp.Update):
            for assignment in then.expressions:
                if isinstance(assignment, exp.EQ) and isinstance(assignment.this, exp.Column):
                    assignment.set("this", exp.column(assignment.this.this.copy()))
        elif isinstance(then, exp.Insert):
            _unqualify_inserted_columns(then)
            _qualify_values(then, source)
    merge.set("returning", None)
    return merge


def result(merge: exp.Merge, actions: pa.Table) -> tuple[pa.Table, int]:
    """Snowflake's row of counts, and the number of rows affected in all."""
    found: dict[str, int] = {}
    for entry in pc.value_counts(actions.column(0).combine_chunks()).to_pylist():
        found[entry["values"]] = entry["counts"]
    columns: dict[str, Any] = {
        f"number of rows {operation}": [found.get(ACTIONS[operation], 0)]
        for operation, clauses in operations(merge).items()
        if clauses
    }
    table = pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})
    return table, sum(found.values())


def _unqualify_inserted_columns(insert: exp.Insert) -> None:
    if isinstance(insert.this, exp.Tuple):
        for column in insert.this.expressions:
            if isinstance(column, exp.Column):
                column.set("table", None)


def _qualify_values(insert: exp.Insert, source: str) -> None:
    """A bare column of VALUES means the source's in Snowflake; in DuckDB it would be ambiguous."""
    if isinstance(insert.expression, exp.Tuple) and source:
        for column in insert.expression.find_all(exp.Column):
            if not column.table:
                column.set("table", exp.to_identifier(source))
