"""Revenue, key figures, conversion, carts and experiments."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, create_model

from plugins.analytics.schemas.base import Count, Day, Money, Number, Rate, Row

Change = Rate | None


class SpanTotals(Row):
    """The main figures of a span of days."""

    mart: ClassVar[str] = "agg_daily_kpis"

    day_count: Count = Field(description="Days of the span that the marts hold.")
    gross_revenue: Money
    discount_amount: Money
    refund_amount: Money
    net_revenue: Money
    new_revenue: Money
    returning_revenue: Money
    unknown_revenue: Money
    order_count: Count
    unit_count: Count
    refund_count: Count
    customer_count: Count = Field(description="Known customers with a valid order in the span, each counted once.")
    new_customer_count: Count = Field(description="Those of them whose first valid order was in the span.")
    session_count: Count
    cart_count: Count
    average_order_value: Money | None
    conversion_rate: Rate | None
    cart_abandonment_rate: Rate | None


SpanChange = Annotated[Rate | None, Field(description="Relative change against the span before: 0.125 is 12.5 % more.")]


class SpanChanges(BaseModel):
    """(current − previous) ÷ |previous|; null where the previous is 0 or null, or not all of its days are held."""

    gross_revenue: SpanChange
    net_revenue: SpanChange
    refund_amount: SpanChange
    order_count: SpanChange
    unit_count: SpanChange
    customer_count: SpanChange
    new_customer_count: SpanChange
    session_count: SpanChange
    average_order_value: SpanChange
    conversion_rate: SpanChange
    cart_abandonment_rate: SpanChange


class Summary(BaseModel):
    """A span, up to data_through, beside the equally long one before it."""

    current: SpanTotals
    previous: SpanTotals | None = Field(
        description="As many days before as the span covers; null where it covers none, or not all of them are held."
    )
    change: SpanChanges


class Revenue(Row):
    """Revenue of a day, week or month."""

    mart: ClassVar[str] = "agg_daily_kpis"

    period_start: Day = Field(description="First day of the period; Monday for a week.")
    is_complete: bool = Field(description="Whether every source has published the period to its last day.")
    gross_revenue: Money
    discount_amount: Money
    refund_amount: Money
    net_revenue: Money
    new_revenue: Money
    returning_revenue: Money
    unknown_revenue: Money
    order_count: Count
    new_order_count: Count
    returning_order_count: Count
    unknown_order_count: Count
    average_order_value: Money | None

    @classmethod
    def columns(cls) -> str:
        return ", ".join(name for name in cls.model_fields if name != "period_start")


class KpiMeasures(Revenue):
    """All measures of a day, week or month."""

    single_item_order_count: Count
    item_count: Count
    unit_count: Count
    refund_count: Count
    session_count: Count
    converted_session_count: Count
    cart_count: Count
    open_cart_count: Count
    abandoned_cart_count: Count
    recovered_cart_count: Count
    customer_count: Count
    new_customer_count: Count
    returning_customer_count: Count
    order_frequency: Rate | None
    items_per_order: Rate | None
    units_per_order: Rate | None
    single_item_order_share: Rate | None
    conversion_rate: Rate | None
    cart_abandonment_rate: Rate | None


COMPARED: dict[str, Any] = {
    "gross_revenue": Money,
    "net_revenue": Money,
    "refund_amount": Money,
    "order_count": Count,
    "average_order_value": Money,
    "unit_count": Count,
    "customer_count": Count,
    "new_customer_count": Count,
    "order_frequency": Rate,
    "session_count": Count,
    "conversion_rate": Rate,
    "cart_abandonment_rate": Rate,
}


def _comparisons() -> dict[str, Any]:
    """Each compared measure of the period before and of a year before, and the relative changes."""
    fields: dict[str, Any] = {}
    for measure, kind in COMPARED.items():
        for before in ("previous", "year_ago"):
            fields[f"{before}_{measure}"] = (kind | None, ...)
            fields[f"{measure}_change_from_{before}"] = (Change, ...)
    return fields


Kpis = create_model(
    "Kpis",
    __base__=KpiMeasures,
    __doc__="All measures of a day, week or month, beside those of the period before and of a year before.",
    **_comparisons(),
)


class FunnelStage(BaseModel):
    """A stage of the funnel: visit, view_item, add_to_cart, begin_checkout, purchase."""

    stage_number: Count = Field(description="1 for the visit to 5 for the purchase.")
    stage: str = Field(description="Name of the stage.", examples=["add_to_cart"])
    session_count: Count = Field(description="Sessions that reached the stage.")
    dropped_session_count: Count = Field(description="Sessions that reached the stage before but not this one.")
    rate_of_entered: Rate | None = Field(description="Share of all sessions that reached the stage.")
    rate_of_previous: Rate | None = Field(description="Share of the sessions of the stage before; null without any.")
    drop_off_rate: Rate | None = Field(description="Share of the stage before that went no further; null without any.")


class Funnel(BaseModel):
    """The funnel of the sessions with one value of what they are split by."""

    split_value: str = Field(description="Day, device or channel; all where nothing is split.", examples=["mobile"])
    stages: list[FunnelStage]


class FunnelCounts(Row):
    """Sessions at each stage."""

    split_value: str
    visit: Count
    view_item: Count
    add_to_cart: Count
    begin_checkout: Count
    purchase: Count


class Carts(Row):
    """Carts opened in the span, and what became of them as of the day after data_through."""

    mart: ClassVar[str] = "cart_abandonment"

    split_value: str = Field(description="Day, device or channel; all where nothing is split.", examples=["mobile"])
    cart_count: Count
    bought_cart_count: Count
    abandoned_cart_count: Count
    open_cart_count: Count
    recovered_cart_count: Count
    recovery_pending_cart_count: Count
    lost_cart_count: Count
    cart_value: Money
    abandoned_value: Money
    recovered_value: Money
    lost_value: Money
    abandonment_rate: Rate | None
    recovery_rate: Rate | None


class ExperimentVariant(Row):
    """What the visitors of a variant did, and the comparison with the control."""

    mart: ClassVar[str] = "experiment_results"

    experiment_id: str = Field(examples=["checkout_button"])
    experiment_variant: str = Field(examples=["treatment"])
    is_control: bool
    verdict: str = Field(examples=["better than control"])
    assigned_count: Count
    crossover_count: Count
    immature_count: Count
    unit_count: Count
    conversion_count: Count
    conversion_rate: Rate | None
    purchase_revenue: Money | None
    revenue_per_unit: Money | None
    has_sample_ratio_mismatch: bool | None
    split_p_value: Number | None
    conversion_difference: Number | None
    conversion_difference_low: Number | None
    conversion_difference_high: Number | None
    conversion_z: Number | None
    conversion_p_value: Number | None
    conversion_lift: Number | None
    conversion_lift_low: Number | None
    conversion_lift_high: Number | None
    revenue_difference: Number | None
    revenue_difference_low: Number | None
    revenue_difference_high: Number | None
    revenue_t: Number | None
    revenue_p_value: Number | None
    revenue_lift: Number | None
    first_exposed_day: Day | None
    last_exposed_day: Day | None


class Experiment(BaseModel):
    """An experiment with its variants, the control first."""

    experiment_id: str = Field(description="The experiment.", examples=["checkout_button"])
    variants: list[ExperimentVariant]
