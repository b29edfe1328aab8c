"""Load customer versions from the CRM (Salesforce) into schema pii.

**What.** Contacts whose SystemModstamp lies in the day's window, deleted ones included, by Bulk API 2.0.

**Schedule.** Daily after midnight, store time. A manual run with the params `start` and `end` loads that span at once.

**Inputs → outputs.** `crm` → `pii.customers` (every version); rejected rows →
`pii.quarantine_customers`; counts → `audit.loads`; asset `customers`. Names, e-mail and phone stay in schema pii.

**Reruns.** Safe at any point and in any order: a version is kept once.

**Triage.** `extract` failed: the log names Salesforce's error code; REQUEST_LIMIT_EXCEEDED waits for the daily limit,
INVALID_SESSION_ID means the connected app's key was rotated. `gate` failed: its log names the rows.
"""

from airflow.sdk import chain, dag, task_group

from include import assets, config
from include.dag_defaults import DAILY, ingest_defaults
from include.ingest import announce, extract, gate, land, publish, reconcile, reload, request_build, window_params

TABLE = "customers"


@dag(
    doc_md=__doc__,
    schedule=DAILY,
    params=window_params(),
    tags=["ingest", "crm"],
    **ingest_defaults("crm"),
)
def ingest_crm():
    @task_group(group_id=TABLE)
    def batch():
        return publish(gate(land(extract.override(pool=config.CRM)(TABLE))))

    differing = reconcile([TABLE])
    chain(batch(), differing, [announce(assets.CRM), request_build(), reload(differing)])


ingest_crm()
