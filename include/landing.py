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
    compare(manifest, contract, rows, money or Decimal(0))
    return as_promised(manifest, contract)


def as_promised(manifest: Manifest, contract: Contract) -> LandedBatch:
    """A batch that `land` has found to be as its manifest promises, without counting it again."""
    money = Decimal(manifest.money) if contract.money else None
    return LandedBatch(manifest, contract, contract.landing(manifest.batch_id), manifest.rows, money)


def compare(manifest: Manifest, contract: Contract, rows: int, money: Decimal) -> None:
    """Hold rows and money (0 where a table has none) that a landing table holds against the manifest.

    Raises:
        LandingError: they differ.
    """
    promised = Decimal(manifest.money)
    if rows != manifest.rows or money != promised:
        raise LandingError(
            f"{contract.landing(manifest.batch_id)} holds {rows:,} rows and {money} money, but the manifest promises "
            f"{manifest.rows:,} and {promised}; clear the extract task to write the batch again"
        )
