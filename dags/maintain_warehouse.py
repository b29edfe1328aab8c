"""Drop what batches leave behind in the warehouse: the landing tables of those that are over, each with an audit row.

**What.** A batch lands in a table of its own (`raw.<table>__<batch>`, customers in schema `pii`) with up to three
beside it (`__rejects`, `__candidates`, `__days`); so does a replay. They stay for whoever looks into a batch, and are
dropped when they are older than `LANDING_TABLES_DAYS` (14) and their batch was published as long ago. Those of a batch
that was never published go when no run of their DAG is queued or running, so that no batch in flight loses its tables.
Data Docs are not dropped here: each gate removes old ones of its table (`DATA_DOCS_DAYS`).

**Schedule.** Daily at 12:30 store time, when the night's loads are through. By hand with `dry_run`, the log names the
tables and none is dropped.

**Inputs → outputs.** `information_schema.tables`, `audit.loads`, `audit.replays` → dropped tables, one row each in
`audit.maintenance`, written before the drop.

**Reruns.** Safe: what is gone is not found again, and a table has one audit row however often its drop is tried.

**Triage.** `drop_old_tables` failed: the warehouse does not answer, or the role does not own a table that it names;
grant it, clear the task. Tables stay although they are old: the log says how many; a run of their DAG that has been
queued or running for long holds them (a manual run of a paused DAG, for example). A task that needs a dropped table
says that it does not exist: clear `extract` of its table, which lands the batch anew.
"""

from airflow.sdk import dag

from include.dag_defaults import NOON, watch_defaults
from include.maintenance import drop_old_tables, maintenance_params


@dag(doc_md=__doc__, schedule=NOON, params=maintenance_params(), tags=["maintenance"], **watch_defaults())
def maintain_warehouse():
    drop_old_tables()


maintain_warehouse()
