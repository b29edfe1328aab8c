"""RFM of a million customers: seconds of its models and peak memory of the local warehouse."""

from dataclasses import dataclass

from local.benchmarks.benchmark import BenchmarkError, Row, Setting, megabytes
from local.benchmarks.generated_warehouse import generated_warehouse

MODELS = ("int_rfm_ranked", "rfm_analysis")
EMPTY = ("build", "--empty", "--resource-type", "seed", "--resource-type", "model", "--select", f"+{MODELS[-1]}")


@dataclass(frozen=True)
class Size:
    customers: int
    orders: int


FULL = Size(customers=1_000_000, orders=4_000_000)
TINY = Size(customers=50, orders=200)


def run(setting: Setting) -> list[Row]:
    """Seconds of scoring and segmenting every customer.

    Raises:
        BenchmarkError: a model failed, a customer is missing, or the fact table has changed so that the generated
            orders do not fit it.
    """
    size = setting.size(FULL, TINY)
    with generated_warehouse(setting, "rfm") as shop:
        setting.say("making empty tables of the models")
        shop.dbt(*EMPTY)
        setting.say(f"generating {size.orders:,} orders of {size.customers:,} customers")
        shop.insert(
            "marts.fct_orders",
            {
                "order_id": "'O' || n",
                "customer_key": f"'C' || mod(n * 7919, {size.customers})",
                "order_day": "dateadd('day', -mod(n * 31, 700), '2026-06-30'::date)::date",
                "gross_revenue": "(10 + mod(n * 17, 9000) / 100)::number(18, 4)",
                "is_valid": "true",
            },
            f"from (select row_number() over (order by seq4()) as n from table(generator(rowcount => {size.orders}))) "
            "as numbers",
        )
        shop.execute("update intermediate.int_data_through set data_through = '2026-06-30', as_of_date = '2026-07-01'")
        setting.say("scoring them")
        before = shop.server_peak()
        build = shop.dbt("run", "--select", *MODELS)
        peak = shop.server_peak()
        [(scored,)] = shop.execute("select count(*) from marts.rfm_analysis")
    if scored != size.customers:
        raise BenchmarkError(f"{scored:,} customers were scored instead of {size.customers:,}")
    seconds = sum(build.nodes[model] for model in MODELS)
    return [
        Row(
            what=f"RFM of {scored:,} customers with {size.orders:,} orders",
            figure=f"{seconds:.1f} s",
            compared_with=f"peak memory of the local warehouse {megabytes(peak)}",
            details={"seconds": build.nodes, "peak_bytes": peak, "peak_bytes_before": before},
        )
    ]
