"""When the local runner parses the dbt project anew."""

import json
from pathlib import Path

import pytest

from local import dbt_manifest


@pytest.fixture
def parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The connections for which the project was parsed."""
    made: list[str | None] = []

    def parse(connection: str | None, target: Path) -> None:
        made.append(connection)
        (target / "manifest.json").write_text("{}")

    monkeypatch.setattr(dbt_manifest, "PROJECT", tmp_path)
    monkeypatch.setattr(dbt_manifest, "_parse", parse)
    monkeypatch.setattr(dbt_manifest, "fingerprint", lambda: "sources")
    return made


def connection(port: int = 4510, key: str = "one") -> str:
    return json.dumps({"login": "AIRFLOW", "password": key, "extra": {"port": port, "private_key_content": key}})


def test_a_new_key_for_the_same_address_is_no_reason(parses: list[str | None]) -> None:
    """`make down` throws the key away; dbt compares addresses and names, no secrets."""
    for key in ("one", "one", "two"):
        dbt_manifest.ensure_manifest(connection=connection(key=key))
    assert parses == [connection()]


def test_another_address_is(parses: list[str | None]) -> None:
    for port in (4510, 5510, 5510):
        dbt_manifest.ensure_manifest(connection=connection(port))
    assert parses == [connection(4510), connection(5510)]


def test_without_a_connection_any_parse_will_do(parses: list[str | None]) -> None:
    dbt_manifest.ensure_manifest(connection=connection())
    dbt_manifest.ensure_manifest()
    assert parses == [connection()]
