"""Create the tables that the pipeline writes: staging, quarantine, pii, analytics, audit. Safe to run again.

    python -m include.bootstrap

Terraform makes what stands around them (database, schemas, warehouses, roles, stage, file format); dbt makes the marts.
"""

from include.config import SNOWFLAKE_DATABASE, SQL_DIR
from include.contracts import all_contracts
from include.warehouse import Warehouse, open_warehouse

# Columns that came after the first version, all at the end of their tables: what exists already is given them.
STAGING_COLUMNS = {"_deleted_at": "timestamp_ntz", "_absent_at": "timestamp_ntz", "_extracted_at": "timestamp_ntz"}
QUARANTINE_COLUMNS = {"_deleted_at": "timestamp_ntz", "_extracted_at": "timestamp_ntz"}
AUDIT_COLUMNS = {
    "alerts": {"claimed_at": "timestamp_ntz", "trouble": "varchar"},
    "loads": {"extracted_at": "timestamp_ntz"},
}


def bootstrap(warehouse: Warehouse) -> list[str]:
    """Create what is missing, and the view over quarantine anew; return the names of the tables that now exist.

    A column that a contract was given later is added, too, without its promise: older rows have no value of it.
    """
    names = []
    held = state(warehouse)
    for contract in all_contracts():
        warehouse.run("ddl/staging_table.sql", table=contract.target, columns=contract.columns)
        warehouse.run("ddl/quarantine_table.sql", table=contract.quarantine, columns=contract.columns)
        warehouse.run("ddl/publish_turn.sql", table=contract.turn)
        own = {column.name: column.type for column in contract.columns}
        _add_columns(warehouse, contract.target, own | STAGING_COLUMNS, held.get(contract.target))
        _add_columns(warehouse, contract.quarantine, own | QUARANTINE_COLUMNS, held.get(contract.quarantine))
        names += [contract.target, contract.quarantine, contract.turn]
    for schema in ("analytics", "audit"):
        # The database may have the name of the schema: only a full name is clear then.
        place = f"{SNOWFLAKE_DATABASE}.{schema}"
        for file in sorted((SQL_DIR / "ddl").glob(f"{schema}_*.sql")):
            warehouse.run(f"ddl/{file.name}", database=SNOWFLAKE_DATABASE)
            names.append(f"{place}.{file.stem.removeprefix(f'{schema}_')}")
    for table, columns in AUDIT_COLUMNS.items():
        _add_columns(warehouse, f"{SNOWFLAKE_DATABASE}.audit.{table}", columns, held.get(f"audit.{table}"))
    warehouse.run("ddl/quarantine_summary.sql", contracts=all_contracts())
    return names


def _add_columns(warehouse: Warehouse, table: str, columns: dict[str, str], held: set[str] | None) -> None:
    """Add the columns that a table, made by an earlier version, does not have; a new table was made with all."""
    for column, kind in columns.items():
        if held and column not in held:
            warehouse.run("ddl/add_column.sql", table=table, column=column, type=kind)


def state(warehouse: Warehouse) -> dict[str, set[str]]:
    """Columns of every table and view in the pipeline's schemas, by `schema.table`."""
    found: dict[str, set[str]] = {}
    for table, column in warehouse.rows("bootstrap/columns.sql"):
        found.setdefault(table, set()).add(column)
    return found


def changes(before: dict[str, set[str]], after: dict[str, set[str]]) -> list[str]:
    """What came into being between two states, a line each."""
    return [
        f"created: {table}"
        if table not in before
        else f"added to {table}: {', '.join(sorted(columns - before[table]))}"
        for table, columns in sorted(after.items())
        if columns - before.get(table, set())
    ]


def main() -> None:
    with open_warehouse("bootstrap") as warehouse:
        before = state(warehouse)
        names = bootstrap(warehouse)
        made = changes(before, state(warehouse))
    print("\n".join(made or ["nothing to do"]))
    print(f"ready: {len(names)} tables and the view audit.quarantine_summary")


if __name__ == "__main__":
    main()
