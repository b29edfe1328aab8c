"""Drop what batches and exports leave behind: landing tables of those that are over, files that no export names.

**What.** A batch lands in a table of its own (`raw.<table>__<batch>`, customers in schema `pii`) with up to three
beside it (`__rejects`, `__candidates`, `__days`); so does a replay. They stay for whoever looks into a batch, and are
dropped when they are older than `LANDING_TABLES_DAYS` (14) and their batch was published as long ago. Those of a batch
that was never published go when no run of their DAG is queued or running, so that no batch in flight loses its tables.
Of exports, files go that are older than `EXPORTS_DAYS` (30) and that no manifest names which is younger, or to which
`latest.json` leads; while an export is under way, all stay.
Data Docs are not dropped here: each gate removes old ones of its table (`DATA_DOCS_DAYS`).

**Schedule.** Daily at 12:30 store time, when the night's loads are through. By hand with `dry_run`, the log names the
tables and files and all stay.

**Inputs → outputs.** `information_schema.tables`, `audit.loads`, `audit.replays` → dropped tables;
`exports/` of the lake → removed files. One row a table or export in `audit.maintenance`, written before.

**Reruns.** Safe: what is gone is not found again, and a table has one audit row however often its drop is tried.

**Triage.** `drop_old_tables` failed: the warehouse does not answer, or the role does not own a table that it names;
grant it, clear the task. Tables stay although they are old: the log says how many; a run of their DAG that has been
queued or running for long holds them (a manual run of a paused DAG, for example). A task that needs a dropped table
says that it does not exist: clear `extract` of its table, which lands the batch anew. `remove_old_exports` failed: S3
does not answer, or the connection `lake` may not delete under `exports/`.
"""

from airflow.sdk import chain, dag

from include.dag_defaults import NOON, watch_defaults
from include.maintenance import drop_old_tables, maintenance_params, remove_old_exports


@dag(doc_md=__doc__, schedule=NOON, params=maintenance_params(), tags=["maintenance"], **watch_defaults())
def maintain_warehouse():
    chain(drop_old_tables(), remove_old_exports())


maintain_warehouse()
