"""Load web events from the Google Analytics 4 export in BigQuery into staging.

**What.** The day's export table, and the three days before where Google Analytics has rewritten them, flattened.

**Schedule.** Daily after midnight, store time. A manual run with the params `start` and `end` loads that span at once.

**Inputs → outputs.** `google_analytics` → `staging.web_events` (newest export of each day); rejected rows →
`quarantine.web_events`; counts and money → `audit.loads`; asset `web_events`.

**Reruns.** Safe at any point and in any order: a day is replaced whole, and never by an older export.

**Triage.** `wait_for_export` waits up to 30 hours for the day's table, then fails for good and names what is missing:
check the BigQuery link of the property, and clear the task when the table is there. `extract` failed: the log names the
table. `gate` failed: its log names the rows.
"""

from airflow.sdk import chain, dag, task_group

from include import assets, config
from include.dag_defaults import DAILY, ingest_defaults
from include.ingest import announce, extract, gate, land, publish, reconcile, reload, request_build, window_params
from include.wait_for_export import wait_for_export

TABLE = "web_events"


@dag(
    doc_md=__doc__,
    schedule=DAILY,
    params=window_params(),
    tags=["ingest", "web_events"],
    **ingest_defaults("web_events"),
)
def ingest_web_events():
    @task_group(group_id=TABLE)
    def batch():
        return publish(gate(land(extract.override(pool=config.GOOGLE_ANALYTICS)(TABLE))))

    differing = reconcile([TABLE])
    chain(wait_for_export(), batch(), differing, [announce(assets.WEB_EVENTS), request_build(), reload(differing)])


ingest_web_events()
