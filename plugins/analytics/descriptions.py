"""Descriptions of fields, taken from where the marts are defined: one definition, also in words."""

from functools import cache
from typing import Any

from include.config import DBT_DIR
from plugins.analytics.schemas.base import Row

MARTS_DIR = DBT_DIR / "models" / "marts"


def describe_fields(schemas: dict[str, Any]) -> None:
    """Add the mart's description to every field of a row that has none of its own."""
    for row in _rows(Row):
        if row.mart is None or row.__name__ not in schemas:
            continue
        described = columns(row.mart)
        for name, field in schemas[row.__name__]["properties"].items():
            if name in described and row.model_fields[name].description is None:
                field["description"] = described[name]


@cache
def columns(mart: str) -> dict[str, str]:
    """Description of each column of a mart."""
    import yaml

    document = yaml.load((MARTS_DIR / f"{mart}.yml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return {column["name"]: column["description"] for column in document["models"][0]["columns"]}


def _rows(base: type[Row]) -> list[type[Row]]:
    return [each for row in base.__subclasses__() for each in (row, *_rows(row))]
