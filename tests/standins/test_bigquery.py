"""google-cloud-bigquery against the stand-in."""

import json
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, NotFound, ServiceUnavailable
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import Request
from google.cloud import bigquery
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from tests.standins import saas_dataset
from tests.standins.saas_fixtures import Saas, saas, saas_server

__all__ = ["saas", "saas_server"]

DATASET = "shop-analytics.analytics_310"
TABLE = f"{DATASET}.events_20260325"


@pytest.fixture
def client(saas: Saas) -> bigquery.Client:
    options = ClientOptions(api_endpoint=saas.base_url)
    return bigquery.Client("shop-analytics", credentials=AnonymousCredentials(), client_options=options)


def events(saas: Saas, day: date) -> pa.Table:
    return pq.ParquetFile(saas.dataset / "events" / f"day={day}" / "part-0.parquet").read()


def test_every_day_has_a_table(client: bigquery.Client) -> None:
    tables = [table.table_id for table in client.list_tables(DATASET, page_size=4)]
    assert tables == [f"events_202603{day}" for day in range(25, 32)] + ["events_20260401", "events_20260402"]


def test_a_table_is_described(client: bigquery.Client) -> None:
    table = client.get_table(TABLE)
    assert (table.num_rows, table.table_type, table.location) == (40, "TABLE", "EU")
    fields = {field.name: field for field in table.schema}
    assert fields["event_timestamp"].field_type == "INTEGER"
    assert fields["event_params"].mode == "REPEATED"
    assert [field.name for field in fields["items"].fields] == ["item_id", "item_name", "price", "quantity"]


def test_last_modified_is_72_hours_after_the_day_once_that_is_past(client: bigquery.Client) -> None:
    assert client.get_table(TABLE).modified == datetime(2026, 3, 29, tzinfo=UTC)  # still winter time when it ended
    assert client.get_table(f"{DATASET}.events_20260330").modified == datetime(2026, 4, 2, 23, tzinfo=UTC)
    assert client.get_table(f"{DATASET}.events_20260331").modified == datetime(2026, 4, 1, 4, tzinfo=UTC)


def test_a_test_can_move_the_time_of_a_table(client: bigquery.Client, saas: Saas) -> None:
    moved = {"last_modified": "2026-05-01T00:00:00Z"}
    requests.post(f"{saas.base_url}/_control/bigquery/tables/events_20260325", json=moved, timeout=5)
    assert client.get_table(TABLE).modified == datetime(2026, 5, 1, tzinfo=UTC)


def test_a_test_can_take_a_table_away(client: bigquery.Client, saas: Saas) -> None:
    requests.post(f"{saas.base_url}/_control/bigquery/tables/events_20260325", json={"missing": True}, timeout=5)
    with pytest.raises(NotFound, match=r"Not found: Table shop-analytics:analytics_310\.events_20260325"):
        client.get_table(TABLE)
    assert "events_20260325" not in [table.table_id for table in client.list_tables(DATASET)]


def test_rows_hold_what_the_data_set_holds(client: bigquery.Client, saas: Saas) -> None:
    rows = client.list_rows(TABLE).to_arrow(create_bqstorage_client=False).to_pylist()
    expected = events(saas, date(2026, 3, 25)).to_pylist()
    assert len(rows) == len(expected)
    for row, event in zip(rows, expected, strict=True):
        params = {param["key"]: param["value"] for param in row["event_params"]}
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["event_timestamp"])
        assert (moment, row["event_name"], row["event_date"]) == (event["event_at"], event["event_name"], "20260325")
        assert row["batch_event_index"] == event["event_sequence"]
        assert (row["user_id"], row["user_pseudo_id"]) == (event["user_id"], event["user_pseudo_id"])
        assert params.get("ga_session_id", {}).get("int_value") == event["session_id"]
        assert params["ga_session_number"]["int_value"] == 1
        assert params.get("page_location", {}).get("string_value") == event["page_location"]
        assert params.get("experiment_id", {}).get("string_value") == event["experiment_id"]
        assert params.get("variant_id", {}).get("string_value") == event["experiment_variant"]
        assert row["device"] == {"category": event["device_category"]}
        assert row["geo"] == {"country": event["country"]}
        source = {"name": None, "medium": event["traffic_medium"], "source": event["traffic_source"]}
        assert row["traffic_source"] == source
        revenue = None if event["purchase_revenue"] is None else float(event["purchase_revenue"])
        assert row["ecommerce"] == {"purchase_revenue": revenue, "transaction_id": event["transaction_id"]}
        items = json.loads(event["items"] or "[]")
        assert [(item["item_id"], item["price"], item["quantity"]) for item in row["items"]] == [
            (item["item_id"], None if item["price"] is None else float(item["price"]), item["quantity"])
            for item in items
        ]


def test_a_day_without_events_is_an_empty_table(client: bigquery.Client) -> None:
    table = client.get_table(f"{DATASET}.events_{saas_dataset.EMPTY_DAY:%Y%m%d}")
    assert table.num_rows == 0
    assert client.list_rows(table).to_arrow(create_bqstorage_client=False).num_rows == 0


def test_pages_are_followed(client: bigquery.Client) -> None:
    names = [bigquery.SchemaField("event_name", "STRING"), bigquery.SchemaField("batch_event_index", "INTEGER")]
    batches = list(client.list_rows(TABLE, selected_fields=names, page_size=15).to_arrow_iterable())
    assert [batch.num_rows for batch in batches] == [15, 15, 10]
    indexes = [index for batch in batches for index in batch.column("batch_event_index").to_pylist()]
    assert indexes == list(range(40))


def test_max_results_and_start_index(client: bigquery.Client) -> None:
    names = [bigquery.SchemaField("batch_event_index", "INTEGER")]
    rows = client.list_rows(TABLE, selected_fields=names, start_index=30, max_results=7, page_size=5)
    assert [row[0] for row in rows] == list(range(30, 37))


def test_fields_within_records_can_be_selected(client: bigquery.Client) -> None:
    names = ["event_params.key", "event_params.value.int_value", "ecommerce.transaction_id", "items.item_id"]
    fields = [bigquery.SchemaField(name, "STRING") for name in names]
    page = next(client.list_rows(TABLE, selected_fields=fields, start_index=3).pages)
    params, ecommerce, items = page.raw_page["rows"][0]["f"]
    assert params["v"][0] == {"v": {"f": [{"v": "ga_session_id"}, {"v": {"f": [{"v": "1700000000"}]}}]}}
    assert ecommerce == {"v": {"f": [{"v": "O03250003"}]}}
    assert items["v"][0] == {"v": {"f": [{"v": "P0003"}]}}


def test_unknown_table_dataset_field_and_page_token(client: bigquery.Client) -> None:
    with pytest.raises(NotFound) as raised:
        client.get_table(f"{DATASET}.events_20200101")
    assert raised.value.errors[0]["reason"] == "notFound"
    with pytest.raises(NotFound, match="Not found: Dataset shop-analytics:other"):
        list(client.list_tables("shop-analytics.other"))
    with pytest.raises(BadRequest, match="No such field: nothing"):
        list(client.list_rows(TABLE, selected_fields=[bigquery.SchemaField("nothing", "STRING")]))
    with pytest.raises(BadRequest, match="Invalid page token"):
        list(client.list_rows(TABLE, selected_fields=[bigquery.SchemaField("user_id", "STRING")], page_token="x"))


def test_a_service_account_gets_a_token_that_is_accepted(saas: Saas) -> None:
    account = json.loads((saas.state / "keys" / "google_service_account.json").read_text())
    credentials = service_account.Credentials.from_service_account_info(account, scopes=["bigquery"])
    credentials.refresh(Request())
    # The service account's own credentials would look up the account's regions at Google in the background.
    options = ClientOptions(api_endpoint=saas.base_url)
    client = bigquery.Client("shop-analytics", credentials=Credentials(credentials.token), client_options=options)
    assert client.get_table(TABLE).num_rows == 40


def test_a_wrong_token_is_refused(saas: Saas) -> None:
    path = f"{saas.base_url}/bigquery/v2/projects/shop-analytics/datasets/analytics_310/tables"
    answer = requests.get(path, headers={"Authorization": "Bearer stolen"}, timeout=5)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_faults_are_retried_by_the_client_and_run_out(client: bigquery.Client, saas: Saas) -> None:
    saas.fail("bigquery", 503, times=1, path_contains="/data")
    assert len(list(client.list_rows(client.get_table(TABLE)))) == 40
    saas.fail("bigquery", 503, times=1)
    with pytest.raises(ServiceUnavailable):
        client.get_table(TABLE, retry=None)
    assert client.get_table(TABLE, retry=None).num_rows == 40


def test_other_resources_are_not_found(client: bigquery.Client) -> None:
    with pytest.raises(NotFound, match="Not Found: POST"):
        client.query("select 1", retry=None, job_retry=None)


def test_a_page_is_cut_at_the_size_limit(client: bigquery.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.saas.bigquery.MAX_PAGE_BYTES", 5_000)
    monkeypatch.setattr("local.saas.bigquery.ROWS_ENCODED_AT_ONCE", 4)
    pages = [list(page) for page in client.list_rows(client.get_table(TABLE), page_size=30).pages]
    assert len(pages) > 4
    assert [row["batch_event_index"] for page in pages for row in page] == list(range(40))
