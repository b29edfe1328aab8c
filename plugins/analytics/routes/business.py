"""Revenue, key figures, conversion, carts and experiments."""

from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field

from plugins.analytics.marts import Marts, MartsDep
from plugins.analytics.parameters import Grain, Name, Paged, Parameters, Place, Spanned, StartDate
from plugins.analytics.routes import PAGE_PROBLEMS, router
from plugins.analytics.schemas.base import Answer, Page
from plugins.analytics.schemas.business import (
    Carts,
    Experiment,
    ExperimentVariant,
    Funnel,
    FunnelCounts,
    FunnelStage,
    Kpis,
    Revenue,
    SpanChanges,
    SpanTotals,
    Summary,
)

business = router("business")

PERIODS: dict[str, tuple[str, str]] = {
    "day": ("date_day", "marts.agg_daily_kpis"),
    "week": ("week_start", "marts.agg_weekly_kpis"),
    "month": ("month_start", "marts.agg_monthly_kpis"),
}
DEFAULT_DAYS = {"day": 30, "week": 26 * 7, "month": 13 * 30}
STAGES = ("visit", "view_item", "add_to_cart", "begin_checkout", "purchase")
Split = Literal["none", "day", "device", "channel"]
SESSION_SPLITS = {
    "none": "'all'",
    "day": "to_char(session_day, 'YYYY-MM-DD')",
    "device": "coalesce(device_category, 'unknown')",
    "channel": "channel",
}
CART_SPLITS = SESSION_SPLITS | {"day": "to_char(cart_day, 'YYYY-MM-DD')"}


class PeriodParameters(Paged, Spanned):
    start_date: StartDate = Field(
        default=None,
        description="First day (store time zone), included; else 30 days, 26 weeks or 13 months back.",
    )
    grain: Grain = Field(default="day", description="Length of a period; weeks begin on Monday.")
    limit: int = Field(default=366, ge=1, le=1000, description="Periods at most.", examples=[31])


class SplitParameters(Spanned, Place):
    split_by: Split = Field(default="none", description="What the figures are split by.")


class ExperimentParameters(Parameters):
    experiment_id: Name | None = Field(default=None, description="One experiment only.")


@business.get("/analytics/summary", operation_id="getSummary", summary="Main figures of a span of days")
def summary(asked: Annotated[Spanned, Query()], marts: MartsDep) -> Answer[Summary]:
    """Sums over the span, rates from the sums, and the change against the equally long span before.

    A span that reaches beyond data_through ends there: its covered days are compared with as many days before them.
    """
    span = asked.span(marts.build)
    covered = span.until(marts.build.data_through)
    compared = [covered or span, *([covered.previous] if covered and covered.previous else [])]
    current, *before = (totals for [totals] in marts.of_spans(SpanTotals, "span_totals", compared, {}))
    previous = before[0] if before else None
    if covered and previous and previous.day_count < covered.days:
        previous = None
    return marts.answer(Summary(current=current, previous=previous, change=_changes(current, previous)), span)


@business.get("/revenue", operation_id="listRevenue", summary="Revenue by day, week or month", responses=PAGE_PROBLEMS)
def revenue(asked: Annotated[PeriodParameters, Query()], marts: MartsDep) -> Page[Revenue]:
    """Every period that the span touches, the earliest first."""
    return _periods(Revenue, asked, marts)


@business.get(
    "/metrics/kpis", operation_id="listKpis", summary="Key figures with what came before", responses=PAGE_PROBLEMS
)
def kpis(asked: Annotated[PeriodParameters, Query()], marts: MartsDep) -> Page[Kpis]:  # type: ignore[valid-type]
    """Every period that the span touches, beside the period before and the one a year before; the earliest first."""
    return _periods(Kpis, asked, marts)


@business.get("/conversion/funnel", operation_id="getFunnel", summary="The purchase funnel")
def funnel(asked: Annotated[SplitParameters, Query()], marts: MartsDep) -> Answer[list[Funnel]]:
    """Sessions that began in the span, at each stage they reached."""
    span = asked.span(marts.build)
    split = SESSION_SPLITS[asked.split_by]
    [counts] = marts.of_spans(FunnelCounts, "funnel", [span], _split_values(asked, marts), split=split)
    return marts.answer([Funnel(split_value=row.split_value, stages=_stages(row)) for row in counts], span)


@business.get("/carts/abandonment", operation_id="getCarts", summary="Carts abandoned and recovered")
def carts(asked: Annotated[SplitParameters, Query()], marts: MartsDep) -> Answer[list[Carts]]:
    """Carts opened in the span and what became of them."""
    span = asked.span(marts.build)
    split = CART_SPLITS[asked.split_by]
    [found] = marts.of_spans(Carts, "carts", [span], _split_values(asked, marts), split=split)
    return marts.answer(found, span)


@business.get("/experiments", operation_id="listExperiments", summary="Experiments and their verdicts")
def experiments(asked: Annotated[ExperimentParameters, Query()], marts: MartsDep) -> Answer[list[Experiment]]:
    """Every experiment with its variants; an unknown one is an empty list."""
    found = marts.rows(ExperimentVariant, "experiments", asked.values())
    return marts.answer(
        [
            Experiment(experiment_id=name, variants=list(variants))
            for name, variants in groupby(found, key=lambda row: row.experiment_id)
        ]
    )


def _periods(row: Any, asked: PeriodParameters, marts: Marts) -> Page[Any]:
    period, table = PERIODS[asked.grain]
    span = asked.span(marts.build, DEFAULT_DAYS[asked.grain])
    return marts.periods(row, "kpis", asked, span, asked.grain, period=period, table=table)


def _split_values(asked: SplitParameters, marts: Marts) -> dict[str, Any]:
    return {"device": asked.device, "channel": asked.channel, "data_through": marts.build.data_through}


def _changes(current: SpanTotals, previous: SpanTotals | None) -> SpanChanges:
    return SpanChanges(
        **{
            name: _change(getattr(current, name), getattr(previous, name) if previous else None)
            for name in SpanChanges.model_fields
        }
    )


def _change(now: Decimal | float | None, before: Decimal | float | None) -> float | None:
    """As the marts have it: (now − before) ÷ |before|, to eight places."""
    if now is None or not before:
        return None
    return float(round((Decimal(str(now)) - Decimal(str(before))) / abs(Decimal(str(before))), 8))


def _stages(counts: FunnelCounts) -> list[FunnelStage]:
    reached = [getattr(counts, stage) for stage in STAGES]
    before = [reached[0], *reached]
    return [
        FunnelStage(
            stage_number=number + 1,
            stage=stage,
            session_count=reached[number],
            dropped_session_count=before[number] - reached[number],
            rate_of_entered=_rate(reached[number], reached[0]),
            rate_of_previous=_rate(reached[number], before[number]),
            drop_off_rate=_rate(before[number] - reached[number], before[number]),
        )
        for number, stage in enumerate(STAGES)
    ]


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 8) if whole else None
