"""Google Analytics' nested export rows become flat columns: parameters by key, exact money, stable event ids."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from google.cloud.bigquery import SchemaField

from include.bigquery_pages import record_batches, to_record_batch
from include.contracts import contract
from include.contracts.conform import conform
from include.sources import SourceError
from include.sources.web_events import ExportMissing, extract, flatten
from include.window import run_window

LONDON = ZoneInfo("Europe/London")
DAY, EXPORTED = date(2026, 6, 1), datetime(2026, 6, 4, tzinfo=UTC)
VALUE = {"string_value": None, "int_value": None, "float_value": None, "double_value": None}


def parameter(key, **value):
    return {"key": key, "value": VALUE | value}


def event(**changes):
    return {
        "event_date": "20260601",
        "event_timestamp": 1780304400000001,
        "event_name": "page_view",
        "event_params": [parameter("ga_session_id", int_value=7)],
        "event_bundle_sequence_id": 3,
        "batch_event_index": 2,
        "user_id": None,
        "user_pseudo_id": "U1",
        "device": {"category": "mobile"},
        "geo": {"country": "GB"},
        "traffic_source": {"name": None, "medium": "organic", "source": "google"},
        "ecommerce": {"transaction_id": None, "purchase_revenue": None},
        "items": [],
    } | changes


def batch(*events):
    parameters = pa.list_(
        pa.struct(
            {
                "key": pa.string(),
                "value": pa.struct(
                    {
                        "string_value": pa.string(),
                        "int_value": pa.int64(),
                        "float_value": pa.float64(),
                        "double_value": pa.float64(),
                    }
                ),
            }
        )
    )
    items = pa.list_(pa.struct({"item_id": pa.string(), "price": pa.float64(), "quantity": pa.int64()}))
    ecommerce = pa.struct({"transaction_id": pa.string(), "purchase_revenue": pa.float64()})
    schema = pa.RecordBatch.from_pylist(list(events)).schema
    for name, kind in {
        "event_params": parameters,
        "items": items,
        "ecommerce": ecommerce,
        "user_id": pa.string(),
    }.items():
        schema = schema.set(schema.get_field_index(name), pa.field(name, kind))
    return pa.RecordBatch.from_pylist(list(events), schema=schema)


def flat(*events, seen=None):
    return flatten(batch(*events), DAY, EXPORTED, {} if seen is None else seen).to_pylist()


def test_parameters_are_found_by_key_and_missing_ones_are_null():
    first, second, third = flat(
        event(event_params=[]),
        event(event_params=[parameter("experiment_id", string_value="x"), parameter("ga_session_id", int_value=9)]),
        event(event_params=[parameter("ga_session_id", int_value=1), parameter("ga_session_id", int_value=2)]),
    )
    assert [row["session_id"] for row in (first, second, third)] == [None, 9, 1]
    assert [row["experiment_id"] for row in (first, second, third)] == [None, "x", None]


def test_what_visitors_type_into_addresses_is_cut_off():
    [row] = flat(event(event_params=[parameter("page_location", string_value="https://shop.example/a?email=a@b.c#x")]))
    assert row["page_location"] == "https://shop.example/a"


def test_money_is_exact_though_the_export_is_float():
    [row] = flat(event(ecommerce={"transaction_id": "O1", "purchase_revenue": 0.1 + 0.2}))
    assert row["purchase_revenue"] == Decimal("0.3000")


def test_items_become_json_with_prices_as_text():
    [row] = flat(
        event(items=[{"item_id": "P1", "price": 3.333, "quantity": 2}, {"item_id": "P2", "price": None, "quantity": 1}])
    )
    assert row["items"] == (
        '[{"item_id":"P1","price":"3.3330","quantity":2},{"item_id":"P2","price":null,"quantity":1}]'
    )


def test_event_ids_are_stable_and_repeats_are_numbered_across_batches():
    seen: dict = {}
    ids = [row["event_id"] for row in flat(event(), event(), event(event_name="scroll"), seen=seen)]
    ids += [row["event_id"] for row in flat(event(), seen=seen)]
    assert len(set(ids)) == 4
    assert ids[1] == f"{ids[0]}-1"
    assert ids[3] == f"{ids[0]}-2"
    assert flat(event())[0]["event_id"] == ids[0]


def test_the_rows_fit_the_contract():
    [conformed] = conform([flatten(batch(event()), DAY, EXPORTED, {})], contract("web_events"))
    row = conformed.to_pylist()[0]
    assert row["event_at"] == datetime(2026, 6, 1, 9, 0, 0, 1)
    assert (row["event_sequence"], row["device_category"], row["exported_at"]) == (
        2,
        "mobile",
        EXPORTED.replace(tzinfo=None),
    )


def test_a_column_that_the_export_lost_is_named():
    with pytest.raises(SourceError, match="the export of 2026-06-01 lacks the columns geo"):
        flatten(batch(event()).drop_columns(["geo"]), DAY, EXPORTED, {})


class Exports:
    """A BigQuery client that knows when each day's table was written."""

    def __init__(self, **written):
        self.written = written

    def get_table(self, table, timeout, retry):
        from google.api_core.exceptions import NotFound

        name = table.split(".")[-1]
        if name not in self.written:
            raise NotFound(name)
        return SimpleNamespace(modified=self.written[name], schema=[])


def test_the_three_days_before_are_read_again_only_where_the_export_is_newer():
    old, new = datetime(2026, 6, 5, tzinfo=UTC), datetime(2026, 6, 8, tzinfo=UTC)
    client = Exports(
        events_20260601=new, events_20260602=new, events_20260603=old, events_20260604=new, events_20260605=new
    )
    window = run_window({"start": "2026-06-05", "end": "2026-06-06"}, None, None, LONDON)
    published = {date(2026, 6, day): old.replace(tzinfo=None) for day in (1, 2, 3)}
    days = [version.day for version in extract(client, "p.d", window, published).days]
    assert days == ["2026-06-02", "2026-06-05"], "the 1st is too old, the 3rd unchanged, the 4th was never published"


def test_a_day_without_a_table_is_told_with_what_to_do():
    window = run_window({"start": "2026-06-05", "end": "2026-06-06"}, None, None, LONDON)
    with pytest.raises(ExportMissing, match=r"p\.d\.events_20260605 does not exist.*check the BigQuery link"):
        extract(Exports(), "p.d", window, {})


def test_a_page_of_rest_rows_becomes_arrow_with_nested_and_missing_values():
    schema = [
        SchemaField("name", "STRING"),
        SchemaField("n", "INTEGER"),
        SchemaField("items", "RECORD", "REPEATED", fields=[SchemaField("price", "FLOAT"), SchemaField("id", "STRING")]),
        SchemaField("geo", "RECORD", fields=[SchemaField("country", "STRING")]),
    ]
    rows = [
        {
            "f": [
                {"v": "a"},
                {"v": "1"},
                {"v": [{"v": {"f": [{"v": "1.5"}, {"v": None}]}}]},
                {"v": {"f": [{"v": "GB"}]}},
            ]
        },
        {"f": [{"v": None}, {"v": None}, {"v": []}, {"v": None}]},
    ]
    assert to_record_batch(rows, schema).to_pylist() == [
        {"name": "a", "n": 1, "items": [{"price": 1.5, "id": None}], "geo": {"country": "GB"}},
        {"name": None, "n": None, "items": [], "geo": None},
    ]
    assert to_record_batch([], schema).num_rows == 0


def test_a_page_as_it_came_is_let_go_when_it_is_read():
    pages = [SimpleNamespace(raw_page={"rows": [{"f": [{"v": name}]}]}) for name in "ab"]
    rows = SimpleNamespace(schema=[SchemaField("name", "STRING")], pages=iter(pages))
    for page, read in zip(pages, record_batches(rows), strict=True):
        assert read.num_rows == 1
        assert page.raw_page["rows"] == []
