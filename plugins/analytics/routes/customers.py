"""Customers: rows of single ones need the scope customers:read, personal data the scope pii."""

from itertools import groupby
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from pydantic import Field

from plugins.analytics.front import Asked
from plugins.analytics.keys import CUSTOMERS_READ, PII
from plugins.analytics.marts import MartsDep
from plugins.analytics.parameters import (
    NAME_PATTERN,
    EndDate,
    Limited,
    Name,
    Parameters,
    Sorted,
    Spanned,
    StartDate,
)
from plugins.analytics.problem import unknown
from plugins.analytics.routes import NOT_FOUND, PAGE_PROBLEMS, router
from plugins.analytics.schemas.base import Answer, Page, Row
from plugins.analytics.schemas.customers import (
    Behavior,
    Churn,
    Cohort,
    CohortMonth,
    CohortRow,
    Customer360,
    CustomerOrder,
    CustomerProfile,
    CustomerRefund,
    PersonalData,
    RfmCell,
    RfmCustomer,
    SegmentMonth,
    SegmentMove,
    Segments,
    SegmentTotals,
    TopCustomer,
    Value,
)

groups = router("customer groups")
customers = router("customers", CUSTOMERS_READ)

SegmentName = Annotated[Name | None, Field(description="RFM segment.", examples=["Champions"])]
OneCustomer = Annotated[Name | None, Field(description="One customer only.", examples=["C000042"])]

COHORT_DAYS = 366
MONTHS_SHOWN = 24
EVENTS_SHOWN = 20
SEGMENT_PARTS: dict[str, type[Row]] = {"segments": SegmentTotals, "grid": RfmCell, "history": SegmentMonth}
CUSTOMER_PARTS: dict[str, type[Row]] = {
    "profile": CustomerProfile,
    "behavior": Behavior,
    "rfm": RfmCustomer,
    "value": Value,
    "churn": Churn,
}
CUSTOMER_LISTS: dict[str, type[Row]] = {
    "segment_history": SegmentMove,
    "orders": CustomerOrder,
    "refunds": CustomerRefund,
}


class RfmParameters(Sorted, Spanned):
    start_date: StartDate = Field(default=None, description="First day of the last order, included; else any.")
    end_date: EndDate = Field(default=None, description="Last day of the last order, included; else any.")
    segment: SegmentName = None
    customer_id: OneCustomer = None
    sort: Literal["monetary", "frequency", "recency_days", "last_order_day"] = Field(
        default="monetary", description="What the customers are ordered by."
    )


class SegmentParameters(Spanned):
    start_date: StartDate = Field(default=None, description="First day of the history, included; else by months.")
    end_date: EndDate = Field(default=None, description="Last day of the history, included; else data_through.")
    segment: SegmentName = None
    months: int = Field(default=12, ge=0, le=60, description="Month ends of history; no matter with a start_date.")


class CohortParameters(Spanned):
    start_date: StartDate = Field(default=None, description="First month of the cohorts; else a year before the last.")
    end_date: EndDate = Field(default=None, description="Last month of the cohorts; else that of data_through.")
    months: int = Field(default=24, ge=0, le=240, description="Months after the first order at most.")


class BehaviorParameters(Sorted, Spanned):
    start_date: StartDate = Field(default=None, description="First day of the last activity, included; else any.")
    end_date: EndDate = Field(default=None, description="Last day of the last activity, included; else any.")
    segment: SegmentName = None
    customer_id: OneCustomer = None
    sort: Literal["last_activity_at", "session_count", "order_count", "gross_revenue"] = Field(
        default="last_activity_at", description="What the customers are ordered by."
    )


class TopParameters(Limited):
    limit: int = Field(
        default=20, ge=1, le=20, description="Customers at most; the mart holds the best 20.", examples=[10]
    )


class ChurnParameters(Sorted):
    risk_class: Literal["low", "medium", "high", "unknown"] | None = Field(default=None, description="Risk class.")
    sort: Literal["gross_revenue", "expected_value_365_days", "probability_alive", "recency_days"] = Field(
        default="gross_revenue", description="What the customers are ordered by."
    )


class ValueParameters(Sorted):
    sort: Literal["expected_value_365_days", "net_revenue", "gross_revenue", "order_count"] = Field(
        default="expected_value_365_days", description="What the customers are ordered by."
    )


class CustomerParameters(Parameters):
    include: Literal["pii"] | None = Field(
        default=None,
        description="pii adds name, e-mail and phone, unless the CRM has deleted the contact; it needs the scope pii.",
    )


CustomerId = Annotated[
    str, Path(max_length=128, pattern=NAME_PATTERN, description="The customer_key.", examples=["C000042"])
]


@groups.get("/customers/segments", operation_id="getSegments", summary="Customers and revenue by RFM segment")
def segments(asked: Annotated[SegmentParameters, Query()], marts: MartsDep) -> Answer[Segments]:
    """Segments as of the build, the grid of scores, and the segments at the last month ends."""
    through = marts.build.data_through
    values = asked.values() | {"last_day": min(asked.end_date or through, through)}
    return marts.answer(Segments(**marts.parts(SEGMENT_PARTS, "segments", values)))


@groups.get("/cohorts/retention", operation_id="getCohorts", summary="Retention and revenue of monthly cohorts")
def cohorts(asked: Annotated[CohortParameters, Query()], marts: MartsDep) -> Answer[list[Cohort]]:
    """Cohorts whose month the span touches, the earliest first, with the months since."""
    span = asked.span(marts.build, COHORT_DAYS)
    values = {"first_period": span.first_period("month"), "end_date": span.end, "months": asked.months}
    found = marts.rows(CohortRow, "cohorts", values)
    return marts.answer(
        [
            Cohort(cohort_month=month, cohort_size=size, months=[CohortMonth(**row.model_dump()) for row in rows])
            for (month, size), rows in groupby(found, key=lambda row: (row.cohort_month, row.cohort_size))
        ],
        span,
        "month",
    )


@customers.get("/customers/rfm", operation_id="listRfm", summary="RFM scores of customers", responses=PAGE_PROBLEMS)
def rfm(asked: Annotated[RfmParameters, Query()], marts: MartsDep) -> Page[RfmCustomer]:
    """Customers with a valid order, as of the day after data_through; dates choose by the last order's day."""
    return marts.page(RfmCustomer, "rfm", asked, sort=asked.sort, direction=asked.order)


@customers.get(
    "/customers/behavior", operation_id="listBehavior", summary="Visits and preferences", responses=PAGE_PROBLEMS
)
def behavior(asked: Annotated[BehaviorParameters, Query()], marts: MartsDep) -> Page[Behavior]:
    """Known customers with their sessions, orders and favourites; an unknown customer_id is an empty list."""
    return marts.page(Behavior, "behavior", asked, sort=asked.sort, direction=asked.order)


@customers.get("/customers/top", operation_id="listTopCustomers", summary="The best customers")
def top(asked: Annotated[TopParameters, Query()], marts: MartsDep) -> Answer[list[TopCustomer]]:
    """By RFM, then by share of the revenue, the best first."""
    return marts.answer(marts.rows(TopCustomer, "top_customers", asked.values()))


@customers.get("/customers/churn", operation_id="listChurn", summary="Customers at risk", responses=PAGE_PROBLEMS)
def churn(asked: Annotated[ChurnParameters, Query()], marts: MartsDep) -> Page[Churn]:
    """How likely each customer has left, and why we think so."""
    return marts.page(Churn, "churn", asked, sort=asked.sort, direction=asked.order)


@customers.get("/customers/value", operation_id="listValue", summary="Customer value", responses=PAGE_PROBLEMS)
def value(asked: Annotated[ValueParameters, Query()], marts: MartsDep) -> Page[Value]:
    """What each customer brought, and what to expect of the next 90 and 365 days."""
    return marts.page(Value, "value", asked, sort=asked.sort, direction=asked.order)


@customers.get(
    "/customers/{customer_id}",
    operation_id="getCustomer",
    summary="Everything known of a customer",
    responses=NOT_FOUND,
)
def customer(
    customer_id: CustomerId, asked: Annotated[CustomerParameters, Query()], marts: MartsDep, request: Request
) -> Answer[Customer360]:
    """Profile, visits, RFM, value, risk and last orders. Personal data only with include=pii, and never kept."""
    values = {
        "customer_id": customer_id,
        "data_through": marts.build.data_through,
        "months": MONTHS_SHOWN,
        "events": EVENTS_SHOWN,
    }
    found = marts.parts(CUSTOMER_PARTS | CUSTOMER_LISTS, "customer", values)
    if not found["profile"]:
        raise unknown("customer_id", "customer")
    single: dict[str, Any] = {part: (found[part] or [None])[0] for part in CUSTOMER_PARTS}
    lists: dict[str, Any] = {part: found[part] for part in CUSTOMER_LISTS}
    return marts.answer(
        Customer360(
            **single,
            **lists,
            personal_data=_personal_data(request, customer_id) if asked.include == "pii" else None,
        )
    )


def _personal_data(request: Request, customer_id: str) -> PersonalData | None:
    asked: Asked = request.scope["analytics"]
    assert asked.principal is not None
    asked.principal.require(PII)
    asked.keep = False
    found = request.app.state.pii_sessions.rows(
        "getPersonalData", "serve/personal_data.sql", {"customer_id": customer_id}
    )
    if not found:
        return None
    asked.personal_data_of = customer_id
    return PersonalData(**found[0])
