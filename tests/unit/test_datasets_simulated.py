"""The simulated shop: what it says it planted is what its tables hold, and its four sources agree with each other."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local.datasets import DatasetError, prepare
from local.datasets.layout import ROW_TABLES, TABLES

SPEC = "simulated:customers=400,days=120,seed=7"
LAST_DAY = "2026-06-30"

SESSIONS = """
create view web as
with gaps as (
    select
        *,
        session_id is null and event_at - lag(event_at) over visits > interval 30 minutes as is_gap
    from events
    where user_pseudo_id not like 'stray%'
    window visits as (
        partition by user_pseudo_id, session_id is null order by event_at, event_sequence
    )
)
select
    *,
    coalesce(
        cast(session_id as varchar),
        'none-' || sum(coalesce(cast(is_gap as integer), 0)) over (
            partition by user_pseudo_id, session_id is null order by event_at, event_sequence
        )
    ) as session
from gaps
"""

# Each step is the earliest such event after the matched step before it.
FUNNEL = """
with steps as (
    select
        user_pseudo_id, session, device_category, traffic_source, traffic_medium, event_name,
        row_number() over (partition by user_pseudo_id, session order by event_at, event_sequence) as place
    from web
),
viewed as (
    select *, min(place) filter (event_name = 'view_item') over (partition by user_pseudo_id, session) as view_at
    from steps
),
carted as (
    select *, min(place) filter (event_name = 'add_to_cart' and place > view_at)
        over (partition by user_pseudo_id, session) as cart_at
    from viewed
),
checked_out as (
    select *, min(place) filter (event_name = 'begin_checkout' and place > cart_at)
        over (partition by user_pseudo_id, session) as checkout_at
    from carted
),
bought as (
    select *, min(place) filter (event_name = 'purchase' and place > checkout_at)
        over (partition by user_pseudo_id, session) as purchase_at
    from checked_out
)
select device_category, traffic_source, traffic_medium, count(*), count(view_at), count(cart_at), count(checkout_at),
    count(purchase_at)
from bought
where place = 1
group by all
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(SPEC, tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def planted(shop: Path) -> dict[str, Any]:
    planted: dict[str, Any] = json.loads((shop / "dataset.json").read_text())["planted"]
    return planted


@pytest.fixture(scope="module")
def database(shop: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("set timezone = 'Europe/London'")
    for layout in ROW_TABLES:
        connection.execute(f"create view {layout.name} as from '{shop}/{layout.name}.parquet'")
    connection.execute(
        f"create view events as from read_parquet('{shop}/events/*/*.parquet', hive_partitioning = true, "
        "hive_types = {'day': date})"
    )
    connection.execute(
        "create view sales as select * from order_items join orders using (order_id) "
        "where status not in ('cancelled', 'test') and unit_price >= 0 and quantity > 0"
    )
    connection.execute(SESSIONS)
    yield connection
    connection.close()


def rows(database: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return database.execute(query).fetchall()


def test_the_same_specification_gives_the_same_bytes(shop: Path, tmp_path: Path) -> None:
    again = prepare(SPEC, tmp_path)
    files = sorted(path.relative_to(shop) for path in shop.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert [name for name in files if (shop / name).read_bytes() != (again / name).read_bytes()] == []


def test_another_seed_gives_another_shop(shop: Path, tmp_path: Path) -> None:
    other = prepare(SPEC.replace("seed=7", "seed=8"), tmp_path)
    assert (shop / "orders.parquet").read_bytes() != (other / "orders.parquet").read_bytes()


@pytest.mark.parametrize("table", list(TABLES))
def test_keys_are_unique(database: duckdb.DuckDBPyConnection, table: str) -> None:
    key = ", ".join(TABLES[table].key)
    assert rows(database, f"select count(*) > 0, count(*) = count(distinct ({key})) from {table}") == [(True, True)]


def test_every_change_lies_within_the_span_and_every_source_changed_on_the_last_day(
    shop: Path, database: duckdb.DuckDBPyConnection
) -> None:
    first_day = json.loads((shop / "dataset.json").read_text())["first_day"]
    for layout in ROW_TABLES:
        changed = f"select min(updated_at::date)::text >= '{first_day}', max(updated_at::date)::text from {layout.name}"
        assert rows(database, changed) == [(True, LAST_DAY)], layout.name
    assert rows(database, "select max(day)::text, count(distinct day) from events") == [(LAST_DAY, 120)]


def test_no_line_or_refund_is_older_than_the_last_change_of_its_order(database: duckdb.DuckDBPyConnection) -> None:
    for table in ("order_items", "refunds"):
        query = (
            f"select count(*) from {table} part left join orders using (order_id) "
            "where not coalesce(part.updated_at >= orders.updated_at, false)"
        )
        assert rows(database, query) == [(0,)], table


def test_customers_and_products_exist_before_they_are_sold_to_and_sold(database: duckdb.DuckDBPyConnection) -> None:
    for table, fact in (("customer", "orders"), ("product", "order_items join orders using (order_id)")):
        query = (
            f"select count(*) from {fact} where {table}_id is not null and not exists "
            f"(from {table}s known where known.{table}_id = {fact.split()[0]}.{table}_id "
            "and known.updated_at <= ordered_at)"
        )
        assert rows(database, query) == [(0,)], table


def test_totals(database: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> None:
    totals = planted["totals"]
    found = rows(
        database, "select count(distinct order_id), sum(line_amount), sum(discount_amount), sum(quantity) from sales"
    )
    assert found == [
        (totals["valid_orders"], Decimal(totals["gross_revenue"]), Decimal(totals["discounts"]), totals["units"])
    ]
    assert rows(database, "select sum(amount) from refunds where amount > 0") == [(Decimal(totals["refunds"]),)]
    wrong = (
        "select count(*) from (select any_value(total_amount) as total, sum(line_amount - discount_amount) as lines "
        "from order_items join orders using (order_id) where unit_price >= 0 and quantity > 0 group by order_id) "
        "where total <> lines"
    )
    assert rows(database, wrong) == [(0,)]


def test_no_order_is_refunded_more_than_was_paid(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select count(*) from (select order_id, sum(amount) back from refunds where amount > 0 group by 1) "
        "join orders using (order_id) where back > total_amount or status <> 'completed'"
    )
    assert rows(database, query) == [(0,)]


def test_every_web_order_has_one_purchase_of_the_same_amount(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select count(*) > 50, "
        "count(*) filter (event.purchase_revenue = total_amount and event.items is not null) = count(*) "
        "from (from orders where channel = 'web') bought full join (from events where event_name = 'purchase') event "
        "on event.transaction_id = bought.order_id"
    )
    assert rows(database, query) == [(True, True)]


def test_the_funnel_is_the_planted_one(database: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> None:
    expected = {
        (step["device_category"], step["traffic_source"], step["traffic_medium"]): tuple(
            step[name] for name in ("visit", "view_item", "add_to_cart", "begin_checkout", "purchase")
        )
        for step in planted["funnel"]
        if step["visit"]
    }
    assert {tuple(row[:3]): tuple(row[3:]) for row in rows(database, FUNNEL)} == expected


def test_the_carts_are_the_planted_ones(database: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> None:
    query = """
        with carts as (
            select user_pseudo_id, session, bool_or(event_name = 'purchase') as is_bought,
                max(event_at) filter (event_name in ('add_to_cart', 'begin_checkout', 'purchase')) as ended
            from web group by all having bool_or(event_name = 'add_to_cart')
        )
        select count(*), count(*) filter (not is_bought), count(*) filter (not is_bought and exists (
            from carts bought
            where bought.is_bought and bought.user_pseudo_id = carts.user_pseudo_id and bought.ended > carts.ended
                and epoch_us(bought.ended) <= epoch_us(carts.ended) + 7 * 86400000000 + 3600000000
        ))
        from carts
    """
    carts = planted["carts"]
    assert rows(database, query) == [(carts["opened"], carts["abandoned"], carts["recovered_within_7_days"])]
    assert carts["recovered_within_7_days"] > 10


def test_the_experiments_are_the_planted_ones(database: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> None:
    query = """
        with exposed as (
            select
                experiment_id, user_pseudo_id, min(event_at) as exposed_at, min(experiment_variant) as variant,
                count(distinct experiment_variant) > 1 as is_crossover
            from events where experiment_id is not null group by all
        )
        select
            experiment_id, sum(is_crossover::int)::int, variant, count(*) filter (not is_crossover),
            count(*) filter (not is_crossover and exists (
                from events
                where event_name = 'purchase' and events.user_pseudo_id = exposed.user_pseudo_id
                    and epoch_us(event_at) between epoch_us(exposed_at) and epoch_us(exposed_at) + 7 * 86400000000
            ))
        from exposed group by experiment_id, variant
    """
    found = {(row[0], row[2]): row[3:] for row in rows(database, query)}
    for experiment in planted["experiments"]:
        for variant, counts in experiment["variants"].items():
            assert found[experiment["experiment_id"], variant] == (counts["users"], counts["conversions"])
    lifted, skewed = planted["experiments"]
    control, treatment = (lifted["variants"][name] for name in ("control", "treatment"))
    assert treatment["conversions"] / treatment["users"] > 1.1 * control["conversions"] / control["users"]
    assert skewed["variants"]["control"]["users"] > 1.3 * skewed["variants"]["treatment"]["users"]


def test_the_pairs_are_the_planted_ones(database: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> None:
    database.execute(
        "create or replace temp table baskets as select distinct order_id, product_id from sales where product_id in "
        "(select product_id from products where is_merchandise)"
    )
    for pair in planted["pairs"]:
        query = (
            "select count(distinct order_id), (select count(*) from baskets a join baskets b using (order_id) "
            f"where a.product_id = '{pair['product_a']}' and b.product_id = '{pair['product_b']}') from baskets"
        )
        assert rows(database, query) == [(pair["baskets"], pair["baskets_with_both"])]


def test_guests_are_the_planted_ones(database: duckdb.DuckDBPyConnection, planted: dict[str, Any]) -> None:
    query = """
        with guests as (
            select trim(lower(email)) as email from orders where customer_id is null
        )
        select
            count(*),
            count(*) filter (email in (select lower(email) from customers)),
            count(*) filter (email not in (select lower(email) from customers)),
            count(distinct email) filter (email not in (select lower(email) from customers)),
            count(*) filter (email is null)
        from guests
    """
    assert rows(database, query) == [tuple(planted["guests"].values())]
    assert rows(database, "select count(*) from orders where customer_id is not null and email is not null") == [(0,)]


def test_exactly_the_planted_rows_must_be_quarantined(
    database: duckdb.DuckDBPyConnection, planted: dict[str, Any]
) -> None:
    flawed = {
        "order_items": ("order_item_id", "unit_price < 0 or quantity < 1", 8),
        "refunds": ("refund_id", "amount <= 0", 2),
        "products": ("product_id", "list_price < 0", 2),
        "customers": ("customer_id", "email not like '%@%'", 2),
        "events": ("user_pseudo_id", "abs(date_diff('day', day, event_at::date)) > 1", 3),
    }
    for table, (key, condition, count) in flawed.items():
        found = {row[0] for row in rows(database, f"select {key} from {table} where {condition}")}
        assert found == {row[key] for row in planted["quarantine"][table]}, table
        assert len(found) == count, table
    assert rows(database, "select count(*) from events where day <> event_at::date") == [(3,)]


def test_customers_buy_at_different_rates_and_some_stop(database: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select max(n), min(n), count(*) filter (n = 1) "
        "from (select count(*) as n from orders where customer_id is not null group by customer_id)"
    )
    most, least, once = rows(database, query)[0]
    assert (most > 8, least, once > 30) == (True, 1, True)


def test_about_a_tenth_of_the_traffic_is_signed_in(database: duckdb.DuckDBPyConnection) -> None:
    share = rows(database, "select count(user_id) / count(*) from events")[0][0]
    assert 0.06 < share < 0.16


def test_orders_hold_all_statuses_and_a_few_sessions_miss_their_id(database: duckdb.DuckDBPyConnection) -> None:
    assert rows(database, "select count(distinct status) from orders") >= [(5,)]
    missing = rows(database, "select count(*) filter (session_id is null) / count(*) from events")[0][0]
    assert 0.01 < missing < 0.06


@pytest.mark.parametrize("size", ["customers=20,days=14", "customers=25,days=14,seed=3,end=2026-03-31"])
def test_the_smallest_shops_are_made_too(size: str, tmp_path: Path) -> None:
    directory = prepare(f"simulated:{size}", tmp_path)
    assert json.loads((directory / "dataset.json").read_text())["rows"]["orders"] > 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("customers=many", "customers=many is not a whole number from 20 to 200,000"),
        ("customers=5", "customers=5 is not"),
        ("days=²", "days=² is not"),
        ("end=tomorrow", "end=tomorrow is not a day such as 2026-06-30"),
        ("color=red", "no parameter 'color'"),
        ("customers", "'customers' is not of the form name=value"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(options: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="(?s)" + message.replace("(", r"\(")):
        prepare(f"simulated:{options}", tmp_path)
    assert list(tmp_path.rglob("*.parquet")) == []
