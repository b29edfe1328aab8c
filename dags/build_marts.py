"""Build the marts with dbt, refresh the customer and product analytics, then warm Looker's cache.

**What.** Every dbt model is a task, a refresh is one task with its models; a model whose tests fail stops what depends
on it. One `dbt build` makes them all, and these tasks tell what came of theirs. What SQL cannot compute,
`fit_customer_value` and `evaluate_experiments` do before their refresh, which runs dbt by itself.

**Schedule.** When all four sources have announced a day, or when a backfill or a manual load asks for a build. Events
that arrive while a build runs share the next one.

**Inputs → outputs.** `staging.*`, `pii.customers`, `audit.loads` → `intermediate.*`, `analytics.*`, `marts.*`; asset
`marts`; a row in `audit.builds`, the changed marts in `audit.built_marts`, what was warmed in `audit.warmed_queries`.

**Reruns.** Safe: models are functions of staging, as of the last day that all sources have published. A build takes in
the batches that no finished build has seen; with the param `full_refresh` it computes everything anew, as a changed
model needs.

**Triage.** A model failed: its log holds dbt's message and the compiled SQL's path; correct it and clear the task, the
models after it follow. A test failed: its log names the test and the query that finds the rows.
A refresh failed: clear it, and dbt builds its models alone.
`fit_customer_value` warns that a fit failed: the last good one stays in use, the log and
`analytics.customer_value_parameters` say why. If it lasts, look at what changed in the purchases.
`warm_looker` runs the dashboard queries whose marts changed; it alerts but fails nothing: Looker then fills its cache
when somebody asks.
"""

from airflow.sdk import AssetAll, Param, chain, dag

from include import assets
from include.building import record_build
from include.dag_defaults import build_defaults
from include.looker import warm_looker
from include.refreshing import evaluate_experiments, fit_customer_value
from include.transform import build_models, read_by, refresh_models


@dag(
    doc_md=__doc__,
    schedule=AssetAll(assets.ORDERS, assets.CATALOG, assets.CRM, assets.WEB_EVENTS) | assets.REPROCESS,
    params={"full_refresh": Param(False, type="boolean", description="compute every table anew")},
    tags=["build", "dbt"],
    **build_defaults(),
)
def build_marts():
    models = build_models("dbt")
    record = record_build()
    chain(models, record)
    for tag in ("refresh_rfm", "refresh_cohorts", "refresh_affinity"):
        chain(read_by(tag, models), refresh_models(tag, models), record)
    for tag, compute in (("refresh_customer_value", fit_customer_value), ("refresh_experiments", evaluate_experiments)):
        chain(read_by(tag, models), compute(), refresh_models(tag, models), record)
    chain(record, warm_looker())


build_marts()
