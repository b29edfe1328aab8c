"""Erase a customer on request: no name, e-mail address or phone is left anywhere, every row and amount stays.

**What.** Puts the customer on the list of the erased, so that every later extract empties their personal data before it
reaches the lake; waits until no load is under way; removes Data Docs that show them; empties their rows in the files of
the lake (also in abandoned files and old versions of objects) and in every table (published, quarantined, landed,
copies); looks everywhere once more and certifies. Rows, orders and revenue stay under the customer's key, which names
nobody: docs/security.md, decision 0016.

How to: first have the contact deleted in the CRM. Trigger with `customer_id`; `dry_run` is on unless you switch it off:
read in the log of `find_customer` what stands where. Then trigger again with `dry_run` off. Never type an address here:
of somebody whose id is not known, `python -m include.email_key` makes an `email_key` of the address.

**Schedule.** None: by hand only, e.g.
`airflow dags trigger erase_customer --conf '{"customer_id": "C000032", "dry_run": false}'`.

**Inputs → outputs.** Every table and every batch of the lake that names customers → the same without this customer's
personal data; the certificate, and the list, is the customer's row in `audit.erasures`.

**Reruns.** Safe: each step finds what is left to do. Killed in the middle, clear the task; the whole run again finds
nothing and changes nothing.

**Triage.** `find_customer` says that the customer is unknown, or that several contacts share the address: the message
says what to give instead. `wait_for_loads` looks every minute, for a day: its log names the DAGs with runs queued or
running; let them end (a manual run of a paused DAG never does: delete it). `erase_files` names a file that it cannot
read. `certify` still finds something: the message counts where; a load wrote it meanwhile, or somebody put back a copy:
clear `erase_files` and what follows. A table cannot be changed: the role does not own it; grant it, clear the task.
"""

from airflow.sdk import chain, dag

from include.dag_defaults import RETRIES, START
from include.erasing import certify, erase_files, erase_params, erase_tables, find_customer, wait_for_loads


@dag(
    doc_md=__doc__,
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params=erase_params(),
    tags=["privacy"],
    default_args=RETRIES,
)
def erase_customer():
    chain(find_customer(), wait_for_loads(), erase_files(), erase_tables(), certify())


erase_customer()
