"""Publish quarantined rows that are right after all, or that a corrected suite lets pass.

**What.** Takes the chosen rows of a quarantine into a landing table of their own, opens the table's gate on them, and
publishes those that pass by the rules of any batch: the newest version wins, and an event counts only while its
export is the one that its day holds; else the row is superseded. Rows that pass leave the quarantine in the same
transaction. Rows that still fail stay there, unchanged.

How to: correct the suite (include/expectations) and deploy it. Trigger this DAG with the `table`, and with a `reason`
or a `batch` where not all of its rows are meant. `dry_run` is on unless you switch it off: read in the log of `replay`
which rows pass now and what would become of them, with their money. Then trigger it again with `dry_run` off.

**Schedule.** None: by hand only, e.g.
`airflow dags trigger replay_quarantine --conf '{"table": "orders", "reason": "negative_total", "dry_run": false}'`.

**Inputs → outputs.** `quarantine.<table>` (`pii.quarantine_customers`) → `staging.<table>` (`pii.customers`); rows and
money → `audit.replays`, checks → `audit.gate_results`. A build of the marts is asked for when rows were published.

**Reruns.** Safe: what was published is no longer in quarantine, so a second replay finds nothing that passes. Killed in
the middle, nothing is half done; clear the task.

**Triage.** `replay` says that a reason or table does not exist: the message lists those that do. It stops at a critical
expectation: choose by `reason` or `batch`, or correct the suite. Rows or days changed meanwhile (another replay, a
newer export): nothing was committed, clear the task.
"""

from airflow.sdk import chain, dag

from include.dag_defaults import RETRIES, START
from include.replaying import replay, replay_params, request_build


@dag(
    doc_md=__doc__,
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params=replay_params(),
    tags=["replay", "quarantine"],
    default_args=RETRIES,
)
def replay_quarantine():
    chain(replay(), request_build())


replay_quarantine()
