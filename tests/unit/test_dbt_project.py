"""The dbt project as files: sources follow the contracts, personal data stops at staging, every model is described."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

INCLUDE = Path(__file__).parents[2] / "include"
CONTRACTS = {file.stem: yaml.safe_load(file.read_text()) for file in sorted((INCLUDE / "contracts").glob("*.yml"))}
MODELS = INCLUDE / "dbt" / "models"
MODEL_FILES = sorted(MODELS.rglob("*.sql"))


def source_tables() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Schema and columns of every source table, by its name."""
    sources = yaml.safe_load((MODELS / "staging" / "sources.yml").read_text())["sources"]
    return {table["name"]: (source["schema"], table["columns"]) for source in sources for table in source["tables"]}


@pytest.mark.parametrize("table", sorted(CONTRACTS.keys() & source_tables().keys()))
def test_source_has_the_contracts_columns_and_words(table: str) -> None:
    contract = CONTRACTS[table]
    schema, columns = source_tables()[table]
    described = {column["name"]: column["description"] for column in columns}
    assert schema == contract["schema"].upper()
    assert [name for name in described if not name.startswith("_")] == [
        column["name"] for column in contract["columns"]
    ]
    for column in contract["columns"]:
        personal = " Personal data." if column.get("pii") else ""
        assert described[column["name"]] == column["description"] + personal


def test_no_model_reads_a_personal_column() -> None:
    personal = {
        column["name"] for contract in CONTRACTS.values() for column in contract["columns"] if column.get("pii")
    }
    for file in MODEL_FILES:
        sql = re.sub(r"--.*", "", file.read_text())
        words = set(re.findall(r"\w+", sql))
        assert not words & personal, f"{file.name} reads {sorted(words & personal)}"


@pytest.mark.parametrize("file", MODEL_FILES, ids=lambda file: file.stem)
def test_model_is_described_beside_its_sql(file: Path) -> None:
    [model] = yaml.safe_load(file.with_suffix(".yml").read_text())["models"]
    assert model["name"] == file.stem
    assert model["description"].startswith("One row ")
    assert all(column.get("description") for column in model["columns"])
    tests = [
        *model.get("data_tests", []),
        *(test for column in model["columns"] for test in column.get("data_tests", [])),
    ]
    assert tests, "a model without a test cannot be seen to be wrong"


@pytest.mark.parametrize("file", MODEL_FILES, ids=lambda file: file.stem)
def test_model_does_not_read_the_clock(file: Path) -> None:
    sql = file.read_text().lower()
    for clock in ("current_date", "current_timestamp", "sysdate", "getdate", "localtime", "now("):
        assert clock not in sql
