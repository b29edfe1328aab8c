"""The build after one more day, on a short history and on one ten times as long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from include.building import record
from include.contracts import contract
from local.benchmarks.benchmark import TINY_LAST_DAY, Row, Setting
from local.benchmarks.generated_warehouse import Build, GeneratedWarehouse, generated_warehouse

TARGET_TIMES = 1.3
MODELS = ("build", "--resource-type", "seed", "--resource-type", "model")


@dataclass(frozen=True)
class Size:
    """The first day, days of each history from the shortest on, days measured after each, the rows of every day."""

    first_day: date
    days: tuple[int, ...]
    repetitions: int
    customers: int
    products: int
    a_day: Mapping[str, int]


FULL = Size(
    first_day=date(2023, 1, 1),
    days=(100, 1000),
    repetitions=3,
    customers=20_000,
    products=500,
    a_day={"orders": 200, "order_items": 600, "customers": 20, "products": 1, "web_events": 4_000},
)
TINY = Size(
    first_day=TINY_LAST_DAY - timedelta(days=3),  # two of history, one measured, one with data tests
    days=(2,),
    repetitions=1,
    customers=20,
    products=5,
    a_day={"orders": 6, "order_items": 18, "customers": 2, "products": 1, "web_events": 40},
)

_ROWS = {
    "orders": {
        "order_id": "'O' || n",
        "customer_id": "'C' || mod(n * 7919, {customers})",
        "status": "'completed'",
        "channel": "'web'",
        "country": "'GB'",
        "currency": "'GBP'",
        "total_amount": "30.0000",
        "ordered_at": "{at}",
        "updated_at": "{at}",
    },
    "order_items": {
        "order_item_id": "'L' || n",
        "order_id": "'O' || floor(n / 3)::int",
        "product_id": "'P' || mod(n * 31, {products})",
        "quantity": "1",
        "unit_price": "10.0000",
        "discount_amount": "0.0000",
        "line_amount": "10.0000",
        "ordered_at": "{at}",
        "updated_at": "{at}",
    },
    "customers": {
        "customer_id": "'C' || n",
        "first_name": "'A'",
        "last_name": "'B'",
        "country": "'GB'",
        "city": "'York'",
        "is_deleted": "false",
        "created_at": "{at}",
        "updated_at": "{at}",
    },
    "products": {
        "product_id": "'P' || n",
        "name": "'Tin'",
        "category": "'Kitchen'",
        "subcategory": "'Tins'",
        "list_price": "5.0000",
        "is_merchandise": "true",
        "is_active": "true",
        "created_at": "{at}",
        "updated_at": "{at}",
    },
    "web_events": {
        "event_id": "'E' || n",
        "event_day": "{at}::date",
        "event_at": "{at}",
        "event_name": "case mod(n, 8) when 1 then 'view_item' when 2 then 'add_to_cart' else 'page_view' end",
        "event_sequence": "1",
        "user_pseudo_id": "'U' || mod(floor(n / 8) * 7919, {customers})::int",
        "session_id": "floor(n / 8)::int",
        "session_number": "1",
        "device_category": "'desktop'",
        "country": "'GB'",
        "traffic_source": "'google'",
        "traffic_medium": "'organic'",
        "exported_at": "{published}",
    },
}
_PROVENANCE = {"_batch_id": "'{batch}'", "_row_hash": "md5('{batch}' || n::varchar)", "_published_at": "{published}"}
_COUNTS = ("extracted", "landed", "inserted", "updated", "superseded", "quarantined", "replaced")


def run(setting: Setting) -> list[Row]:
    """Seconds of dbt's models after a day, without dbt's start and parse; with every data test as a second line.

    Raises:
        BenchmarkError: a build failed, or a table has changed so that the generated rows do not fit it.
    """
    size = setting.size(FULL, TINY)
    built = [_built(setting, size, days) for days in size.days]
    (days, many), (short, long) = (size.days[0], size.days[-1]), (built[0], built[-1])
    return [
        _row(f"{many:,} days of history: the models", short[0], long[0], days, TARGET_TIMES),
        _row(f"{many:,} days of history: models and data tests", short[1], long[1], days, None),
    ]


def _built(setting: Setting, size: Size, days: int) -> tuple[float, float]:
    """Seconds of the models, and of everything, after one more day than these."""
    with generated_warehouse(setting, "daily_build") as shop:
        setting.say(f"{days:,} days: building the history")
        _load(shop, size, 0, days)
        shop.dbt(*MODELS, "--full-refresh")
        record(shop.warehouse, "history", None)
        builds: list[Build] = []
        for number in range(size.repetitions):
            _load(shop, size, days + number, 1)
            builds.append(shop.dbt(*MODELS))
            record(shop.warehouse, f"day {number}", None)
            setting.say(f"{days:,} days: day {number + 1} of {size.repetitions} in {builds[-1].seconds:.1f} s")
        setting.say(f"{days:,} days: one more with all data tests")
        _load(shop, size, days + size.repetitions, 1)
        tested = shop.dbt("build")
        record(shop.warehouse, "tested", None)
    return median(build.seconds for build in builds), tested.seconds


def _load(shop: GeneratedWarehouse, size: Size, skipped: int, days: int) -> None:
    """Publish `days` days that follow the `skipped` first ones, one batch a table."""
    start, end = size.first_day + timedelta(days=skipped), size.first_day + timedelta(days=skipped + days)
    published = f"'{end.isoformat()} 03:00:00'::timestamp_ntz"
    for table, a_day in size.a_day.items():
        batch = f"{table}__{skipped}"
        at = (
            f"dateadd('second', floor(mod(n, {a_day}) * 86400 / {a_day})::int, "
            f"dateadd('day', floor(n / {a_day})::int, '{size.first_day}'::timestamp_ntz))"
        )
        names = {"customers": size.customers, "products": size.products, "at": at, "published": published}
        shop.insert(
            contract(table).target,
            {column: made.format(**names, batch=batch) for column, made in (_ROWS[table] | _PROVENANCE).items()},
            f"""
            from (
                select row_number() over (order by seq4()) - 1 + {skipped * a_day} as n
                from table(generator(rowcount => {days * a_day}))
            ) as numbers
            """,
        )
        shop.insert(
            "audit.loads",
            {
                "batch_id": f"'{batch}'",
                "source": "'generated'",
                "table_name": f"'{table}'",
                "dag_id": "'benchmark'",
                "run_id": "'benchmark'",
                "window_start": f"'{start}'::timestamp_ntz",
                "window_end": f"'{end}'::timestamp_ntz",
                "code_version": "'benchmark'",
                "published_at": published,
            }
            | {f"{what}_rows": "0" for what in _COUNTS},
        )
    shop.insert(
        "audit.published_days",
        {
            "table_name": "'web_events'",
            "published_day": "event_day",
            "version": "exported_at",
            "batch_id": "_batch_id",
            "published_at": "_published_at",
        },
        f"""
        from (
            select distinct event_day, exported_at, _batch_id, _published_at from staging.web_events
            where _batch_id = 'web_events__{skipped}'
        ) as days
        """,
    )


def _row(what: str, short: float, long: float, days: int, target: float | None) -> Row:
    times = long / short
    return Row(
        what=f"build after one more day, {what}",
        figure=f"{long:.1f} s",
        compared_with=f"{days} days: {short:.1f} s, {times:.2f}×",
        target=f"≤ {target}×" if target else "",
        reached=times <= target if target else None,
        details={"short_seconds": short, "long_seconds": long},
    )
