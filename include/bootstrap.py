"""Create the tables that the pipeline writes: staging, quarantine, pii, analytics, audit. Safe to run again.

    python -m include.bootstrap

Terraform makes what stands around them (database, schemas, warehouses, roles, stage, file format); dbt makes the marts.
"""

from include.config import SNOWFLAKE_DATABASE, SQL_DIR
from include.contracts import all_contracts
from include.warehouse import Warehouse, open_warehouse


def bootstrap(warehouse: Warehouse) -> list[str]:
    """Create what is missing, and the view over quarantine anew; return the names of the tables that now exist."""
    names = []
    for contract in all_contracts():
        warehouse.run("ddl/staging_table.sql", table=contract.target, columns=contract.columns)
        warehouse.run("ddl/quarantine_table.sql", table=contract.quarantine, columns=contract.columns)
        names += [contract.target, contract.quarantine]
    for schema in ("analytics", "audit"):
        # The database may have the name of the schema: only a full name is clear then.
        place = f"{SNOWFLAKE_DATABASE}.{schema}"
        for file in sorted((SQL_DIR / "ddl").glob(f"{schema}_*.sql")):
            warehouse.run(f"ddl/{file.name}", database=SNOWFLAKE_DATABASE)
            names.append(f"{place}.{file.stem.removeprefix(f'{schema}_')}")
    warehouse.run("ddl/quarantine_summary.sql", contracts=all_contracts())
    return names


def main() -> None:
    with open_warehouse("bootstrap") as warehouse:
        for name in bootstrap(warehouse):
            print(f"ready: {name}")


if __name__ == "__main__":
    main()
