"""Which marts are exported, and how: marts.yml of this folder, held against the dbt models and the contracts."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from include.config import DBT_DIR

FORMATS = ("parquet", "csv")
SCHEMA = "marts"
# Which build wrote a row last says nothing of the shop; a row that a build wrote again as it was has not changed.
BOOKKEEPING = "build_number"
_MARTS_FILE = Path(__file__).with_name("marts.yml")
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")


class ExportError(Exception):
    """A mart was not exported; the message says why."""


class Refused(ExportError):
    """A mart cannot be exported as asked, and another try would end the same way."""


@dataclass(frozen=True)
class Definition:
    """One mart's export: its format, the DATE column it is parted by (None: one part in all), its columns in order."""

    mart: str
    format: str
    by: str | None
    columns: tuple[str, ...]


@cache
def names() -> tuple[str, ...]:
    """Marts that marts.yml names, in its order; cheap enough for a DAG file."""
    return tuple(_declared())


@cache
def definition(mart: str) -> Definition:
    """How a mart is exported.

    Raises:
        Refused: marts.yml does not name it, it is no model of schema marts, or it asks for what the model has not.
    """
    declared = _declared()
    if mart not in declared:
        raise Refused(f"{mart!r} is not one of the marts of include/exports/marts.yml: {', '.join(declared)}")
    try:
        return _checked(mart, dict(declared[mart] or {}), _model_columns(mart))
    except ValueError as error:
        raise Refused(f"include/exports/marts.yml, {mart}: {error}") from None


def _checked(mart: str, raw: dict[str, Any], model: dict[str, str]) -> Definition:
    chosen = tuple(raw.pop("columns", None) or (name for name in model if name != BOOKKEEPING))
    checked = Definition(mart, raw.pop("format", "parquet"), raw.pop("by", None), chosen)
    if raw:
        raise ValueError(f"unknown key {', '.join(sorted(raw))}")
    if checked.format not in FORMATS:
        raise ValueError(f"format is {checked.format!r}, not one of {', '.join(FORMATS)}")
    if missing := [name for name in chosen if name not in model]:
        raise ValueError(f"the model has no column {', '.join(missing)}")
    if personal := sorted(set(chosen) & _personal_columns()):
        raise ValueError(f"{', '.join(personal)} is personal data, which stays in schema pii")
    if checked.by is not None and model.get(checked.by) != "date":
        raise ValueError(f"by is {checked.by!r}, which is no DATE column of the model")
    return checked


def _model_columns(mart: str) -> dict[str, str]:
    """Columns of a dbt model of schema marts with their types, in order."""
    import yaml

    file = DBT_DIR / "models" / SCHEMA / f"{mart}.yml"
    if not _IDENTIFIER.match(mart) or not file.is_file():
        raise ValueError("it is not a model of include/dbt/models/marts, and nothing else is exported")
    [model] = yaml.safe_load(file.read_text())["models"]
    if model["name"] != mart or {"schema", "database", "alias"} & set(model.get("config") or {}):
        raise ValueError("its model does not stand in schema marts under its own name")
    return {column["name"]: column.get("data_type", "") for column in model["columns"]}


def _personal_columns() -> set[str]:
    from include.contracts import all_contracts

    return {column.name for agreed in all_contracts() for column in agreed.columns if column.pii}


@cache
def _declared() -> dict[str, Any]:
    import yaml

    return yaml.safe_load(_MARTS_FILE.read_text())
