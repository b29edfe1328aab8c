"""DESCRIBE TABLE: dbt asks it several times a model, and fakesnow's way through its catalog views takes longer."""

import re

import duckdb
import pyarrow as pa
from sqlglot import exp

LENGTHS = "_fs_global._fs_information_schema._fs_columns_ext"
LONGEST_TEXT = 16_777_216
NUMBER = re.compile(r"DECIMAL\((\d+),(\d+)\)")
INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
NAMES = {
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME(9)",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BLOB": "BINARY(8388608)",
    "JSON": "VARIANT",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)",
}
EMPTY_COLUMNS = ("check", "expression", "comment", "policy name", "privacy domain")


def target(expression: exp.Describe) -> exp.Table | None:
    """The table or view that is described; None for the description of anything else."""
    kind = str(expression.args.get("kind") or "").upper()
    return expression.this if kind in {"TABLE", "VIEW"} and isinstance(expression.this, exp.Table) else None


def describe(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    """The columns of DATABASE.SCHEMA.NAME as Snowflake lists them."""
    quoted = ".".join(f'"{part}"' for part in name.split("."))
    rows = connection.execute(f"DESCRIBE {quoted}").fetchall()
    lengths = dict(
        connection.execute(
            f"SELECT ext_column_name, ext_character_maximum_length FROM {LENGTHS} "
            "WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?",
            name.split("."),
        ).fetchall()
    )
    columns = {
        "name": [row[0] for row in rows],
        "type": [snowflake_type(row[1], lengths.get(row[0])) for row in rows],
        "kind": ["COLUMN"] * len(rows),
        "null?": ["Y" if row[2] == "YES" else "N" for row in rows],
        "default": [row[4] for row in rows],
        "primary key": ["N"] * len(rows),
        "unique key": ["N"] * len(rows),
        **{column: [None] * len(rows) for column in EMPTY_COLUMNS},
    }
    return pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})


def snowflake_type(duckdb_type: str, length: int | None = None) -> str:
    """Snowflake's name of a DuckDB type; `length` is that of a VARCHAR, where one was declared."""
    if number := NUMBER.fullmatch(duckdb_type):
        return f"NUMBER({number[1]},{number[2]})"
    if INTEGER.fullmatch(duckdb_type):
        return "NUMBER(38,0)"
    if duckdb_type in NAMES:
        return NAMES[duckdb_type]
    if duckdb_type.startswith("TIMESTAMP"):
        return "TIMESTAMP_NTZ(9)"
    if duckdb_type.endswith("]"):
        return "ARRAY"
    if duckdb_type.startswith(("STRUCT", "MAP")):
        return "OBJECT"
    return f"VARCHAR({length or LONGEST_TEXT})"
