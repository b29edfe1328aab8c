"""Two states of the warehouse, row for row, and what every batch must add up to."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.contracts import all_contracts
from include.warehouse import Warehouse

# When a row came, with which batch, and which build computed it: that may differ, and nothing else.
TECHNICAL = {
    "_BATCH_ID",
    "_PUBLISHED_AT",
    "_ROW_NUMBER",
    "_QUARANTINED_AT",
    "_EXTRACTED_AT",
    "BATCH_ID",
    "PUBLISHED_AT",
    "BUILD_NUMBER",
}
BOOKKEEPING = {"STG_LOADS", "STG_BUILDS", "STG_BUILT_BATCHES"}
SAMPLES = 3

Row = tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """Rows of a table without their technical columns, as often as they are there, and the positions of its key."""

    columns: tuple[str, ...]
    key: tuple[int, ...]
    rows: Counter[Row]

    def key_of(self, row: Row) -> Row:
        return tuple(row[position] for position in self.key)


@dataclass(frozen=True)
class Difference:
    """Rows of a table that were lost, doubled or differ, with a few of their keys."""

    table: str
    how: str
    rows: int
    samples: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table}: {self.rows:,} {self.how}, e.g. {'; '.join(self.samples)}"


def held(warehouse: Warehouse) -> dict[str, Held]:
    """Every table and view that readers of staging, quarantine and marts see, by name."""
    keys = {agreed.target.upper(): agreed.key for agreed in all_contracts()}
    keys |= {f"STAGING.STG_{agreed.table.upper()}": agreed.key for agreed in all_contracts()}
    found = warehouse.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('STAGING', 'QUARANTINE', 'MARTS') order by 1, 2"
    ).fetchall()
    names = [f"{schema}.{table}" for schema, table in found if table not in BOOKKEEPING]
    names += ["PII.CUSTOMERS", "PII.QUARANTINE_CUSTOMERS"]
    return {name: _read(warehouse, name, keys.get(name, ())) for name in names}


def _read(warehouse: Warehouse, name: str, key: tuple[str, ...]) -> Held:
    cursor = warehouse.execute(f"select * from {name}")
    columns = [column.name.upper() for column in cursor.description]
    kept = [position for position, column in enumerate(columns) if column not in TECHNICAL]
    rows = Counter(tuple(str(row[position]) for position in kept) for row in cursor.fetchall())
    names = tuple(columns[position] for position in kept)
    return Held(names, tuple(names.index(column.upper()) for column in key), rows)


def compare(clean: Mapping[str, Held], harmed: Mapping[str, Held]) -> list[Difference]:
    """What is lost, doubled, different or there without reason in the harmed warehouse."""
    found = []
    for name in sorted(clean.keys() | harmed.keys()):
        if name not in clean or name not in harmed:
            found.append(Difference(name, "tables missing" if name in clean else "tables too many", 1, (name,)))
            continue
        found += _differences(name, clean[name], harmed[name])
    return found


def _differences(name: str, clean: Held, harmed: Held) -> Iterator[Difference]:
    missing, extra = clean.rows - harmed.rows, harmed.rows - clean.rows
    if not missing and not extra:
        return
    if not clean.key:
        yield from _told(name, "rows lost", clean, missing, whole=True)
        yield from _told(name, "rows too many", harmed, extra, whole=True)
        return
    expected, got = {clean.key_of(row) for row in clean.rows}, {harmed.key_of(row) for row in harmed.rows}
    lost = Counter({row: n for row, n in missing.items() if clean.key_of(row) not in got})
    differing = Counter({row: n for row, n in missing.items() if clean.key_of(row) in got})
    doubled = Counter({row: n for row, n in extra.items() if _is_doubled(harmed, row)})
    unknown = Counter({row: n for row, n in extra.items() if harmed.key_of(row) not in expected})
    yield from _told(name, "rows lost", clean, lost)
    yield from _told(name, "rows doubled", harmed, doubled)
    yield from _told(name, "rows differ", clean, differing, _changes(clean, harmed, extra))
    yield from _told(name, "rows without a source", harmed, unknown)


def _is_doubled(table: Held, row: Row) -> bool:
    return sum(n for other, n in table.rows.items() if table.key_of(other) == table.key_of(row)) > 1


def _changes(clean: Held, harmed: Held, extra: Counter[Row]) -> dict[Row, str]:
    """By key, which columns hold something else."""
    got = {harmed.key_of(row): row for row in extra}
    told = {}
    for row in clean.rows:
        if other := got.get(clean.key_of(row)):
            pairs = zip(clean.columns, row, other, strict=True)
            told[clean.key_of(row)] = ", ".join(f"{c} {b} for {a}" for c, a, b in pairs if a != b)
    return told


def _told(
    name: str,
    how: str,
    table: Held,
    rows: Counter[Row],
    changes: Mapping[Row, str] | None = None,
    whole: bool = False,
) -> Iterator[Difference]:
    if not rows:
        return
    samples = []
    for row in sorted(rows)[:SAMPLES]:
        shown = ", ".join(row) if whole else " ".join(table.key_of(row))
        more = (changes or {}).get(table.key_of(row))
        samples.append(f"{shown} ({more})" if more else shown)
    yield Difference(name, how, rows.total(), tuple(samples))


UNBALANCED = """
    select batch_id, extracted_rows, landed_rows, inserted_rows, updated_rows, superseded_rows, quarantined_rows,
        extracted_money, inserted_money + updated_money + superseded_money + quarantined_money
    from audit.loads
    where extracted_rows <> landed_rows
        or landed_rows <> inserted_rows + updated_rows + superseded_rows + quarantined_rows
        or extracted_money <> inserted_money + updated_money + superseded_money + quarantined_money
    order by batch_id
"""
PUBLISHED_TWICE = "select batch_id, count(*) from audit.loads group by batch_id having count(*) > 1 order by batch_id"
UNKNOWN_BATCHES = """
    select _batch_id, count(*) from {table}
    where _batch_id not in (select batch_id from audit.loads) group by _batch_id order by _batch_id
"""


def unbalanced(warehouse: Warehouse) -> list[str]:
    """Batches that lost or made rows or money, were published twice, or have rows but no record."""
    found = [f"audit.loads does not balance: {_shown(row)}" for row in warehouse.execute(UNBALANCED).fetchall()]
    found += [f"audit.loads: {row[0]} stands there {row[1]} times" for row in
              warehouse.execute(PUBLISHED_TWICE).fetchall()]  # fmt: skip
    for agreed in all_contracts():
        for table in (agreed.target, agreed.quarantine):
            rows = warehouse.execute(UNKNOWN_BATCHES.format(table=table)).fetchall()
            found += [f"{table} holds {count} rows of batch {batch}, which audit.loads lacks" for batch, count in rows]
    return found


def batches(warehouse: Warehouse) -> int:
    """Batches that were published."""
    return int(warehouse.execute("select count(*) from audit.loads").fetchall()[0][0])


def versions(warehouse: Warehouse) -> dict[str, Any]:
    """The version that staging holds of each row of the tables that keep the newest, by table and key."""
    found = {}
    for agreed in all_contracts():
        if agreed.keep == "newest":
            rows = warehouse.execute(
                f"select {', '.join(agreed.key)}, {agreed.version} from {agreed.target}"
            ).fetchall()
            found |= {f"{agreed.table} {' '.join(map(str, key))}": version for *key, version in rows}
    return found


def missing_keys(warehouse: Warehouse, keys: Mapping[str, set[str]]) -> list[str]:
    """Keys that the source holds and neither staging nor quarantine has."""
    found = []
    for agreed in all_contracts():
        if agreed.table in keys:
            column = agreed.key[0]
            rows = warehouse.execute(
                f"select {column} from {agreed.target} union select {column} from {agreed.quarantine}"
            ).fetchall()
            lost = keys[agreed.table] - {row[0] for row in rows}
            if lost:
                found.append(f"{agreed.table}: the quiet load lacks {len(lost)} keys, e.g. {sorted(lost)[:SAMPLES]}")
    return found


def _shown(row: tuple[Any, ...]) -> str:
    names = ("batch", "extracted", "landed", "inserted", "updated", "superseded", "quarantined", "money", "accounted")
    return ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True))
