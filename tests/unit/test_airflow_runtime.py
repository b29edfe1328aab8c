"""When the local Airflow's metadata database is migrated, and when it begins with what an earlier migration made."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local import airflow_runtime, metadata_template
from local.airflow_runtime import AirflowRuntime


class Database:
    """A metadata database, with Airflow's tables or without."""

    def __init__(self, has_schema: bool) -> None:
        self.has_schema = has_schema

    @contextmanager
    def cursor(self) -> Any:
        yield SimpleNamespace(execute=lambda _: None, fetchone=lambda: (1,) if self.has_schema else None)


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What was done to prepare a database: restore, migrate, keep."""

    def done(has_schema: bool, has_template: bool, stamped: str | None = None) -> list[str]:
        steps: list[str] = []
        environment: Any = SimpleNamespace(home=tmp_path, database_url="postgresql+psycopg2://here")
        runtime = AirflowRuntime(environment, tmp_path)

        @contextmanager
        def database() -> Any:
            yield Database(has_schema)

        def restore(connection: Database) -> bool:
            steps.append("restore")
            return has_template

        def spawn(name: str, arguments: tuple[str, ...]) -> Any:
            steps.append(name)
            return SimpleNamespace(wait=lambda timeout: 0)

        if stamped:
            (tmp_path / "schema-version").write_text(stamped)
        monkeypatch.setattr(runtime, "_database", database)
        monkeypatch.setattr(runtime, "_spawn", spawn)
        monkeypatch.setattr(metadata_template, "restore", restore)
        monkeypatch.setattr(metadata_template, "keep", lambda url: steps.append(f"keep {url}"))
        monkeypatch.setattr(airflow_runtime, "version", lambda package: "3.3.2")
        runtime._migrate(lambda line: None)
        assert (tmp_path / "schema-version").read_text() == "3.3.2"
        return steps

    return done


def test_a_new_database_begins_with_the_template(prepare: Any) -> None:
    assert prepare(has_schema=False, has_template=True) == ["restore"]


def test_the_first_migration_is_kept(prepare: Any) -> None:
    expected = ["restore", "migrate", "keep postgresql://here"]
    assert prepare(has_schema=False, has_template=False) == expected


def test_a_database_in_use_is_never_overwritten_and_is_no_template(prepare: Any) -> None:
    assert prepare(has_schema=True, has_template=True, stamped="3.3.1") == ["migrate"]
    assert prepare(has_schema=True, has_template=True, stamped="3.3.2") == []
