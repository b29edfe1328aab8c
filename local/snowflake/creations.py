"""When each table was created: INFORMATION_SCHEMA.TABLES says so, and DuckDB does not know."""

import duckdb
from sqlglot import Expr, exp

REGISTER = "_fs_global.main.created_tables"


class Creations:
    """A durable list of tables with their times; a table that is not in it has none (NULL)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {REGISTER} (name VARCHAR PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL)"
            )

    def note(self, expression: Expr, name: str) -> None:
        """Note what a statement that has run made of the table DATABASE.SCHEMA.NAME."""
        if isinstance(expression, exp.Drop):
            self._write(f"DELETE FROM {REGISTER} WHERE name = ?", name)
        elif isinstance(expression, exp.Create):
            found = "NOTHING" if expression.args.get("exists") else "UPDATE SET created_at = excluded.created_at"
            self._write(f"INSERT INTO {REGISTER} VALUES (?, now()) ON CONFLICT (name) DO {found}", name)

    def _write(self, statement: str, name: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, [name])
