"""Rows of several kinds from one statement: a union of parts, each with columns of its own and null for others'."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from plugins.analytics.schemas.base import Row

# A null says of which type it is: a union of nulls alone would be text.
TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number(18, 0)",
    Decimal: "number(18, 4)",
    float: "float",
    str: "varchar",
    date: "date",
    datetime: "timestamp_ntz",
}


def select_lists(parts: Mapping[str, type[Row]]) -> dict[str, str]:
    """The select list of each part, by its name: `part`, `part_position` and the columns of all parts."""
    fields = {name: field.annotation for row in parts.values() for name, field in row.model_fields.items()}
    return {
        part: ", ".join(
            (
                f"'{part}' as part",
                "part_position",
                *(
                    name if name in row.model_fields else f"null::{_type(kind)} as {name}"
                    for name, kind in fields.items()
                ),
            )
        )
        for part, row in parts.items()
    }


def _type(annotation: Any) -> str:
    """The warehouse's type of a field."""
    if annotation in TYPES:
        return TYPES[annotation]
    return next(filter(None, map(_type, get_args(annotation))), "")
