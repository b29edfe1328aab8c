"""Load product versions from the catalog API into staging.

**What.** Products changed in the day's window, page by page, streamed to S3 as Parquet, copied, gated, published.

**Schedule.** Daily after midnight, store time. A manual run with the params `start` and `end` loads that span at once.

**Inputs → outputs.** `catalog` → `staging.products` (every version); rejected rows →
`quarantine.products`; counts → `audit.loads`; asset `products`.

**Reruns.** Safe at any point and in any order: a version is kept once.

**Triage.** `extract` failed: the log names the status of the API; 429 and 5xx are retried with back-off and
Retry-After, so look at the API's own status page before clearing the task. `gate` failed: its log names the rows.
"""

from airflow.sdk import chain, dag, task_group

from include import assets, config
from include.dag_defaults import DAILY, ingest_defaults
from include.ingest import announce, extract, gate, land, publish, reconcile, reload, request_build, window_params

TABLE = "products"


@dag(
    doc_md=__doc__,
    schedule=DAILY,
    params=window_params(),
    tags=["ingest", "catalog"],
    **ingest_defaults("catalog"),
)
def ingest_catalog():
    @task_group(group_id=TABLE)
    def batch():
        return publish(gate(land(extract.override(pool=config.CATALOG)(TABLE))))

    differing = reconcile([TABLE])
    chain(batch(), differing, [announce(assets.CATALOG), request_build(), reload(differing)])


ingest_catalog()
