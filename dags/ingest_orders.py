"""Load the tables of the order database (orders, their items, refunds) into staging.

**What.** Rows changed in the day's window, streamed to S3 as Parquet, copied into a landing table, gated, published.

**Schedule.** Daily after midnight, store time. A manual run with the params `start` and `end` loads that span at once.

**Inputs → outputs.** `order_db` → `staging.orders`, `staging.order_items`, `staging.refunds`, every other table whose
contract says `source: orders`; rejected rows → `quarantine.*`; counts and money → `audit.loads`; asset `orders`.

**Reruns.** Safe at any point and in any order: newer versions win, and a batch is published once.

**Triage.** `extract` failed: the order database is slow or away; it is retried with back-off, then clear the task.
`gate` failed: its log lists what broke, how many rows, and the query that finds them; mend the source, clear `extract`.
`publish` failed: nothing was committed; clear it. `reconcile` warns of days that differ and names the span to load: the
param `reload_differences` has a run of its own load it, and takes out rows that are gone from the source. Where too
many are gone it refuses: ask why they went; `allow_deletions` says that it was meant.
"""

from airflow.sdk import chain, dag, task_group

from include import assets, config
from include.contracts import tables_of
from include.dag_defaults import DAILY, ingest_defaults
from include.ingest import (
    announce,
    deletion_params,
    extract,
    gate,
    land,
    publish,
    reconcile,
    reload,
    request_build,
    window_params,
)

TABLES = tables_of("orders")


@dag(
    doc_md=__doc__,
    schedule=DAILY,
    params=window_params() | deletion_params(),
    tags=["ingest", "orders"],
    **ingest_defaults("orders"),
)
def ingest_orders():
    @task_group
    def batch(table: str):
        return publish(gate(land(extract.override(pool=config.ORDER_DB)(table))))

    published = [batch.override(group_id=table)(table) for table in TABLES]
    differing = reconcile(TABLES)
    chain(published, differing, [announce(assets.ORDERS), request_build(), reload(differing)])


ingest_orders()
