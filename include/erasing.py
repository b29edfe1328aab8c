"""The tasks of erase_customer. Params, XCom and logs know a customer by id or keyed hash only."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from include import config
from include.freshness import ingest_dag
from include.maintenance import REPLAY_DAG

if TYPE_CHECKING:
    from include.erasure import Person
    from include.publish import Run
    from include.warehouse import Warehouse

log = logging.getLogger(__name__)

LOOKS_EVERY_SECONDS = 60
WAITS_SECONDS = 24 * 3600
_UNFINISHED = ("queued", "running")


def erase_params() -> dict[str, Param]:
    """Params of an erasure: who, never by an address, and whether to count only."""
    return {
        "customer_id": Param(
            None,
            type=["null", "string"],
            pattern=r"^[^@\s]{1,100}$",
            title="Customer id",
            description="Id of the contact in the CRM. Never an e-mail address: params are kept and shown.",
        ),
        "email_key": Param(
            None,
            type=["null", "string"],
            pattern="^[0-9a-f]{64}$",
            title="E-mail key",
            description="Of somebody whose id is not known: what `python -m include.email_key` makes of the address.",
        ),
        "dry_run": Param(
            True,
            type="boolean",
            title="Dry run",
            description="Tell in the log what stands where and erase nothing. Switch it off to erase: for good.",
        ),
    }


@task.short_circuit(pool=config.WAREHOUSE)
def find_customer() -> bool:
    """See who is meant, and put them on the list of the erased. A dry run counts what stands where, and ends here."""
    from include import erasure

    context = get_current_context()
    dry_run = context["params"]["dry_run"]
    with _open() as (warehouse, who, run):
        theirs, found = erasure.count_rows(warehouse, who)
        if dry_run or not theirs:
            is_known, found = erasure.locate(warehouse, who)
            if not is_known:
                raise AirflowFailException(
                    f"customer {who.customer_key} is unknown: no table, file or certificate names it. Ids are those of "
                    "the CRM, as in pii.customers; a guest is found by email_key"
                )
        log.info("Of customer %s there is %s", who.customer_key, erasure.told(found))
        if dry_run:
            log.info("Dry run: nothing was erased. Trigger again with dry_run off to erase it")
            return False
        erasure.request(warehouse, who, run)
    log.info("Put on the list of the erased: what is extracted from now on comes without personal data")
    return True


@task.sensor(poke_interval=LOOKS_EVERY_SECONDS, timeout=WAITS_SECONDS, mode="reschedule")
def wait_for_loads() -> bool:
    """Wait until no run is under way that may have read its source before the customer was put on the list."""
    from include.erasures import contracts_with_customers

    instance: Any = get_current_context()["ti"]
    loading = {ingest_dag(agreed.source) for agreed in contracts_with_customers()} | {REPLAY_DAG}
    busy = [dag_id for dag_id in sorted(loading) if instance.get_dr_count(dag_id=dag_id, states=list(_UNFINISHED))]
    if busy:
        log.info("Waiting for runs of %s to end", ", ".join(busy))
    return not busy


@task(pool=config.WAREHOUSE)
def erase_files() -> None:
    """Remove Data Docs that show the customer, and empty the customer's rows in the lake."""
    from include import erasure

    with _open() as (warehouse, who, run):
        log.info("Erased %s", erasure.told(erasure.erase_files(warehouse, who, run)))


@task(pool=config.WAREHOUSE)
def erase_tables() -> None:
    """Empty the customer's rows in every table of the warehouse, in one transaction."""
    from include import erasure

    with _open() as (warehouse, who, run):
        log.info("Erased %s", erasure.told(erasure.erase_tables(warehouse, who, run)))


@task(pool=config.WAREHOUSE)
def certify() -> None:
    """Look everywhere once more; give the certificate when nothing is found."""
    from include import alert_events, erasure

    with _open() as (warehouse, who, _):
        counts = erasure.certify(warehouse, who)
        log.info("Nothing is left of customer %s. Erased in all: %s", who.customer_key, erasure.told(counts))
        log.info("The certificate is the row of audit.erasures with this customer_key")
        alert_events.run_succeeded(warehouse)


@contextmanager
def _open() -> "Iterator[tuple[Warehouse, Person, Run]]":
    """A session, who is meant by the params, and the run; what a retry would meet again ends the task."""
    from include import erasure
    from include.publish import Run
    from include.warehouse import open_warehouse

    context = get_current_context()
    params, instance = context["params"], context["ti"]
    run = Run(instance.dag_id, instance.run_id, config.CODE_VERSION)
    with open_warehouse("erase") as warehouse:
        try:
            yield warehouse, erasure.person(warehouse, params["customer_id"], params["email_key"]), run
        except erasure.ErasureRefused as error:
            raise AirflowFailException(str(error)) from error
