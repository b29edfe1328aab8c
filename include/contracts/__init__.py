"""What each table looks like: columns, types, key, version and money, read from the yml files of this folder."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from include.config import CONTRACTS_DIR

_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")
_KEEP = ("newest", "versions", "day")


class ContractError(Exception):
    """A contract file is not well formed."""


@dataclass(frozen=True)
class Column:
    """One column as Snowflake types it."""

    name: str
    type: str
    description: str
    nullable: bool = True
    pii: bool = False


@dataclass(frozen=True)
class Contract:
    """One table's contract. `money` names the column that conservation sums; `day` the one that reconcile groups by."""

    table: str
    source: str
    schema: str
    grain: str
    keep: str
    key: tuple[str, ...]
    version: str
    columns: tuple[Column, ...]
    day: str | None = None
    money: str | None = None

    @property
    def target(self) -> str:
        """Table that readers see."""
        return f"{self.schema}.{self.table}"

    @property
    def quarantine(self) -> str:
        """Table of rejected rows; personal data stays in schema pii."""
        return f"pii.quarantine_{self.table}" if self.schema == "pii" else f"quarantine.{self.table}"

    @property
    def turn(self) -> str:
        """Table whose only row publishers of this table lock in turn."""
        return f"audit.turn_{self.table}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def landing(self, batch_id: str, suffix: str = "") -> str:
        """Transient table of one batch, e.g. raw.orders__<batch>."""
        return f"{'pii' if self.schema == 'pii' else 'raw'}.{batch_id}{suffix}"


@cache
def contract(table: str) -> Contract:
    """Contract of a table.

    Raises:
        ContractError: there is no such contract, or the file is not well formed.
    """
    import yaml

    path = CONTRACTS_DIR / f"{table}.yml"
    if not path.is_file():
        raise ContractError(f"no contract for table {table!r}: {path} is missing")
    try:
        return _parse(yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError(f"{path.name}: {error}") from error


def all_contracts() -> list[Contract]:
    """Every contract of this folder, by name."""
    return [contract(table) for table in tables()]


def tables() -> list[str]:
    """Names of the tables that have a contract, sorted."""
    return sorted(path.stem for path in CONTRACTS_DIR.glob("*.yml"))


def tables_of(source: str) -> list[str]:
    """Names of a source's tables, sorted."""
    return [agreed.table for agreed in all_contracts() if agreed.source == source]


def _parse(raw: dict[str, Any]) -> Contract:
    columns = tuple(Column(**column) for column in raw.pop("columns"))
    parsed = Contract(**{**raw, "key": tuple(raw["key"])}, columns=columns)
    known = set(parsed.column_names)
    for name in (parsed.table, parsed.schema, *known):
        if not _IDENTIFIER.match(name):
            raise ValueError(f"{name!r} is not a plain lower-case identifier")
    for used in (*parsed.key, parsed.version, parsed.money, parsed.day):
        if used is not None and used not in known:
            raise ValueError(f"{used!r} is not one of the columns")
    if parsed.keep not in _KEEP:
        raise ValueError(f"keep is {parsed.keep!r}, not one of {', '.join(_KEEP)}")
    if parsed.keep != "versions" and parsed.day is None:
        raise ValueError(f"keep: {parsed.keep} needs a day, by which staging is held against the source")
    return parsed
