"""Customers: segments, cohorts, behaviour, value, churn. Personal data stands in PersonalData only."""

from typing import ClassVar

from pydantic import BaseModel, Field

from plugins.analytics.schemas.base import Count, CustomerKey, Day, Moment, Money, Number, Rate, Row, Segment


class RfmCustomer(Row):
    """RFM of a customer."""

    mart: ClassVar[str] = "rfm_analysis"

    customer_key: CustomerKey
    segment: Segment
    recency_days: Count
    frequency: Count
    monetary: Money
    recency_score: Count
    frequency_score: Count
    monetary_score: Count
    rfm_score: str = Field(examples=["555"])
    first_order_day: Day
    last_order_day: Day
    as_of_date: Day


class SegmentTotals(Row):
    """The customers of an RFM segment."""

    segment: Segment = Field(description="RFM segment.")
    customer_count: Count = Field(description="Customers in the segment.")
    customer_share: Rate = Field(description="Their share of all customers with an order.")
    gross_revenue: Money = Field(description="Gross revenue of their valid orders.")
    revenue_share: Rate | None = Field(description="Their share of the gross revenue of known customers.")
    order_count: Count = Field(description="Their valid orders.")
    average_order_value: Money | None = Field(description="Gross revenue per valid order.")
    orders_per_customer: Number = Field(description="Valid orders per customer.")
    mean_recency_days: Number = Field(description="Mean calendar days since the last valid order.")


class RfmCell(Row):
    """The customers with a pair of scores."""

    recency_score: Count = Field(description="1 to 5; 5 for the most recent buyers.")
    frequency_score: Count = Field(description="1 to 5; 5 for the most frequent buyers.")
    customer_count: Count = Field(description="Customers with these scores.")
    gross_revenue: Money = Field(description="Gross revenue of their valid orders.")


class SegmentMonth(Row):
    """The customers of a segment at a month end."""

    month_end: Day = Field(description="Last day of the month.")
    segment: Segment = Field(description="RFM segment.")
    customer_count: Count = Field(description="Customers in the segment then.")
    new_count: Count = Field(description="Those of them at their first month end.")
    up_count: Count = Field(description="Those of them who came from a worse segment.")
    down_count: Count = Field(description="Those of them who came from a better segment.")
    gross_revenue: Money = Field(description="Gross revenue of their valid orders up to then.")


class Segments(BaseModel):
    """RFM segments as of the build, the grid of scores behind them, and how they moved."""

    segments: list[SegmentTotals]
    grid: list[RfmCell]
    history: list[SegmentMonth]


class CohortMonth(Row):
    """A month of a cohort."""

    mart: ClassVar[str] = "cohort_retention"

    month_number: Count
    activity_month: Day
    customers: Count | None
    retention_rate: Rate | None
    gross_revenue: Money | None
    observed_customers: Count
    observed_retention_rate: Rate
    observed_revenue: Money
    is_complete: bool


class CohortRow(CohortMonth):
    """A month of a cohort, with its cohort."""

    cohort_month: Day
    cohort_size: Count


class Cohort(BaseModel):
    """Customers whose first valid order was in the same month, and the months since."""

    cohort_month: Day = Field(description="Month of the first valid order (its first day).")
    cohort_size: Count = Field(description="Customers of the cohort.")
    months: list[CohortMonth]


class Behavior(Row):
    """Visits and preferences of a customer."""

    mart: ClassVar[str] = "customer_behavior"

    customer_key: CustomerKey
    customer_type: str = Field(examples=["crm"])
    session_count: Count
    converted_session_count: Count
    event_count: Count
    page_view_count: Count
    events_per_session: Number | None
    page_views_per_session: Number | None
    seconds_per_session: Number | None
    favourite_device: str | None = Field(examples=["mobile"])
    order_count: Count
    unit_count: Count
    gross_revenue: Money
    average_order_value: Money | None
    days_between_orders: Number | None
    favourite_category: str | None = Field(examples=["Kitchen"])
    favourite_subcategory: str | None = Field(examples=["Mugs"])
    favourite_order_hour: Count | None
    favourite_order_weekday: Count | None
    first_activity_at: Moment | None
    last_activity_at: Moment | None
    days_since_last_activity: Count | None
    as_of_date: Day


class TopCustomer(Row):
    """One of the best customers."""

    mart: ClassVar[str] = "mart_top_customers"

    customer_rank: Count
    customer_key: CustomerKey
    segment: Segment
    customer_activity_status: str = Field(examples=["Highly Active"])
    customer_value_segment: str = Field(examples=["High Value"])
    rfm_score: str = Field(examples=["555"])
    score_total: Count
    contribution_share: Rate | None
    recency_days: Count
    frequency: Count
    monetary: Money
    average_order_value: Money | None
    first_order_day: Day
    last_order_day: Day
    as_of_date: Day


class Churn(Row):
    """How likely a customer has left."""

    mart: ClassVar[str] = "churn_risk"

    customer_key: CustomerKey
    risk_class: str = Field(examples=["high"])
    reasons: str | None = Field(examples=["silent for longer than ever before"])
    probability_alive: Number | None
    recency_days: Count
    mean_gap_days: Number | None
    longest_gap_days: Count | None
    is_overdue: bool
    repeat_purchase_days: Count
    gross_revenue: Money
    expected_value_365_days: Money | None
    last_purchase_day: Day
    as_of_date: Day


class Value(Row):
    """What a customer brought and is expected to bring."""

    mart: ClassVar[str] = "customer_lifetime_value"

    customer_key: CustomerKey
    order_count: Count
    gross_revenue: Money
    discount_amount: Money
    refund_amount: Money
    net_revenue: Money
    first_purchase_day: Day
    last_purchase_day: Day
    repeat_purchase_days: Count
    probability_alive_bg_nbd: Number | None
    probability_alive_mbg_nbd: Number | None
    expected_orders_90_days: Number | None
    expected_orders_365_days: Number | None
    expected_order_value: Money | None
    expected_value_90_days: Money | None
    expected_value_365_days: Money | None
    prediction_status: str = Field(examples=["predicted"])
    as_of_date: Day


class CustomerProfile(Row):
    """A customer as the CRM describes them now, without personal data."""

    mart: ClassVar[str] = "dim_customers"

    customer_key: CustomerKey
    customer_type: str = Field(examples=["crm"])
    country: str | None = Field(examples=["GB"])
    city: str | None = Field(examples=["York"])
    is_deleted: bool
    created_at: Moment | None


class SegmentMove(Row):
    """A customer's segment at a month end."""

    mart: ClassVar[str] = "rfm_history"

    month_end: Day
    segment: Segment
    previous_segment: Segment | None
    segment_move: str = Field(examples=["up"])
    rfm_score: str = Field(examples=["453"])
    monetary: Money


class CustomerOrder(Row):
    """An order of a customer."""

    mart: ClassVar[str] = "fct_orders"

    order_id: str = Field(examples=["O000123"])
    status: str = Field(examples=["completed"])
    channel: str | None = Field(examples=["web"])
    currency: str | None = Field(examples=["GBP"])
    is_valid: bool
    item_count: Count
    unit_count: Count
    gross_revenue: Money
    discount_amount: Money
    order_day: Day
    ordered_at: Moment


class CustomerRefund(Row):
    """A refund of a customer."""

    mart: ClassVar[str] = "fct_refunds"

    refund_id: str = Field(examples=["R000012"])
    order_id: str | None = Field(examples=["O000123"])
    product_key: str = Field(examples=["P-1023"])
    reason: str | None = Field(examples=["damaged"])
    refund_amount: Money
    is_valid: bool
    refund_day: Day


class PersonalData(Row):
    """Who the customer is. Only for the scope pii, and only when asked for."""

    first_name: str | None = Field(description="First name.", examples=["Ada"])
    last_name: str | None = Field(description="Last name.", examples=["Example"])
    email: str | None = Field(description="E-mail address.", examples=["ada@example.com"])
    phone: str | None = Field(description="Phone number.", examples=["+44 20 7946 0000"])


class Customer360(BaseModel):
    """Everything known of a customer. What a customer without orders or visits does not have is null."""

    profile: CustomerProfile
    behavior: Behavior | None
    rfm: RfmCustomer | None
    value: Value | None
    churn: Churn | None
    segment_history: list[SegmentMove] = Field(description="Month ends, the newest first; 24 at most.")
    orders: list[CustomerOrder] = Field(description="The last orders, the newest first; 20 at most.")
    refunds: list[CustomerRefund] = Field(description="The last refunds, the newest first; 20 at most.")
    personal_data: PersonalData | None = Field(
        default=None,
        description="Only with include=pii; null for a customer whom the CRM does not know, or has deleted.",
    )
