"""Write marts to the lake for those who do not read the warehouse: Parquet or CSV, with a manifest.

**What.** The marts of `include/exports/marts.yml`, each as it stands after one build. Where a mart is exported by the
day, only days whose content has changed since the last export are unloaded; the manifest names the files of all days.
Each file is read back: its rows and money are those of the mart, or the task fails and readers see nothing of it.

**Schedule.** After every build. By hand with the params `marts`, `start` and `end` (days, the last not included),
`format` and `full`; only a whole export in the declared format moves `latest.json`.

**Inputs → outputs.** `marts.*`, `audit.builds` → `s3://<lake>/exports/<mart>/build=<export id>/…` and `manifest.json`;
`exports/<mart>/latest.json` leads to the manifest that counts; a row in `audit.exports`. docs/exports.md.

**Reruns.** Safe: a task that is cleared keeps the parts it had finished and goes on with the first that it had not.

**Triage.** `export` says that rows or money differ: the part it names did not arrive as the mart holds it; clear the
task, it is written again. It says that a build has begun: a run that a build has caused gives way and is skipped, the
run after that build exports; one by hand fails, trigger it again later. `plan` says that a build has stopped half way:
mend build_marts first. `marts.yml` is refused: the message names the mart and what its model lacks.
"""

from airflow.sdk import dag

from include import assets
from include.dag_defaults import RETRIES, START
from include.exporting import export, export_params, finish, plan


@dag(
    doc_md=__doc__,
    schedule=[assets.MARTS],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params=export_params(),
    tags=["export", "lake"],
    default_args=RETRIES | {"retries": 2},
)
def export_marts():
    finish(export.expand(order=plan()))


export_marts()
