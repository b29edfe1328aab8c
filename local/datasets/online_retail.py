"""UCI Online Retail as a data set: every line of the source becomes exactly one order line or one refund."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from local.datasets.days import StoreDays
from local.datasets.layout import DatasetError
from local.datasets.source_columns import Column, read_columns
from local.datasets.source_files import Source
from local.datasets.workbench import workbench, write_query
from local.datasets.writer import DatasetWriter

TIMEZONE: Final = "Europe/London"
CURRENCY: Final = "GBP"
# The file of the first release, and the names its columns have in the second one.
COLUMNS: Final = (
    Column("InvoiceNo", "text", required=True, names=("Invoice",)),
    Column("StockCode", "text", required=True),
    Column("Description", "text"),
    Column("Quantity", "whole", required=True),
    Column("InvoiceDate", "instant", required=True, instants=("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M")),
    Column("UnitPrice", "money", required=True, names=("Price",)),
    Column("CustomerID", "text", names=("Customer ID",)),
    Column("Country", "text"),
)

LINES: Final = """
create or replace table lines as
select
    trim(InvoiceNo) as invoice,
    upper(invoice) like 'C%' as is_credit,
    invoice || '-' || row_number() over (partition by trim(InvoiceNo) order by _row) as line_id,
    upper(trim(StockCode)) as product_id,
    nullif(trim(Description), '') as description,
    Quantity as quantity,
    UnitPrice as unit_price,
    cast(Quantity * UnitPrice as decimal(18, 4)) as amount,
    Quantity > 0 and UnitPrice > 0 and upper(invoice) not like 'A%' and not is_credit as is_sale,
    trim(CustomerID) as customer_id,
    Country as country,
    InvoiceDate as invoiced_at,
    _row
from source
"""

# An invoice that sells nothing (stock written off, bad debt adjusted) is no order: it stands as a cancelled one.
ORDERS: Final = """
create or replace table orders as
select
    invoice as order_id,
    any_value(customer_id) as customer_id,
    cast(null as varchar) as email,
    case when bool_or(is_sale) then 'completed' else 'cancelled' end as status,
    'web' as channel,
    any_value(country) as country,
    'GBP' as currency,
    cast(coalesce(sum(amount) filter (is_sale), 0) as decimal(18, 4)) as total_amount,
    min(invoiced_at) as ordered_at,
    min(invoiced_at) as updated_at
from lines
where not is_credit
group by invoice
"""

ORDER_ITEMS: Final = """
select
    line_id as order_item_id,
    invoice as order_id,
    product_id,
    quantity,
    unit_price,
    cast(0 as decimal(18, 4)) as discount_amount,
    amount as line_amount,
    orders.updated_at
from lines
inner join orders on lines.invoice = orders.order_id
order by _row
"""

REFUNDS: Final = """
select
    line_id as refund_id,
    cast(null as varchar) as order_id,
    customer_id,
    product_id,
    abs(quantity) as quantity,
    cast(-amount as decimal(18, 4)) as amount,
    cast(null as varchar) as reason,
    invoiced_at as refunded_at,
    invoiced_at as updated_at
from lines
where is_credit
order by _row
"""

# A customer's country changes with the orders; who only ever returned goods is known from the credit notes.
CUSTOMERS: Final = """
with invoices as (

    select
        customer_id,
        invoice,
        is_credit,
        any_value(country) as country,
        min(invoiced_at) as invoiced_at,
        bool_and(is_credit) over (partition by customer_id) as never_ordered
    from lines
    where customer_id is not null
    group by customer_id, invoice, is_credit

),

seen as (

    select *, min(invoiced_at) over (partition by customer_id) as first_seen from invoices

),

moves as (

    select
        *,
        lag(country) over (partition by customer_id order by invoiced_at, invoice) as country_before,
        row_number() over (partition by customer_id order by invoiced_at, invoice) as version
    from seen
    where never_ordered or not is_credit

)

select
    customer_id,
    cast(null as varchar) as first_name,
    cast(null as varchar) as last_name,
    cast(null as varchar) as email,
    cast(null as varchar) as phone,
    last(country order by invoice) as country,
    cast(null as varchar) as city,
    false as is_deleted,
    first_seen as created_at,
    invoiced_at as updated_at
from moves
where version = 1 or country is distinct from country_before
group by customer_id, invoiced_at, first_seen
order by customer_id, invoiced_at
"""

PRODUCTS: Final = """
with names as (

    select product_id, description, count(*) as uses, max(invoiced_at) as last_used
    from lines
    where description is not null
    group by product_id, description

),

newest as (

    select product_id, first(description order by uses desc, last_used desc, description) as name
    from names
    group by product_id

)

select
    lines.product_id,
    any_value(newest.name) as name,
    cast(null as varchar) as category,
    cast(null as varchar) as subcategory,
    cast(null as varchar) as brand,
    cast(null as decimal(18, 4)) as list_price,
    regexp_matches(lines.product_id, '^[0-9]{5}') as is_merchandise,
    true as is_active,
    min(lines.invoiced_at) as created_at,
    min(lines.invoiced_at) as updated_at
from lines
left join newest on lines.product_id = newest.product_id
group by lines.product_id
order by lines.product_id
"""


def write(path: Path, writer: DatasetWriter, progress: Callable[[str], None]) -> None:
    """Write the data set of the file at `path`. DatasetError, with rows and columns, when it is not what it says."""
    with workbench(writer.directory, TIMEZONE) as connection:
        progress(f"reading {path}" + (", which takes some minutes" if path.suffix == ".xlsx" else ""))
        source = Source((path,))
        source.open(connection, "raw", encodings=("utf-8", "latin-1"))
        read_columns(connection, source, "raw", "source", COLUMNS)
        connection.execute(LINES)
        lines, days = _check(connection, path)
        connection.execute(ORDERS)
        progress(f"sorting {lines:,} lines into orders and refunds")
        for table, query in (
            ("customers", CUSTOMERS),
            ("products", PRODUCTS),
            ("orders", "from orders order by ordered_at, order_id"),
            ("order_items", ORDER_ITEMS),
            ("refunds", REFUNDS),
        ):
            write_query(connection, writer, table, query)
    writer.finish(
        days,
        title=f"UCI Online Retail, {lines:,} lines ({path.name})",
        currency=CURRENCY,
        source_lines=lines,
        planted={},
    )


def _check(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, StoreDays]:
    """The number of lines, and their days; DatasetError for an invoice of two customers or countries."""
    mixed = connection.execute(
        "select invoice, min(_row), count(distinct customer_id) > 1 from lines group by invoice "
        "having count(distinct customer_id) > 1 or count(distinct country) > 1 order by 2 limit 1"
    ).fetchall()
    for invoice, row, customers in mixed:
        column = "CustomerID" if customers else "Country"
        raise DatasetError(f"{path}: row {row}, column {column}: invoice {invoice} has more than one")
    query = "select count(*), cast(min(invoiced_at) as date), cast(max(invoiced_at) as date) from lines"
    lines, first, last = connection.execute(query).fetchall()[0]
    if not lines:
        raise DatasetError(f"{path}: no rows")
    return lines, StoreDays(first, last, TIMEZONE)
