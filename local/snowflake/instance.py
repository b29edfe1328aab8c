"""A FakeSnow whose databases, stages, file formats and load history are DuckDB files, found again at start."""

import warnings
from pathlib import Path
from string import Template
from typing import Any

import duckdb
from fakesnow import info_schema, macros
from fakesnow.instance import GLOBAL_DATABASE_NAME, FakeSnow
from fakesnow.transforms import show

from local.snowflake import functions
from local.snowflake.creations import REGISTER, Creations
from local.snowflake.recent import RecentResults
from local.snowflake.temporary import TemporaryObjects

# Snowflake lists views among the tables of its information schema, and says when each was created; fakesnow leaves
# views out, and to it all tables are of 1970. Replaced, not kept: the files of an earlier server hold the old view.
info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template.replace(
        "create view if not exists", "create or replace view"
    )
    .replace("'BASE TABLE' AS", "tables.table_type AS")
    .replace(
        'to_timestamp(0)::timestamptz AS "CREATED"',
        f"(select created_at from {REGISTER} where name = concat_ws('.', upper(tables.database_name), "
        'tables.schema_name, tables.table_name)) AS "CREATED"',
    )
    .replace(
        "from duckdb_tables tables",
        "from ("
        "select database_name, schema_name, table_name, estimated_size, 'BASE TABLE' as table_type from duckdb_tables "
        "union all select database_name, schema_name, view_name, null, 'VIEW' from duckdb_views where not internal"
        ") tables",
    )
)
CATALOG_VIEWS = Path(__file__).with_name("catalog.sql")
# As with the order database, a killed server loses nothing without fsync, only a crashed machine would.
SETTINGS: Any = {
    "lambda_syntax": "ENABLE_SINGLE_ARROW",
    "preserve_insertion_order": "true",
    "fsync_mode": "NONE",
}


class DurableFakeSnow(FakeSnow):
    """FakeSnow on files in `directory`: one a database, and one for what fakesnow keeps beside them."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.create_database_on_connect = False
        self.create_schema_on_connect = False
        self.db_path = directory
        self.nop_regexes = None
        self.results_cache = RecentResults()
        self.duck_conn = duckdb.connect(":memory:", config=SETTINGS)
        self.duck_conn.execute("SET GLOBAL TimeZone = 'UTC'")
        spill = str(directory / "spill").replace("'", "''")
        self.duck_conn.execute(f"SET GLOBAL temp_directory = '{spill}'")
        self._attach(GLOBAL_DATABASE_NAME)
        self.duck_conn.execute(info_schema.fs_global_creation_sql())
        self.duck_conn.execute(show.fs_global_creation_sql())
        self.duck_conn.execute(functions.creation_sql(GLOBAL_DATABASE_NAME))
        self.creations = Creations(self.duck_conn)
        for file in sorted(directory.glob("*.db")):
            if file.stem != GLOBAL_DATABASE_NAME:
                self._attach(file.stem)
                self.duck_conn.execute(info_schema.per_db_creation_sql(file.stem))
                self.duck_conn.execute(macros.creation_sql(file.stem))
        self.duck_conn.execute(CATALOG_VIEWS.read_text())
        self.temporary = TemporaryObjects(self.duck_conn)
        self.temporary.drop()
        # fakesnow reads results through a call that DuckDB warns about on every statement.
        warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")

    def register_s3(self, endpoint_url: str, access_key: str, secret_key: str, region: str) -> None:
        """Let SQL read s3:// addresses from the S3 stand-in."""
        import s3fs

        filesystem: Any = s3fs.S3FileSystem(
            key=access_key,
            secret=secret_key,
            endpoint_url=endpoint_url,
            client_kwargs={"region_name": region},
            use_listings_cache=False,
        )
        self.filesystem = filesystem
        self.duck_conn.register_filesystem(filesystem)

    def checkpoint(self) -> None:
        """Fold the write-ahead logs into the database files."""
        for (name,) in self.duck_conn.execute(
            "select database_name from duckdb_databases() where not internal and path is not null"
        ).fetchall():
            self.duck_conn.execute(f'CHECKPOINT "{name}"')

    def _attach(self, name: str) -> None:
        path = str(Path(self.db_path or ".") / f"{name}.db").replace("'", "''")
        self.duck_conn.execute(f"ATTACH IF NOT EXISTS '{path}' AS {name}")
