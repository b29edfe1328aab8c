"""Tell on-call when a source's data is late, also when no run was ever started for it.

**What.** For each source, the last day published without a gap (`audit.loads`) beside the last day that should be
published by now: yesterday from 06:00 store time on (`DATA_DUE_AT`), never past the end of a data set that has ended.

**Schedule.** Hourly, five minutes past, store time.

**Inputs → outputs.** `audit.loads` → one alert `late:<source>` while a source is late, one message when it has arrived;
`audit.alerts`.

**Reruns.** Safe: it changes nothing but the state of its alerts. Each run looks at the moment it runs, not at its date.

**Triage.** An alert `late:<source>`: docs/runbooks/late.md. `watch_sources` failed: the warehouse does not answer; the
ingest DAGs will fail as well, so mend that first. A source that never published counts as late one day after the
warehouse's first load; until then the warehouse is new, and nothing is late.
"""

from airflow.sdk import dag

from include.dag_defaults import HOURLY, watch_defaults
from include.watch import watch_sources


@dag(doc_md=__doc__, schedule=HOURLY, tags=["watch", "alerts"], **watch_defaults())
def watch_freshness():
    watch_sources()


watch_freshness()
