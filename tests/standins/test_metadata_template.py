"""A metadata database that begins as a copy of one that was migrated before."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local import metadata_template
from local.stack import Stack


@pytest.fixture
def databases(stack: Stack) -> Iterator[tuple[str, str]]:
    """Two empty databases of the stack's server."""
    server = stack.endpoints["postgres"]
    base = f"postgresql://{server['user']}@/{{}}?host={server['socket_dir']}&port={server['port']}"
    names = ("template_of", "filled_from")
    with psycopg.connect(base.format("postgres"), autocommit=True) as connection:
        for name in names:
            connection.execute(f"create database {name}")
        yield base.format(names[0]), base.format(names[1])
        for name in names:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(metadata_template, "KEPT", tmp_path)
    return tmp_path


def test_a_new_database_begins_with_what_the_migrated_one_holds(kept: Path, databases: tuple[str, str]) -> None:
    migrated, new = databases
    with psycopg.connect(migrated) as connection:
        connection.execute("create table alembic_version (version_num varchar(32) primary key)")
        connection.execute("create table pool (id serial primary key, slots int not null, description text)")
        connection.execute("insert into alembic_version values ('42')")
        connection.execute("insert into pool (slots, description) values (128, E'the \\\\ default\\n\\\\pool')")
    metadata_template.keep(migrated)
    with psycopg.connect(new) as connection:
        assert metadata_template.restore(connection)
    with psycopg.connect(new) as connection:
        assert connection.execute("select version_num from alembic_version").fetchall() == [("42",)]
        made = connection.execute("insert into pool (slots) values (1) returning id").fetchone()
        assert made == (2,)
        assert connection.execute("select description from pool where id = 1").fetchone() == ("the \\ default\n\\pool",)


def test_without_a_template_the_database_stays_empty(kept: Path, databases: tuple[str, str]) -> None:
    with psycopg.connect(databases[1]) as connection:
        assert not metadata_template.restore(connection)
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)


def test_another_airflow_has_a_template_of_its_own(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = metadata_template.template_file()
    monkeypatch.setattr(metadata_template, "version", lambda name: "99")
    assert metadata_template.template_file() != before
