"""RFM of a million customers: seconds of its models and peak memory of the local warehouse."""

from local.benchmarks.benchmark import Row, Setting, megabytes
from local.benchmarks.generated_warehouse import generated_warehouse

CUSTOMERS = 1_000_000
ORDERS = 4_000_000
MODELS = ("int_rfm_ranked", "rfm_analysis")


def run(setting: Setting) -> list[Row]:
    """Seconds of scoring and segmenting every customer.

    Raises:
        BenchmarkError: a model failed, or a customer is missing.
    """
    with generated_warehouse(setting.folder("rfm")) as shop:
        shop.dbt("seed")
        shop.dbt("run", "--empty")
        setting.say(f"generating {ORDERS:,} orders of {CUSTOMERS:,} customers")
        shop.execute(f"""
            create or replace table marts.fct_orders as
            select 'O' || n as order_id, 'C' || mod(n * 7919, {CUSTOMERS}) as customer_key,
                dateadd('day', -mod(n * 31, 700), '2026-06-30'::date)::date as order_day,
                (10 + mod(n * 17, 9000) / 100)::number(18, 4) as gross_revenue, true as is_valid
            from (
                select row_number() over (order by seq4()) as n
                from table(generator(rowcount => {ORDERS}))
            ) as numbers
        """)
        shop.execute("update intermediate.int_data_through set data_through = '2026-06-30', as_of_date = '2026-07-01'")
        before = shop.server_peak()
        build = shop.dbt("run", "--select", *MODELS)
        peak = shop.server_peak()
        [(scored,)] = shop.execute("select count(*) from marts.rfm_analysis")
    seconds = sum(build.nodes[model] for model in MODELS)
    return [
        Row(
            what=f"RFM of {scored:,} customers with {ORDERS:,} orders",
            figure=f"{seconds:.1f} s",
            compared_with=f"peak memory of the local warehouse {megabytes(peak)}",
            details={"seconds": build.nodes, "peak_bytes": peak, "peak_bytes_before": before},
        )
    ]
