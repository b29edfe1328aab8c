"""The LookML project on a built warehouse: what exists, what runs, and that its numbers are those of the marts."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.building import record
from include.warehouse import Warehouse, open_warehouse
from local.lookml import Project
from local.stack import Stack
from tests.looker_sql import Renderer
from tests.pipeline.conftest import Pipeline
from tests.pipeline.dbt import Dbt, parsed
from tests.pipeline.histories import Shop
from tests.pipeline.test_incremental import BUILD, arrive

PROJECT = Project()
RENDERER = Renderer(PROJECT)
CENT = Decimal("0.01")
DAYS = {
    "fct_orders": "order_day",
    "fct_order_items": "order_day",
    "fct_refunds": "refund_day",
    "fct_sessions": "session_day",
}
STAGES = ("view_item", "add_to_cart", "begin_checkout", "purchase")


@pytest.fixture(scope="module")
def dbt(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dbt]:
    with parsed(stack, tmp_path_factory.mktemp("dbt")) as project:
        yield project


@pytest.fixture(scope="module")
def built(stack: Stack, dbt: Dbt) -> Iterator[Warehouse]:
    """A session on marts built from the histories of many small shops."""
    from include.bootstrap import bootstrap

    with open_warehouse("test") as session:
        for name in bootstrap(session):
            session.execute(f"truncate table {name}")
        shops = [Shop(seed) for seed in range(25)]
        for _ in range(4):
            arrive(Pipeline(session), shops)
        dbt.run(*BUILD, "--full-refresh")
        record(session, "test", None, {"fct_orders": {"orders"}})
        yield session


def rows(warehouse: Warehouse, statement: str) -> list[tuple[Any, ...]]:
    return warehouse.execute(statement).fetchall()


def test_every_column_that_a_view_reads_is_in_the_warehouse(built: Warehouse) -> None:
    held = {
        (schema.lower(), table.lower(), column.lower())
        for schema, table, column in rows(
            built,
            "select table_schema, table_name, column_name from information_schema.columns "
            "where table_schema in ('MARTS', 'AUDIT')",
        )
    }
    for view in PROJECT.views.values():
        _, schema, table = view.table.split(".")
        for field in view.fields.values():
            for column in field.definition.get("sql", "").split("${TABLE}.")[1:]:
                name = re.match(r"\w+", column)
                assert name and (schema, table, name[0]) in held, f"{view.name}.{field.name}"


@pytest.mark.parametrize("explore", sorted(PROJECT.explores))
def test_every_field_of_an_explore_runs(built: Warehouse, explore: str) -> None:
    fields = PROJECT.fields(explore)
    measures = [name for name, field in fields.items() if field.kind == "measure"]
    dimensions = [name for name, field in fields.items() if field.kind == "dimension"]
    rows(built, RENDERER.select(explore, measures))
    rows(built, RENDERER.select(explore, [*dimensions, *measures], limit=5))


@pytest.mark.parametrize("name", sorted(PROJECT.dashboards))
def test_every_tile_of_a_dashboard_runs(built: Warehouse, name: str) -> None:
    for tile in PROJECT.dashboards[name]["elements"]:
        statement = RENDERER.select(tile["explore"], tile["fields"], tile.get("filters"), tile["limit"])
        found = rows(built, statement)
        assert found or tile["explore"] in ("experiment_results", "product_recommendations"), tile["name"]


def test_the_triggers_answer_with_the_last_build_that_changed_a_mart(built: Warehouse) -> None:
    for name, group in PROJECT.datagroups.items():
        statement = PROJECT.with_constants(group["sql_trigger"])
        assert rows(built, statement) == [(1 if name == "kpis_built" else None,)]


@pytest.mark.parametrize("explore", sorted(name for name, each in PROJECT.explores.items() if each.joins))
def test_joins_lose_and_repeat_no_row(built: Warehouse, explore: str) -> None:
    """Sums of the explore's own view are the same with every other view joined."""
    own = [
        name
        for name, field in PROJECT.fields(explore).items()
        if field.view == explore and field.kind == "measure" and field.type in ("sum", "count", "count_distinct")
    ]
    [alone] = rows(built, RENDERER.select(explore, own))
    [together] = rows(built, RENDERER.select(explore, own, join_all=True))
    assert together == alone and any(alone)


def cents(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(CENT)


def test_looker_shows_the_money_of_the_facts_to_the_cent(built: Warehouse) -> None:
    """Gross and net revenue, orders and average order value of random spans, by LookML and by plain SQL."""
    asked = [
        f"agg_daily_kpis.{name}" for name in ("gross_revenue", "net_revenue", "order_count", "average_order_value")
    ]
    [(first, last)] = rows(built, "select min(order_day), max(order_day) from marts.fct_orders where is_valid")
    chance = random.Random(5)
    money = Decimal(0)
    for _ in range(25):
        begin = first + timedelta(chance.randrange((last - first).days))
        end = begin + timedelta(1 + chance.randrange(60))
        [shown] = rows(
            built, RENDERER.select("agg_daily_kpis", asked, {"agg_daily_kpis.calendar_date": f"{begin} to {end}"})
        )
        span = {"begin": begin, "end": end}
        [(gross, discounts, orders)] = built.execute(
            "select coalesce(sum(gross_revenue), 0), coalesce(sum(discount_amount), 0), count(*) from marts.fct_orders "
            "where is_valid and order_day >= %(begin)s and order_day < %(end)s",
            span,
        ).fetchall()
        [(refunds,)] = built.execute(
            "select coalesce(sum(refund_amount), 0) from marts.fct_refunds "
            "where is_valid and refund_day >= %(begin)s and refund_day < %(end)s",
            span,
        ).fetchall()
        expected = (gross, gross - discounts - refunds, orders, gross / orders if orders else None)
        assert [cents(value) for value in shown] == [cents(value) for value in expected], span
        measures = [f"fct_orders.{name}" for name in ("gross_revenue", "order_count", "average_order_value")]
        [own] = rows(built, RENDERER.select("fct_orders", measures, {"fct_orders.order_date": f"{begin} to {end}"}))
        assert [cents(value) for value in own] == [cents(shown[n]) for n in (0, 2, 3)], span
        money += gross
    assert money > 0


@pytest.fixture
def before(built: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """What Looker says of the facts as they were built."""
    return said(built)


@pytest.fixture
def ahead(built: Warehouse) -> Iterator[None]:
    """A valid row of every fact, published for the day after the last one of the build; taken out again."""
    for explore, day in DAYS.items():
        view = PROJECT.views[explore]
        key = view.primary_key.name
        valid = " where is_valid" if "is_valid" in view.fields else ""
        built.execute(
            f"insert into {view.table} select * replace ('ahead' as {key}, (select dateadd('day', 1, data_through) "
            f"from audit.builds)::date as {day}) from {view.table}{valid} order by {key} limit 1"
        )
    yield
    for explore in DAYS:
        view = PROJECT.views[explore]
        built.execute(f"delete from {view.table} where {view.primary_key.name} = 'ahead'")


def said(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """The measures of every explore over facts, in all and by day."""
    found = {}
    for explore, day in DAYS.items():
        fields = PROJECT.fields(explore)
        days = [name for name, field in fields.items() if field.timeframe == "date" and day in field.definition["sql"]]
        measures = [name for name, field in fields.items() if field.kind == "measure"]
        found[explore] = rows(warehouse, RENDERER.select(explore, measures))
        found[f"{explore} by day"] = rows(warehouse, RENDERER.select(explore, [*days, *measures]))
    return found


def test_a_fact_beyond_the_build_changes_nothing_in_looker(
    built: Warehouse, before: dict[str, list[tuple[Any, ...]]], ahead: None
) -> None:
    for explore, day in DAYS.items():
        [(beyond,)] = rows(
            built, f"select count(*) from marts.{explore} where {day} > (select data_through from audit.builds)"
        )
        assert beyond, explore
    assert said(built) == before


def test_the_funnel_of_a_span_is_that_of_its_sessions(built: Warehouse) -> None:
    """The rows of days, and the stages of sessions by device, both filtered as a dashboard does it."""
    [(first, last)] = rows(built, "select min(session_day), max(session_day) from marts.fct_sessions")
    counts = ["conversion_funnel.stage_number", "conversion_funnel.session_count"]
    stages = [f"fct_sessions.{name}session_count" for name in ("", *(f"{stage}_" for stage in STAGES))]
    columns = ", ".join(f"count({stage}_at)" for stage in STAGES)
    chance = random.Random(6)
    for _ in range(10):
        begin = first + timedelta(chance.randrange((last - first).days))
        span = f"{begin} to {begin + timedelta(1 + chance.randrange(60))}"
        asked = {"conversion_funnel.dimension": "day", "conversion_funnel.session_date": span}
        days = dict(rows(built, RENDERER.select("conversion_funnel", counts, asked)))
        by_device = rows(
            built,
            RENDERER.select(
                "fct_sessions", ["fct_sessions.device_category", *stages], {"fct_sessions.session_date": span}
            ),
        )
        start, _, end = span.split()
        facts = rows(
            built,
            f"select device_category, count(*), {columns} from marts.fct_sessions "
            f"where session_day >= '{start}'::date and session_day < '{end}'::date "
            "and session_day <= (select data_through from audit.builds) group by 1 order by 1",
        )
        assert by_device == facts, span
        assert list(days.values()) == [sum(counts) for counts in zip(*(row[1:] for row in facts), strict=True)], span


def test_days_in_looker_are_the_days_of_the_mart(built: Warehouse) -> None:
    names = ("gross_revenue", "net_revenue", "order_count", "average_order_value", "conversion_rate")
    asked = ["agg_daily_kpis.calendar_date", *(f"agg_daily_kpis.{name}" for name in names)]
    shown = {day: measures for day, *measures in rows(built, RENDERER.select("agg_daily_kpis", asked))}
    mart = rows(built, f"select date_day, {', '.join(names)} from marts.agg_daily_kpis")
    assert len(shown) == len(mart) > 0
    for day, *measures in mart:
        assert [cents(value) for value in shown[day]] == [cents(value) for value in measures], day
