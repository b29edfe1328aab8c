"""Rows of several kinds from one statement: a union by name of parts, each with columns of its own."""

from collections.abc import Mapping

from plugins.analytics.schemas.base import Row


def select_lists(parts: Mapping[str, type[Row]]) -> dict[str, str]:
    """The select list of each part, by its name: its columns, after `part` and its place in it."""
    return {part: f"'{part}' as part, part_position, {row.columns()}" for part, row in parts.items()}
