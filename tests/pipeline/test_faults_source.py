"""Faults of the sources: what passes is ridden out, what stays is told, and after the remedy each row is there once."""

import json
import os
import re
import shutil
import socket
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from include import clients, config, http_session, lake
from include.contracts import contract
from include.contracts.conform import SchemaDrift
from include.reconcile import reconcile, reload_days
from include.sources import SourceError, catalog, crm, orders, web_events
from include.window import Window, midnight
from tests.pipeline.conftest import LONDON, Pipeline
from tests.pipeline.shop import OrderDatabase, Services, order_db, services
from tests.pipeline.tasks import TableRun

__all__ = ["order_db", "services"]
pytestmark = pytest.mark.usefixtures("one_client_of_the_lake", "no_kept_pages")

FIRST, LAST = date(2026, 6, 17), date(2026, 6, 30)  # the stack's data set
DAY = date(2026, 6, 1)  # of what a test puts into its own order database
AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
# Table → its service and the requests that bring rows.
HOSTED = {
    "products": ("catalog", "/products"),
    "customers": ("salesforce", "/results"),
    "web_events": ("bigquery", "events_20260630/data"),
}
TELLS_WHAT_TO_DO = r"of which none counts\. When Airflow's tries are used up: .*, then clear the extract task"


@pytest.fixture(autouse=True)
def small_pages_and_short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (catalog, crm, web_events):
        monkeypatch.setattr(source, "PAGE_ROWS", 20)
    monkeypatch.setattr(crm, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(http_session, "BACKOFF_SECONDS", 0.01)


@pytest.fixture(params=HOSTED)
def hosted(request: pytest.FixtureRequest) -> tuple[TableRun, str, str]:
    """The run of a table whose source speaks HTTP, over two days (all, of the slow-changing ones)."""
    table = request.param
    first = LAST - timedelta(days=1) if table == "web_events" else FIRST - timedelta(days=900)
    return (TableRun(table, first, LAST), *HOSTED[table])


def whole(run: TableRun) -> int:
    """Rows of the run as its source holds them."""
    rows = TableRun(run.table, run.first, run.last, "manual__whole").extract()["rows"]
    shutil.rmtree(config.HTTP_CACHE_DIR, ignore_errors=True)  # a page that is kept would not be sent again
    return rows


def held(pipeline: Pipeline, table: str) -> int:
    """Published rows; their keys must be different ones."""
    agreed = contract(table)
    keys = (*agreed.key, agreed.version) if agreed.keep == "versions" else agreed.key
    distinct = pipeline.warehouse.execute(
        f"select count(*), count(distinct concat_ws('|', {', '.join(f'{key}::varchar' for key in keys)})) "
        f"from {agreed.target}"
    ).fetchall()[0]
    assert distinct[0] == distinct[1]
    return distinct[0]


def fails(run: TableRun, *told: str) -> str:
    """The message of an extract that fails; it must match every pattern and say where and what to do."""
    connection = {
        "orders": "order_db",
        "products": "catalog",
        "customers": "crm",
        "web_events": "google_analytics",
    }[run.table]
    with pytest.raises(SourceError) as raised:
        run.extract()
    message = str(raised.value)
    where = rf"^{run.table} of {run.first} 00:00 to .*: connection {connection} failed"
    for pattern in (where, *told, TELLS_WHAT_TO_DO):
        assert re.search(pattern, message), message
    return message


# -- services over HTTP: errors, garbage, half a page, silence --------------------------------------------------------


PASSING = {
    "a server error": {"status": 500},
    "a server that is away": {"status": 503},
    "too many requests": {"status": 429},
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_ridden_out(hosted, services: Services, warehouse, fault: str) -> None:
    run, service, path = hosted
    expected = whole(run)
    services.fail(service, path_contains=path, **PASSING[fault])
    assert run.extract()["rows"] == expected > 20
    assert services.pending() == []


@pytest.mark.parametrize("table", HOSTED)
def test_a_service_that_says_how_long_to_wait_is_left_alone_so_long(services, table, monkeypatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", slept.append)
    service, path = HOSTED[table]
    services.fail(service, path_contains=path, status=429, retry_after=7)
    services.fail(service, path_contains=path, status=503, retry_after=4000)
    assert TableRun(table, FIRST, LAST).extract()["rows"] > 0
    assert [seconds for seconds in slept if seconds > 1] == [7, http_session.RETRY_AFTER_MAX_SECONDS]


def test_a_service_that_stays_down_is_told_and_loads_once_it_is_back(hosted, services, pipeline, monkeypatch) -> None:
    run, service, path = hosted
    expected = whole(run)
    monkeypatch.setattr(http_session, "RETRIES", 2)
    monkeypatch.setattr(web_events, "RETRIED_SECONDS", 0.3)
    services.fail(service, path_contains=path, status=503, times=50)
    message = fails(run, r"503|unavailable")
    assert "Bearer" not in message and "session_id" not in message
    services.mend()
    run.again().load()
    assert held(pipeline, run.table) == expected
    assert pipeline.count("audit.loads") == 1


SPOILT = {
    "garbage": r"Down for maintenance|does not say how many records",
    "cut": r"[Bb]roken|IncompleteRead|Connection",
    "half": r"holds \d+ contacts, but Salesforce says \d+|gave \d+ rows, but its table events_\d+ says it holds \d+",
}


@pytest.mark.parametrize("answer", SPOILT)
def test_a_page_that_is_spoilt_is_told_and_none_of_it_is_kept(hosted, services, pipeline, monkeypatch, answer) -> None:
    run, service, path = hosted
    if (answer, run.table) == ("half", "products"):
        pytest.skip("the catalog does not say how many products a page holds: reconciling finds it, see below")
    monkeypatch.setattr(web_events, "RETRIED_SECONDS", 0.3)
    expected = whole(run)
    services.fail(service, path_contains=path, answer=answer, times=1 if answer != "cut" else 50)
    fails(run, SPOILT[answer])
    services.mend()
    run.again().load()
    assert held(pipeline, run.table) == expected
    [(rows,)] = pipeline.warehouse.execute("select extracted_rows from audit.loads").fetchall()
    assert rows == expected


def test_half_a_page_of_the_catalog_is_found_by_reconciling_and_comes_when_its_span_is_loaded(services, pipeline):
    run = TableRun("products", FIRST - timedelta(days=900), LAST)
    window = Window(midnight(run.first, LONDON), midnight(LAST + timedelta(days=1), LONDON), LONDON)
    services.fail("catalog", path_contains="/products", answer="half")
    run.load()
    short = held(pipeline, "products")
    found = reconcile(pipeline.warehouse, "products", window)
    assert found.reload is not None
    assert "trigger a run with start" in str(found)
    first, end = reload_days(found.reload)
    TableRun("products", first, end - timedelta(days=1), "manual__1").load()
    assert held(pipeline, "products") > short
    assert not reconcile(pipeline.warehouse, "products", window).differences


def test_a_page_of_the_catalog_without_its_cursor_is_not_taken_for_the_last(monkeypatch, services) -> None:
    monkeypatch.setattr("requests.Response.json", lambda self, **_: {"items": []})
    fails(TableRun("products", FIRST, LAST), "answered a page without next_cursor")


def test_a_service_that_hangs_is_given_up(hosted, services, warehouse, monkeypatch) -> None:
    run, service, path = hosted
    monkeypatch.setattr(http_session, "READ_SECONDS", 0.3)
    monkeypatch.setattr(http_session, "RETRIES", 1)
    monkeypatch.setattr(web_events, "PAGE_SECONDS", 0.3)
    monkeypatch.setattr(web_events, "RETRIED_SECONDS", 0.3)
    services.fail(service, path_contains=path, answer="hang", seconds=3, times=9)
    fails(run, r"[Tt]ime")


def test_a_query_job_of_the_crm_that_never_ends_is_given_up(services, monkeypatch) -> None:
    import requests

    monkeypatch.setattr(crm, "JOB_SECONDS", 0.2)
    control = f"{services.base_url}/_control/salesforce"
    requests.post(control, json={"polls_in_progress": 10_000}, timeout=5).raise_for_status()
    try:
        fails(TableRun("customers", FIRST, LAST), "Job timeout. Job status: InProgress")
    finally:
        requests.post(control, json={}, timeout=5).raise_for_status()


# -- the order database -----------------------------------------------------------------------------------------------


def test_a_table_that_a_migration_holds_is_given_up(order_db: OrderDatabase, pipeline, monkeypatch) -> None:
    monkeypatch.setattr(clients, "LOCK_SECONDS", 0.2)
    order_db.put("orders", "O1")
    run = TableRun("orders", DAY)
    with order_db.connection.transaction():
        order_db.run("lock table orders in access exclusive mode")
        fails(run, "canceling statement due to lock timeout", "no migration holds its tables")
    run.again().load()
    assert held(pipeline, "orders") == 1


def slow(order_db: OrderDatabase, condition: str) -> None:
    """Let the orders be read through a condition that takes its time, or worse."""
    order_db.run("alter table orders rename to true_orders")
    order_db.run(f"create view orders as select * from true_orders where {condition}")


def well(order_db: OrderDatabase) -> None:
    order_db.run("drop view orders")
    order_db.run("alter table true_orders rename to orders")


def test_a_statement_that_takes_too_long_is_given_up(order_db, pipeline, monkeypatch) -> None:
    monkeypatch.setattr(clients, "STATEMENT_SECONDS", 0.3)
    order_db.put("orders", "O1")
    run = TableRun("orders", DAY)
    slow(order_db, "pg_sleep(5) is not null")
    fails(run, "canceling statement due to statement timeout")
    well(order_db)
    run.again().load()
    assert held(pipeline, "orders") == 1


def test_a_connection_that_is_killed_among_the_rows_is_no_end_of_them(order_db, pipeline, monkeypatch) -> None:
    """Files of finished parts are leftovers: the next try writes its own folder, and the table shrank meanwhile."""
    monkeypatch.setattr(orders, "BATCH_BYTES", 4096)
    monkeypatch.setattr(lake, "FILE_BYTES", 1)
    for number in range(600):
        order_db.put("orders", f"O{number:04}", channel="x" * 200)
    order_db.run("""
        create function killed(order_id text) returns boolean language plpgsql as $$
        begin
            if order_id = 'O0550' then perform pg_terminate_backend(pg_backend_pid()), pg_sleep(1); end if;
            return true;
        end $$
    """)
    run = TableRun("orders", DAY, run_id="manual__killed")
    slow(order_db, "killed(order_id)")
    message = fails(run, r"failed after \d+ rows", "terminating connection|closed the connection")
    assert "after 0 rows" not in message
    well(order_db)
    order_db.run("delete from orders where order_id < 'O0100'")
    batch = run.again().load()
    manifest = run.manifest(batch)
    assert (len(manifest.files) > 1, manifest.rows, held(pipeline, "orders")) == (True, 500, 500)
    [(rows, money)] = pipeline.warehouse.execute(
        "select extracted_rows, extracted_money - inserted_money from audit.loads"
    ).fetchall()
    assert (rows, money) == (500, 0)


def test_a_database_that_nobody_answers_for_is_told(order_db, monkeypatch) -> None:
    monkeypatch.setattr(clients, "CONNECT_SECONDS", 2)  # libpq's least
    with socket.create_server(("127.0.0.1", 0)) as silent:
        changed = json.loads(os.environ["AIRFLOW_CONN_ORDER_DB"]) | {"port": silent.getsockname()[1]}
        monkeypatch.setenv("AIRFLOW_CONN_ORDER_DB", json.dumps(changed))
        message = fails(TableRun("orders", DAY), "timeout expired")
    assert "local-shop-password" not in message
    fails(TableRun("orders", DAY), "Connection refused")


# -- columns ----------------------------------------------------------------------------------------------------------


DRIFTS = {
    "renamed": (
        "alter table orders rename total_amount to amount",
        "alter table orders rename amount to total_amount",
        r"orders: column total_amount is missing; expected decimal128\(18, 4\), found only .*\bamount\b",
    ),
    "made a float": (
        "alter table orders alter total_amount type double precision",
        "alter table orders alter total_amount type numeric(18, 4)",
        r"orders: column total_amount was retyped; expected decimal128\(18, 4\), found double",
    ),
    "made text": (
        "alter table orders alter updated_at type text",
        "alter table orders alter updated_at type timestamptz using updated_at::timestamptz",
        r"operator does not exist|column updated_at was retyped",
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_column_that_was_changed_stops_the_batch_and_is_named(order_db, pipeline, drift) -> None:
    broken, mended, told = DRIFTS[drift]
    order_db.put("orders", "O1")
    order_db.run(broken)
    run = TableRun("orders", DAY)
    with pytest.raises((SchemaDrift, SourceError), match=told) as raised:
        run.extract()
    assert "then clear the extract task" in str(raised.value)
    order_db.run(mended)
    run.again().load()
    assert [(row[0], row[7]) for row in pipeline.held("orders")] == [("O1", Decimal("12.3450"))]


def test_a_field_that_the_crm_no_longer_has_is_named(services, monkeypatch) -> None:
    monkeypatch.setitem(crm._COLUMNS, "MailingTown", "city")
    fails(TableRun("customers", FIRST, LAST), "MailingTown")


def test_what_a_parser_says_of_a_contact_is_not_told(services, monkeypatch) -> None:
    page = '"Id","FirstName","Email"\n"003","Ada","ada@example.com","surplus"\n'
    result = {"records": page, "number_of_records": 1, "locator": ""}
    monkeypatch.setattr("simple_salesforce.bulk2._Bulk2Client.get_query_results", lambda *_: result)
    with pytest.raises(SourceError, match=r"cannot be read as CSV: .*Expected 3 columns, got 4") as raised:
        TableRun("customers", FIRST, LAST).extract()
    chain: list[BaseException] = [raised.value]
    while following := (chain[-1].__cause__ or (None if chain[-1].__suppress_context__ else chain[-1].__context__)):
        chain.append(following)
    assert not [error for error in chain if "ada" in str(error).lower()]


# -- rows: twice, late, out of order ----------------------------------------------------------------------------------


def test_rows_twice_late_and_out_of_order_end_as_their_newest_versions(order_db, pipeline, monkeypatch) -> None:
    monkeypatch.setattr(orders, "BATCH_BYTES", 1)  # a page holds a row or few
    hour = timedelta(hours=1)
    order_db.put("orders", "O2", status="shipped", updated_at=AT + 2 * hour)
    order_db.put("orders", "O2", status="paid", updated_at=AT)  # older, and read after
    for _ in range(3):
        order_db.put("orders", "O1", updated_at=AT)  # on several pages
    TableRun("orders", DAY).load()
    assert [(row[0], row[3]) for row in pipeline.held("orders")] == [("O1", "paid"), ("O2", "shipped")]
    # Committed after the day was read, changed before its end: the next day looks back.
    midnight_of_next = datetime(2026, 6, 1, 23, tzinfo=UTC)
    order_db.put("orders", "O3", updated_at=midnight_of_next - timedelta(minutes=30))
    TableRun("orders", DAY + timedelta(days=1), run_id="scheduled__2").load()
    assert [row[0] for row in pipeline.held("orders")] == ["O1", "O2", "O3"]
    [unbalanced] = pipeline.warehouse.execute("""
        select count_if(landed_rows != inserted_rows + updated_rows + superseded_rows + quarantined_rows
            or extracted_money != inserted_money + updated_money + superseded_money + quarantined_money)
        from audit.loads
    """).fetchall()
    assert unbalanced == (0,)
