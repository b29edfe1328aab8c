"""Temporary tables and views that had to be made ordinary ones, so that somebody drops them in the end."""

import duckdb

REGISTER = "_fs_global.main.temporary_objects"


class TemporaryObjects:
    """A durable list by session: what a killed server left is dropped when the next one starts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {REGISTER} (session VARCHAR, kind VARCHAR, name VARCHAR)")

    def remember(self, session: str, kind: str, name: str) -> None:
        """Note an object (`kind` TABLE or VIEW) before it is created."""
        with self._connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {REGISTER} VALUES (?, ?, ?)", [session, kind, name])

    def drop(self, session: str | None = None) -> None:
        """Drop what a session made, or, at start, what every session of the former server did."""
        chosen = "WHERE session = ?" if session else "WHERE ? IS NULL"
        with self._connection.cursor() as cursor:
            for kind, name in cursor.execute(f"SELECT kind, name FROM {REGISTER} {chosen}", [session]).fetchall():
                quoted = ".".join(f'"{part}"' for part in name.split("."))
                if self._kind(cursor, name) == kind:
                    cursor.execute(f"DROP {kind} IF EXISTS {quoted}")
            cursor.execute(f"DELETE FROM {REGISTER} {chosen}", [session])

    @staticmethod
    def _kind(cursor: duckdb.DuckDBPyConnection, name: str) -> str | None:
        """TABLE or VIEW, or None when a client has dropped it already."""
        found = cursor.execute(
            "SELECT table_type FROM system.information_schema.tables "
            "WHERE upper(table_catalog) = ? AND table_schema = ? AND table_name = ?",
            name.split("."),
        ).fetchone()
        return None if found is None else "VIEW" if found[0] == "VIEW" else "TABLE"
