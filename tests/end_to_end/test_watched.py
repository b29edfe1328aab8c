"""On-call in a real Airflow: a run that hangs, a day that never starts, a task that fails, a gate that stops.

Each is told once on each channel, however often it is seen, and once when it is over. One Airflow goes through a bad
morning (`morning`) and is mended as the runbooks say (`evening`). Then the source changes behind its cursor, and a run
with `reload_differences` heals what it left (`healed`).
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import duckdb
import pytest

from include.freshness import ingest_dag
from local.airflow_api import Run
from local.airflow_settings import Settings, read_settings
from local.product import Product, running_product
from local.snowflake.account import connect
from local.stack import REPOSITORY
from tests.end_to_end.held_back import HeldBack, held_back
from tests.end_to_end.loaded import ANY_FREE_PORTS, rows
from tests.end_to_end.order_database import change_behind_the_cursor, order_database, set_status
from tests.end_to_end.statsd import Arrived, listening
from tests.pipeline.channels import Channels, text_of
from tests.unit.documented_metrics import SEEN_ALWAYS, documented

DAGS = ("ingest_catalog", "ingest_crm", "ingest_orders", "watch_freshness")
TIMEOUT_SECONDS = 600.0  # on a machine that others use too
LOOKS = 3
FAILING = ("orders", "order_items", "refunds")
LOADED_BEFORE = {
    "orders": ("orders", "order_items", "refunds"),
    "catalog": ("products",),
    "crm": ("customers",),
    "web_events": ("web_events",),
}
TOLD = {
    "Deadline missed: ingest_catalog",
    "Data late: catalog",
    "Data late: crm",
    "Data late: orders",
    "Gate stopped a batch: orders",
    *(f"Task failed: ingest_orders.{table}.extract" for table in FAILING),
}
# The test loads one day into an empty warehouse: what the day refers to, and the days before, are not there.
BESIDE = ("Gate warning: ", "Source and warehouse differ: ")
MENDS, RELOADS = "mends", "reload__mends"
KEYS = {"orders": "order_id", "order_items": "order_item_id", "refunds": "refund_id"}
PLACES = ("staging", "quarantine")


@dataclass
class Shop:
    """A product whose catalog hangs, and what its on-call was told."""

    product: Product
    catalog: HeldBack
    channels: Channels
    metrics: Arrived

    @property
    def yesterday(self) -> date:
        return self.product.dataset.last_day

    def wait(self, what: str, condition: Callable[[], Any]) -> Any:
        """The condition's answer, once it is one."""
        give_up = time.monotonic() + TIMEOUT_SECONDS
        while not (answer := condition()):
            self.product.check()
            assert time.monotonic() < give_up, f"never came: {what}; told: {self.channels.headlines()}"
            time.sleep(0.5)
        return answer

    def ended(self, dag_id: str, run_id: str) -> Run:
        """The run, when Airflow is done with it."""

        def run() -> Run | None:
            found = self.product.api.run(dag_id, run_id)
            return found if found and found.is_finished else None

        return self.wait(f"the end of {run_id} of {dag_id}", run)

    def scheduled(self, dag_id: str) -> Run:
        """The run that the schedule has started."""

        def run() -> Run | None:
            return next((run for run in self.product.api.runs(dag_id) if run.run_id.startswith("scheduled")), None)

        return self.wait(f"a scheduled run of {dag_id}", run)

    def look(self, name: str) -> None:
        """Let watch_freshness look at the sources now."""
        self.product.api.trigger("watch_freshness", name)
        assert self.ended("watch_freshness", name).state == "success"

    def rows(self, statement: str) -> list[Any]:
        """What the warehouse answers."""
        return rows(self.product.stack, statement)

    def told(self, *headlines: str) -> bool:
        """Whether both channels have told all of these."""
        return all(set(headlines) <= set(channel) for channel in self.channels.headlines())


def load_before(product: Product) -> None:
    """Audit rows of a warehouse that began two days ago: all is loaded up to yesterday, the web events with it."""
    start, day = (product.dataset.day(each)[0] for each in (product.dataset.first_day, product.dataset.last_day))
    endpoint = product.stack.endpoints["snowflake"]
    with connect(endpoint, product.stack.ca_file, database=endpoint["database"]) as connection:
        for source, tables in LOADED_BEFORE.items():
            end = day + timedelta(days=1) if source == "web_events" else day
            for table in tables:
                connection.cursor().execute(
                    "insert into audit.loads (batch_id, source, table_name, dag_id, run_id, window_start, window_end, "
                    "extracted_rows, landed_rows, inserted_rows, updated_rows, superseded_rows, quarantined_rows, "
                    "replaced_rows, code_version, published_at) "
                    "values (%s, %s, %s, %s, 'history', %s, %s, 0, 0, 0, 0, 0, 0, 0, 'test', %s)",
                    (f"{table}__history", source, table, ingest_dag(source), _naive(start), _naive(end),
                     _naive(datetime.now(UTC) - timedelta(days=2))),
                )  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that lives until yesterday, with the DAGs of three sources and the watch."""
    state = tmp_path_factory.mktemp("watched")
    dags = state / "dags"
    dags.mkdir()
    for name in DAGS:
        shutil.copy(REPOSITORY / "dags" / f"{name}.py", dags)
    yesterday = datetime.now(ZoneInfo("Europe/London")).date() - timedelta(days=1)
    spec = f"simulated:customers=40,days=20,end={yesterday}"
    with pytest.MonkeyPatch.context() as patch, listening() as metrics:
        settings = {"INGEST_DUE_MINUTES_CATALOG": "0.25", "DATA_DUE_AT": "00:00"}
        for name, value in (ANY_FREE_PORTS | settings | {"LOCAL_STATSD": f"127.0.0.1:{metrics.port}"}).items():
            patch.setenv(name, value)
        with running_product(spec, print, state=state, dags_folder=dags) as product:
            for name, value in product.stack.environment().items():
                patch.setenv(name, value)
            services = urlsplit(product.stack.endpoints["saas"]["base_url"])
            with held_back("localhost", services.port or 443) as catalog:
                connections = read_settings().for_stack(product.stack).connections
                [own] = [replace(each, port=catalog.port) for each in connections if each.conn_id == "catalog"]
                product.api.configure(Settings([own], [], {}))
                yield Shop(product, catalog, Channels(product.stack, state / "smtp"), metrics)


def clear_as_the_runbook_says(product: Product, dag_id: str, task_id: str, day: date) -> None:
    """Run the command of docs/runbooks/task_failed.md."""
    [command] = re.findall(r"`(airflow tasks clear [^`]*)`", (REPOSITORY / "docs/runbooks/task_failed.md").read_text())
    for placeholder, value in (("<dag>", dag_id), ("<task>", task_id), ("<day>", day.isoformat())):
        command = command.replace(placeholder, value)
    environment = product.airflow.environment.variables()
    ended = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]


@dataclass(frozen=True)
class Told:
    """Messages up to a moment: headlines by channel, Slack's messages and the e-mails' HTML by headline."""

    slack: list[str]
    mail: list[str]
    blocks: dict[str, str]
    html: dict[str, str]

    @classmethod
    def by(cls, channels: Channels) -> "Told":
        slack, mail = channels.headlines()
        blocks = [json.dumps(message, ensure_ascii=False) for message in channels.slack()]
        html = [text_of(message) for message in channels.mail()]
        return cls(slack, mail, dict(zip(slack, blocks, strict=True)), dict(zip(mail, html, strict=True)))


@pytest.fixture(scope="module")
def morning(shop: Shop) -> Told:
    """The catalog hangs, the CRM's DAG is paused, a status is unknown, somebody triggers a run that cannot be."""
    product, api = shop.product, shop.product.api
    shop.wait("all DAGs", lambda: set(DAGS) <= set(api.dags()))
    load_before(product)
    set_status(product, "lost", hour=12)
    for dag_id in ("ingest_catalog", "ingest_orders", "watch_freshness"):
        api.pause(dag_id, False)
    api.trigger("ingest_orders", "only_a_start", {"start": str(shop.yesterday)})
    shop.scheduled("ingest_catalog")
    for number in range(LOOKS):
        shop.look(f"look_{number}")
    shop.wait("every alert", lambda: shop.told(*TOLD))
    gate = "orders.gate"
    run = shop.scheduled("ingest_orders")
    shop.wait("a second try of the gate", lambda: _has_failed_again(api.tasks(run.dag_id, run.run_id), gate))
    return Told.by(shop.channels)


@pytest.fixture(scope="module")
def evening(shop: Shop, morning: Told) -> Told:
    """The catalog answers, the CRM's DAG runs, the status is mended and the table's extract cleared."""
    api = shop.product.api
    shop.catalog.let_go()
    api.pause("ingest_crm", False)
    set_status(shop.product, "paid", hour=13)
    orders = shop.scheduled("ingest_orders")
    shop.wait("the order tables beside it", lambda: _are_through(api.tasks(orders.dag_id, orders.run_id), FAILING[1:]))
    clear_as_the_runbook_says(shop.product, "ingest_orders", "orders.extract", shop.yesterday)
    for dag_id in ("ingest_catalog", "ingest_crm", "ingest_orders"):
        assert shop.ended(dag_id, shop.scheduled(dag_id).run_id).state == "success", dag_id
    # The run by hand that failed began after the schedule's: only a run that begins now proves that it is over.
    # It loads the whole history, which `load_before` only pretends to have loaded.
    span = {"start": str(shop.product.dataset.first_day), "end": str(shop.yesterday + timedelta(days=1))}
    api.trigger("ingest_orders", "a_whole_span", span)
    assert shop.ended("ingest_orders", "a_whole_span").state == "success"
    for number in range(2):
        shop.look(f"later_{number}")
    shop.wait("every recovery", lambda: shop.told(*(f"Recovered: {headline}" for headline in TOLD)))
    shop.look("last")
    return Told.by(shop.channels)


@dataclass(frozen=True)
class Healed:
    """After a run that mends: what was told since the evening, and from when on changes had to be read again."""

    slack: list[str]
    mail: list[str]
    changed_from: datetime


@pytest.fixture(scope="module")
def healed(shop: Shop, evening: Told) -> Healed:
    """The source changes behind the cursor; a run by hand mends what differs; its `reload` runs twice."""
    api = shop.product.api
    changed_from = change_behind_the_cursor(shop.product)
    span = {"start": str(shop.yesterday), "end": str(shop.yesterday + timedelta(days=1))}
    run = api.trigger("ingest_orders", MENDS, span | {"reload_differences": True})
    assert shop.ended("ingest_orders", MENDS).state == "success"
    assert shop.ended("ingest_orders", RELOADS).state == "success"
    api.clear(run, [task for task in api.tasks("ingest_orders", MENDS) if task.task_id == "reload"])
    shop.wait("the second try of reload", lambda: _reloads(shop) == [("skipped", 2)])
    slack, mail = shop.channels.headlines()
    return Healed(slack[len(evening.slack) :], mail[len(evening.mail) :], changed_from)


def test_each_trouble_is_one_slack_message_and_one_e_mail(morning: Told) -> None:
    for channel in (morning.slack, morning.mail):
        assert sorted(headline for headline in channel if not headline.startswith(BESIDE)) == sorted(TOLD)
        assert len(set(channel)) == len(channel)


def test_each_end_is_one_message_on_each_channel(evening: Told) -> None:
    for channel in (evening.slack, evening.mail):
        recovered = [headline for headline in channel if headline.startswith("Recovered: ")]
        assert {f"Recovered: {headline}" for headline in TOLD} <= set(recovered)
        assert len(set(channel)) == len(channel)
        assert sorted(headline for headline in channel if headline in TOLD) == sorted(TOLD)


def test_a_missed_deadline_says_what_where_since_when_and_what_to_do(shop: Shop, morning: Told) -> None:
    run = shop.scheduled("ingest_catalog")
    assert run.queued_at
    due = (run.queued_at + timedelta(seconds=15)).astimezone(shop.product.dataset.timezone)
    for text in (morning.blocks["Deadline missed: ingest_catalog"], morning.html["Deadline missed: ingest_catalog"]):
        for part in (
            "The run was not through 15 s after it was queued; it is running.",
            f"DAG ingest_catalog, run {run.run_id}, queued ",
            f"{due:%Y-%m-%d %H:%M} (Europe/London)",
            "Open the run: mend what failed, wait for what is running, clear what is stuck.",
            shop.product.api.run_url(run),
            "docs/runbooks/deadline_missed.md",
        ):
            assert part in text, part


def test_a_day_that_never_started_says_what_where_since_when_and_what_to_do(shop: Shop, morning: Told) -> None:
    missing = shop.yesterday
    for text in (morning.blocks["Data late: crm"], morning.html["Data late: crm"]):
        for part in (
            f"The last day published without a gap is {missing - timedelta(days=1)}; by now it should be {missing}.",
            f"DAG ingest_crm, missing from {missing} to {missing}",
            f"No scheduled run of ingest_crm for {missing} exists: is the DAG paused, does the scheduler run?",
            f"{missing + timedelta(days=1)} 00:00 (Europe/London)",
            "Look whether a run exists and where it stands",
            f"{shop.product.api.url}/dags/ingest_crm",
            "docs/runbooks/late.md",
        ):
            assert part in text, part
    runs = rf"Scheduled runs of ingest_catalog for {missing}: 1 (queued|running)\."
    assert re.search(runs, morning.blocks["Data late: catalog"])


@pytest.mark.parametrize(
    ("headline", "said"),
    [
        ("Task failed: ingest_orders.refunds.extract", "give both params, start and end, or neither"),
        ("Gate stopped a batch: orders", "critical expectation(s) failed; nothing was published"),
        ("Data late: orders", "by now it should be"),
    ],
)
def test_the_link_to_the_log_leads_to_a_task_that_exists(shop: Shop, morning: Told, headline: str, said: str) -> None:
    text = morning.blocks[headline]
    assert said in text
    address = text.partition("|Task log>")[0].rpartition("<")[2]
    _, _, dag_id, _, run_id, _, task_id = urlsplit(address).path.split("/")
    found = {task.task_id for task in shop.product.api.tasks(dag_id, unquote(run_id))}
    assert task_id in found, address


def test_one_run_more_loads_the_days_that_differ(shop: Shop, healed: Healed) -> None:
    begun = [run.run_id for run in shop.product.api.runs("ingest_orders") if run.run_id.startswith("reload")]
    assert begun == [RELOADS]
    first_day = healed.changed_from.astimezone(shop.product.dataset.timezone).date()
    span = tuple(_naive(shop.product.dataset.day(day)[end]) for day, end in ((first_day, 0), (shop.yesterday, 1)))
    loaded = shop.rows(f"select table_name, window_start, window_end from audit.loads where run_id = '{RELOADS}'")
    assert sorted(loaded) == [(table, *span) for table in sorted(FAILING)]


def test_staging_is_the_source_again(shop: Shop, healed: Healed) -> None:
    with order_database(shop.product) as connection:
        orders = connection.execute("select order_id, status, total_amount from orders order by order_id").fetchall()
        keys = {
            table: {key for (key,) in connection.execute(f"select {column} from {table}".encode())}
            for table, column in KEYS.items()
        }
    assert "LATE" in keys["orders"]
    held = "select order_id, status, total_amount from staging.orders where _deleted_at is null order by order_id"
    assert shop.rows(held) == orders
    for table, column in KEYS.items():
        places = (f"select {column} from {place}.{table} where _deleted_at is null" for place in PLACES)
        assert {key for (key,) in shop.rows(" union ".join(places))} == keys[table], table


def test_what_differed_is_told_once_and_its_end_once(healed: Healed) -> None:
    differs = "Source and warehouse differ: orders"
    for channel in (healed.slack, healed.mail):
        assert [each for each in channel if "differ" in each] == [differs, f"Recovered: {differs}"]


def test_no_message_holds_a_secret_or_a_person(shop: Shop, evening: Told) -> None:
    people = duckdb.sql(f"from '{shop.product.stack.dataset_dir}/customers.parquet'").fetchall()
    emails = {value for row in people for value in row if isinstance(value, str) and "@" in value}
    assert len(emails) > 20
    connections = read_settings().for_stack(shop.product.stack).connections
    secrets = {connection.password for connection in connections} - {None}
    [key] = [each.extra["private_key_content"] for each in connections if each.conn_id == "warehouse"]
    secrets |= {key}
    assert len(secrets) > 5
    told = "\n".join([*evening.blocks.values(), *evening.html.values()])
    assert not [word for word in emails | secrets if word in told]


def test_the_metrics_that_the_documentation_names_arrive(shop: Shop, evening: Told) -> None:
    arrived = shop.metrics
    missing = {}
    for metric in documented():
        if metric.seen != SEEN_ALWAYS and metric.name not in arrived.kinds:
            continue
        tags = {tag.partition("=")[0] for tagged in arrived.tags[metric.name] for tag in tagged}
        if arrived.kinds[metric.name] != {metric.kind} or not set(metric.tags) <= tags:
            missing[metric.name] = (arrived.kinds[metric.name], tags)
    assert not missing
    outcomes = arrived.tags["airflow.warehouse.rows"]
    assert frozenset({"table=customers", "outcome=inserted"}) in outcomes
    assert {"table=orders"} in arrived.tags["airflow.warehouse.gate.stopped"]


def _reloads(shop: Shop) -> list[tuple[str | None, int]]:
    """State and try of the tasks `reload` of the run that mends."""
    tasks = shop.product.api.tasks("ingest_orders", MENDS)
    return [(task.state, task.try_number) for task in tasks if task.task_id == "reload"]


def _has_failed_again(tasks: list[Any], task_id: str) -> bool:
    """Whether a second try is over: Airflow cannot clear a task that ends in the same moment."""
    return any(
        task.task_id == task_id and task.try_number > 1 and task.state in ("up_for_retry", "failed") for task in tasks
    )


def _are_through(tasks: list[Any], tables: tuple[str, ...]) -> bool:
    published = {task.task_id for task in tasks if task.state == "success"}
    return {f"{table}.publish" for table in tables} <= published


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
