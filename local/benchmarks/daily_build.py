"""The build after one more day, on a short history and on one ten times as long."""

from datetime import date, timedelta
from statistics import median

from include.building import record
from local.benchmarks.benchmark import Row, Setting
from local.benchmarks.generated_warehouse import Build, GeneratedWarehouse, generated_warehouse

FIRST_DAY = date(2023, 1, 1)
DAYS = 100
TIMES = 10
TARGET_TIMES = 1.3
REPETITIONS = 3
CUSTOMERS = 20_000
PRODUCTS = 500
A_DAY = {"orders": 200, "order_items": 600, "customers": 20, "products": 1, "web_events": 4_000}
MODELS = ("build", "--resource-type", "seed", "--resource-type", "model")

_PROVENANCE = "null, '{batch}', md5('{batch}' || n::varchar), '{published}'::timestamp_ntz, null, null"
_ROWS = {
    "orders": """
        'O' || n, 'C' || mod(n * 7919, {customers}), null, 'completed', 'web', 'GB', 'GBP', 30.0000, {at}, {at}""",
    "order_items": """
        'L' || n, 'O' || floor(n / 3)::int, 'P' || mod(n * 31, {products}), 1, 10.0000, 0.0000, 10.0000, {at}, {at}""",
    "customers": """
        'C' || n, 'A', 'B', null, null, null, 'GB', 'York', false, {at}, {at}""",
    "products": """
        'P' || n, 'Tin', 'Kitchen', 'Tins', null, 5.0000, true, true, {at}, {at}""",
    "web_events": """
        'E' || n, {at}::date, {at},
        case mod(n, 8) when 1 then 'view_item' when 2 then 'add_to_cart' else 'page_view' end, 1,
        'U' || mod(floor(n / 8) * 7919, {visitors})::int, null, floor(n / 8)::int, 1, null, null, null, null, 'desktop',
        'GB', 'google', 'organic', null, null, '{published}'::timestamp_ntz""",
}
_TARGETS = {"customers": "pii.customers"}


def run(setting: Setting) -> list[Row]:
    """Seconds of dbt's models after a day, without dbt's start and parse; with every data test as a second line.

    Raises:
        BenchmarkError: a build failed.
    """
    held = {}
    for days in (DAYS, DAYS * TIMES):
        with generated_warehouse(setting.folder("daily_build")) as shop:
            setting.say(f"{days} days: building the history")
            held[days] = _measure(setting, shop, days)
    short, long = held[DAYS], held[DAYS * TIMES]
    return [
        _row("the models", short[0], long[0], TARGET_TIMES),
        _row("models and data tests", short[1], long[1], None),
    ]


def _measure(setting: Setting, shop: GeneratedWarehouse, days: int) -> tuple[float, float]:
    _load(shop, FIRST_DAY, 0, days)
    shop.dbt(*MODELS, "--full-refresh")
    record(shop.warehouse, "history", None)
    builds: list[Build] = []
    for number in range(REPETITIONS):
        _load(shop, FIRST_DAY, days + number, 1)
        builds.append(shop.dbt(*MODELS))
        record(shop.warehouse, f"day {number}", None)
        setting.say(f"{days} days: day {number + 1} of {REPETITIONS} in {builds[-1].seconds:.1f} s")
    _load(shop, FIRST_DAY, days + REPETITIONS, 1)
    tested = shop.dbt("build")
    return median(build.seconds for build in builds), tested.seconds


def _load(shop: GeneratedWarehouse, first: date, skipped: int, days: int) -> None:
    """Publish `days` days that follow the `skipped` first ones, one batch a table."""
    start, end = first + timedelta(days=skipped), first + timedelta(days=skipped + days)
    for table, a_day in A_DAY.items():
        batch, published = f"{table}__{skipped}", f"{end.isoformat()} 03:00:00"
        at = (
            f"dateadd('second', floor(mod(n, {a_day}) * 86400 / {a_day})::int, "
            f"dateadd('day', floor(n / {a_day})::int, '{first}'::timestamp_ntz))"
        )
        names = {"customers": CUSTOMERS, "products": PRODUCTS, "visitors": CUSTOMERS, "at": at, "published": published}
        shop.execute(f"""
            insert into {_TARGETS.get(table, f"staging.{table}")}
            select {_ROWS[table].format(**names)}, {_PROVENANCE.format(batch=batch, published=published)}
            from (
                select row_number() over (order by seq4()) - 1 + {skipped * a_day} as n
                from table(generator(rowcount => {days * a_day}))
            ) as numbers
        """)
        shop.execute(f"""
            insert into audit.loads
            select '{batch}', 'generated', '{table}', 'benchmark', 'benchmark', '{start}'::timestamp_ntz,
                '{end}'::timestamp_ntz, 0, 0, 0, 0, 0, 0, 0, null, null, null, null, null, 'benchmark',
                '{published}'::timestamp_ntz, null
        """)
    shop.execute(f"""
        insert into audit.published_days
        select distinct 'web_events', event_day, exported_at, _batch_id, _published_at from staging.web_events
        where _batch_id = 'web_events__{skipped}'
    """)


def _row(what: str, short: float, long: float, target: float | None) -> Row:
    times = long / short
    return Row(
        what=f"build after one more day, {DAYS * TIMES} days of history: {what}",
        figure=f"{long:.1f} s",
        compared_with=f"{DAYS} days: {short:.1f} s, {times:.2f}×",
        target=f"≤ {target}×" if target else "",
        reached=times <= target if target else None,
        details={"short_seconds": short, "long_seconds": long},
    )
