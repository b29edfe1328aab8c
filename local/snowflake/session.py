"""A signed-in client: its transaction, its locks, and the running of one statement at a time."""

import re
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import duckdb
import pyarrow as pa
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from fakesnow.expr import normalise_ident
from fakesnow.params import MutableParams
from fakesnow.rowtype import ColumnInfo
from fakesnow.statement_type import SCL, UNKNOWN, USE, statement_type_id
from snowflake.connector.errors import ProgrammingError
from sqlglot import Expr, exp

from local.snowflake import copying, describing, dialect, merge, results, statements, unloading
from local.snowflake.creations import Creations
from local.snowflake.locks import TableLocks
from local.snowflake.passes import Passes
from local.snowflake.recent import RecentResults
from local.snowflake.temporary import TemporaryObjects

CONFLICT_TRIES = 6
SUCCESS = "Statement executed successfully."
START_TRANSACTION = re.compile(
    r"(?:START\s+TRANSACTION|BEGIN(?:\s+(?:WORK|TRANSACTION))?(?:\s+NAME\s+\w+)?)\s*;?\s*$", re.I
)


class Session(FakeSnowflakeConnection):
    """A fakesnow connection with Snowflake's session state (role, warehouse, query tag) and table locks."""

    results_cache: RecentResults

    def __init__(self, duck_conn: duckdb.DuckDBPyConnection, locks: TableLocks, **options: Any) -> None:
        self.role: str = options.pop("role", None) or "PUBLIC"
        self.warehouse: str | None = options.pop("warehouse", None)
        self.user: str | None = options.pop("user", None)
        self.last_query_id: str | None = None
        self.filesystem = options.pop("filesystem", None)
        self.temporary: TemporaryObjects = options.pop("temporary")
        self.creations: Creations = options.pop("creations")
        super().__init__(duck_conn, **options)
        self.id: str = uuid.uuid4().hex
        self.locks = locks
        self.parameters: dict[str, str] = {}
        self.in_transaction = False
        self.aborted = False
        self.running = threading.RLock()  # a connection runs one statement at a time
        self.last_used = time.monotonic()

    def statement(self, query_id: str | None = None) -> "Statement":
        """A statement to be run; its result can be found again by the id."""
        return Statement(self, self._duck_conn, query_id or str(uuid.uuid4()))

    def full_name(self, table: exp.Table) -> str:
        """DATABASE.SCHEMA.TABLE as Snowflake would resolve it here."""
        parts = [table.args.get("catalog"), table.args.get("db"), table.this]
        defaults = [self.database, self.schema, None]
        return ".".join(
            normalise_ident(part.sql(dialect="snowflake")) if part else str(default)
            for part, default in zip(parts, defaults, strict=True)
        )

    def abort(self) -> bool:
        """Roll back a transaction whose client has gone silent; False while it is running a statement."""
        if not self.running.acquire(blocking=False):
            return False
        try:
            self._roll_back()
            self.aborted = True
        finally:
            self.running.release()
        return True

    def end(self) -> None:
        """Roll back, drop temporary tables and free the connection."""
        with self.running:
            self._roll_back()
            self.temporary.drop(self.id)
            self.close()

    def _roll_back(self) -> None:
        if self.in_transaction or self._in_transaction:
            self._duck_conn.rollback()
        self.in_transaction = self._in_transaction = False
        self.locks.release(self.id)


class Statement(FakeSnowflakeCursor):
    """One statement. After `execute`, `table`, `columns`, `type_id` and `sfqid` describe its result."""

    _conn: Session

    def __init__(self, session: Session, duck_conn: duckdb.DuckDBPyConnection, query_id: str) -> None:
        super().__init__(session, duck_conn)
        self.id = query_id
        self.session = session
        self.columns: list[ColumnInfo] = []
        self.type_id = UNKNOWN

    @property
    def table(self) -> pa.Table | None:
        return self._arrow_table

    def execute(self, command: str, params: Any = None, *args: Any, **kwargs: Any) -> "Statement":
        """Run Snowflake SQL; `params` are bound values."""
        session = self.session
        with session.running:
            session.last_used = time.monotonic()
            try:
                self._run(command, params)
            finally:
                session.last_query_id = self._sfqid
                if not session.in_transaction:
                    session.locks.release(session.id)
                session.last_used = time.monotonic()
        return self

    def execute_rows(self, command: str, params: Any, rows: list[tuple[Any, ...]] | None) -> int | None:
        """Run a statement once, or once for each of many bound rows; then returns the rows affected in all."""
        if rows is None:
            self.execute(command, params)
            return None
        affected = 0
        for row in rows:
            self.execute(command, list(row))
            affected += self.rowcount or 0
        return affected

    def describe_only(self, command: str) -> None:
        """Find the columns of a statement without running it, where that can be done."""
        with self.session.running:
            described = self._describe_only(command)
            if described is None:
                self.execute(command)
                return
            self.columns = results.row_type([(row[0], row[1]) for row in described])
            self._arrow_table = None

    def _run(self, command: str, params: Any) -> None:
        if self.session.aborted:
            self.session.aborted = False
            raise ProgrammingError(
                msg="The transaction was rolled back: it stood still while another session waited for its locks.",
                errno=625,
                sqlstate="57014",
            )
        sql = statements.without_leading_comments(command)
        if self._answered(sql):
            return
        sql = self._inline_variables(sql) if "$" in sql else sql
        expression = parse_one(sql)
        self.type_id = statement_type_id(expression)
        if isinstance(expression, exp.Copy) and unloading.location(expression):
            self._unload(expression, params)
            return
        self.check_db_and_schema(expression)
        if statements.is_ddl(expression):
            self._commit_before_ddl()
        if (table := statements.locked_table(expression)) is not None:
            self.session.locks.acquire(self.session.id, self.session.full_name(table))
        made = [self.session.full_name(table) for table in statements.made_or_dropped(expression)]
        if isinstance(expression, exp.ListStage):
            self._set_result(*copying.list_stage(expression, self.session, self._duck_conn))
            return
        if isinstance(expression, exp.Describe) and (table := describing.target(expression)) is not None:
            columns = describing.describe(self._duck_conn, self.session.full_name(table))
            self._set_result(columns, columns.num_rows)
            return
        if isinstance(expression, exp.Alter) and (swap := expression.find(exp.SwapTable)):
            self._swap(expression.this, swap.this)
            return
        if isinstance(expression, exp.Insert) and expression.args.get("overwrite"):
            self._overwrite(expression)
            return
        bound = list(params) if isinstance(params, Sequence) and not isinstance(params, str) else params
        for part in self._transform_explode(dialect.prepare(expression, self.session)):
            transformed = self._transform(part, bound)
            self._execute(transformed, bound if transformed.find(exp.Placeholder) else None)
        self._track_transaction(expression)
        for name in made:
            self.session.creations.note(expression, name)

    # -- statements that are not passed on ---------------------------------------------------------------------

    def _answered(self, sql: str) -> bool:
        session = self.session
        if START_TRANSACTION.match(sql):
            if not session.in_transaction:
                self._duck_conn.begin()
                session.in_transaction = session._in_transaction = True
        elif (target := statements.use_target(sql)) is not None:
            kind, name = target
            if kind != "SECONDARY ROLES":
                setattr(session, kind.lower(), name)
            self.type_id = USE
        elif (parameters := statements.session_parameters(sql)) is not None and "AUTOCOMMIT" not in parameters:
            session.parameters.update(parameters)
            self.type_id = SCL
        elif not statements.is_accepted_unseen(sql):
            return False
        self._answer(SUCCESS)
        return True

    def _answer(self, message: str) -> None:
        self._set_result(pa.table({"status": [message]}), 1)

    def _set_result(self, table: pa.Table, rowcount: int) -> None:
        last = exp.Select()
        fields: dict[str, Any] = {
            "_arrow_table": table,
            "_rowcount": rowcount,
            "_arrow_table_fetch_index": None,
            "_sfqid": self.id,
            "_last_sql": "select 1",
            "_last_params": None,
            "_last_transformed": last,
        }
        self.__dict__.update(fields)  # the base class keeps its result in these
        types = ["BIGINT" if pa.types.is_integer(field.type) else "VARCHAR" for field in table.schema]
        self.columns = results.row_type(list(zip(table.column_names, types, strict=True)))
        self.session.results_cache[self.id] = (table, rowcount, "select 1", None, last)
        self.session.results_cache.keep_columns(self.id, self.columns)

    # -- transactions ------------------------------------------------------------------------------------------

    def _track_transaction(self, expression: Expr) -> None:
        session = self.session
        if isinstance(expression, (exp.Commit, exp.Rollback)):
            session.in_transaction = session._in_transaction = False
        elif not session._autocommit:
            session.in_transaction = session._in_transaction

    def _commit_before_ddl(self) -> None:
        if self.session.in_transaction:
            self._duck_conn.commit()
            self.session.in_transaction = self.session._in_transaction = False
            self.session.locks.release(self.session.id)

    def _begin_if_implicit(self) -> None:
        session = self.session
        if not session._autocommit and not session._in_transaction:
            self._duck_conn.begin()
            session._in_transaction = True

    # -- running -----------------------------------------------------------------------------------------------

    def _transform_explode(self, expression: Expr) -> list[Expr]:
        if isinstance(expression, exp.Merge):
            return [expression]  # DuckDB has its own
        return super()._transform_explode(expression)

    def _transform(self, expression: Expr, params: MutableParams | None) -> Expr:
        passes = Passes(expression)
        super()._transform(cast(Expr, passes), params)
        return dialect.finish(passes.expression)

    def _execute(self, transformed: Expr, params: MutableParams | None = None) -> None:
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                self._execute_once(transformed, params)
                return
            except duckdb.TransactionException as error:
                retryable = "onflict" in str(error) and not self.session.in_transaction
                if not retryable or attempt == CONFLICT_TRIES:
                    raise
                time.sleep(0.02 * 2**attempt)

    def _execute_once(self, transformed: Expr, params: MutableParams | None) -> None:
        if isinstance(transformed, exp.Merge):
            self._merge(transformed, params)
        elif isinstance(transformed, exp.Copy) and copying.is_external(transformed, self.session):
            self._begin_if_implicit()
            self._set_result(*copying.copy_into(transformed, self.session, self._duck_conn))
        else:
            super()._execute(transformed, params)
            self._keep(transformed.args.get("result_scan_sfqid"))

    def _keep(self, scanned: str | None) -> None:
        """File the result that fakesnow has produced, or found by the id `scanned`, under this statement's own id."""
        kept = self.session.results_cache
        if scanned:
            self.columns = kept.columns[scanned]
        elif self._duck_conn.description:
            self.columns = results.row_type(self._duck_conn.description)
        made = cast(str, self._sfqid)
        if made in kept:
            kept[self.id] = kept[made] if scanned else kept.pop(made)
        kept.keep_columns(self.id, self.columns)
        self.__dict__["_sfqid"] = self.id

    def _merge(self, statement: exp.Merge, params: MutableParams | None) -> None:
        self._begin_if_implicit()
        sql = merge.native(statement.copy()).sql(dialect="duckdb") + " RETURNING merge_action"
        self._duck_conn.execute(sql, params)
        self._set_result(*merge.result(statement, self._duck_conn.to_arrow_table()))

    def _unload(self, copy: exp.Copy, params: Any) -> None:
        """COPY INTO a location; it reads only, so that it takes no lock and leaves a transaction as it is."""
        query = unloading.query(copy)
        self.check_db_and_schema(query)
        bound = list(params) if isinstance(params, Sequence) and not isinstance(params, str) else None
        transformed = self._transform(dialect.prepare(query, self.session), bound)

        def read() -> pa.RecordBatchReader:
            values = bound if transformed.find(exp.Placeholder) else None
            found = self._duck_conn.execute(transformed.sql(dialect="duckdb"), values)
            return found.to_arrow_reader(unloading.ROWS_AT_ONCE)

        self._set_result(*unloading.unload(copy, self.session, self.id, read))

    def _overwrite(self, insert: exp.Insert) -> None:
        """INSERT OVERWRITE: the rows are read before the table is emptied, since they may come from it."""
        target = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
        columns = (
            f"({', '.join(column.sql(dialect='duckdb') for column in insert.this.expressions)})"
            if (isinstance(insert.this, exp.Schema))
            else ""
        )
        name = _quoted(self.session.full_name(target))
        aside = f"{name.rsplit('.', 1)[0]}._overwrite_{uuid.uuid4().hex}"
        query = insert.expression
        if isinstance(query, exp.Values):
            query = exp.select("*").from_(query)
        source = self._transform(dialect.prepare(query, self.session), None).sql(dialect="duckdb")
        with self._atomic():
            self._duck_conn.execute(f"CREATE TABLE {aside} AS {source}")
            self._duck_conn.execute(f"DELETE FROM {name}")
            (count,) = self._duck_conn.execute(f"INSERT INTO {name} {columns} SELECT * FROM {aside}").fetchall()[0]
            self._duck_conn.execute(f"DROP TABLE {aside}")
        self._set_result(pa.table({"number of rows inserted": pa.array([count], pa.int64())}), count)

    @contextmanager
    def _atomic(self) -> Iterator[None]:
        """All that the block does, or nothing; within the session's transaction when there is one."""
        self._begin_if_implicit()
        if self.session.in_transaction or self.session._in_transaction:
            yield
            return
        self._duck_conn.begin()
        try:
            yield
            self._duck_conn.commit()
        except duckdb.Error:
            self._duck_conn.rollback()
            raise

    def _swap(self, first: exp.Table, second: exp.Table) -> None:
        """Exchange two tables' names in one transaction."""
        names = [self.session.full_name(table) for table in (first, second)]
        self.session.locks.acquire(self.session.id, names[1])
        quoted = [_quoted(name) for name in names]
        bare = [name.rsplit(".", 1)[1] for name in quoted]
        aside = f"_swap_{uuid.uuid4().hex}"
        schema = quoted[0].rsplit(".", 1)[0]
        with self._atomic():
            self._duck_conn.execute(f"ALTER TABLE {quoted[0]} RENAME TO {aside}")
            self._duck_conn.execute(f"ALTER TABLE {quoted[1]} RENAME TO {bare[0]}")
            self._duck_conn.execute(f"ALTER TABLE {schema}.{aside} RENAME TO {bare[1]}")
        self._answer(SUCCESS)


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))
