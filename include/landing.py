"""Land a batch: COPY its files into a fresh table of its own and count what arrived."""

from dataclasses import dataclass
from decimal import Decimal

from include.contracts import Contract
from include.lake import Manifest
from include.warehouse import Warehouse

FILES_PER_COPY = 1000  # Snowflake's limit of names in FILES


class LandingError(Exception):
    """What landed is not what the manifest promised."""


@dataclass(frozen=True)
class LandedBatch:
    """A batch in its landing table; `money` is None where the contract has no money column."""

    manifest: Manifest
    contract: Contract
    table: str
    rows: int
    money: Decimal | None

    @property
    def id(self) -> str:
        return self.manifest.batch_id


def land(warehouse: Warehouse, manifest: Manifest, contract: Contract) -> LandedBatch:
    """Copy a batch's files into its landing table, replacing what an earlier try left.

    Raises:
        LandingError: COPY fails, or rows or money differ from the manifest.
    """
    from snowflake.connector.errors import ProgrammingError

    table = contract.landing(manifest.batch_id)
    warehouse.run("load/create_landing.sql", table=table, columns=contract.columns)
    names = [file.name for file in manifest.files]
    for first in range(0, len(names), FILES_PER_COPY):
        files = names[first : first + FILES_PER_COPY]
        try:
            warehouse.run("load/copy_into.sql", table=table, folder=manifest.folder, files=files)
        except ProgrammingError as error:
            raise LandingError(
                f"COPY of {len(files):,} file(s) of {manifest.folder} into {table} failed: {error}\n"
                "Nothing was published. If a file is broken or missing, clear the extract task to write the batch "
                "again; if the warehouse is at fault, mend that and clear this task"
            ) from error
    return landed(warehouse, manifest, contract)


def landed(warehouse: Warehouse, manifest: Manifest, contract: Contract) -> LandedBatch:
    """The landed batch as it stands, checked against its manifest.

    Raises:
        LandingError: rows or money differ from the manifest.
    """
    table = contract.landing(manifest.batch_id)
    [(rows, money)] = warehouse.rows("load/count_landed.sql", table=table, money=contract.money)
    promised, found = Decimal(manifest.money), money or Decimal(0)
    if rows != manifest.rows or found != promised:
        raise LandingError(
            f"{table} holds {rows:,} rows and {found} money, but the manifest promises {manifest.rows:,} and "
            f"{promised}; clear the extract task to write the batch again"
        )
    return LandedBatch(manifest, contract, table, rows, Decimal(found) if contract.money else None)
