"""Products, categories and what is bought together."""

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field

from plugins.analytics.marts import MartsDep
from plugins.analytics.parameters import NAME_PATTERN, Limited, Name, Sorted, Spanned
from plugins.analytics.problem import unknown
from plugins.analytics.routes import NOT_FOUND, PAGE_PROBLEMS, router
from plugins.analytics.schemas.base import Answer, Page, Row
from plugins.analytics.schemas.products import (
    Affinity,
    CategoryPerformance,
    KnownProduct,
    ProductPerformance,
    Recommendation,
    Recommendations,
)

products = router("products")

RECOMMENDATION_PARTS: dict[str, type[Row]] = {"product": KnownProduct, "recommendations": Recommendation}


class AffinityParameters(Sorted):
    min_support: float = Field(default=0, ge=0, le=1, description="Least share of the baskets that hold both.")
    min_lift: float = Field(default=0, ge=0, le=1e9, description="Least lift.")
    product_id: Name | None = Field(default=None, description="Pairs with this product only.", examples=["P-1023"])
    sort: Literal["lift", "support", "pair_count", "leverage"] = Field(
        default="lift", description="What the pairs are ordered by."
    )


class CategoryParameters(Spanned):
    category: Name | None = Field(default=None, description="One category only.", examples=["Kitchen"])


class ProductParameters(Sorted, CategoryParameters):
    sort: Literal["gross_revenue", "net_revenue", "unit_count", "view_count", "conversion_rate", "refund_amount"] = (
        Field(default="gross_revenue", description="What the products are ordered by.")
    )


class RecommendationParameters(Limited):
    limit: int = Field(default=10, ge=1, le=100, description="Recommendations at most.", examples=[5])


ProductId = Annotated[
    str, Path(max_length=128, pattern=NAME_PATTERN, description="The product_key.", examples=["P-1023"])
]


@products.get(
    "/products/affinity", operation_id="listAffinity", summary="Products bought together", responses=PAGE_PROBLEMS
)
def affinity(asked: Annotated[AffinityParameters, Query()], marts: MartsDep) -> Page[Affinity]:
    """Pairs that were bought together often enough, with the rules both ways."""
    return marts.page(Affinity, "affinity", asked, sort=asked.sort, direction=asked.order)


@products.get(
    "/products/performance", operation_id="listProducts", summary="Views, sales and refunds", responses=PAGE_PROBLEMS
)
def performance(asked: Annotated[ProductParameters, Query()], marts: MartsDep) -> Page[ProductPerformance]:
    """Sums of the whole months that the span touches; rates from the sums."""
    span = asked.span(marts.build)
    return marts.page(ProductPerformance, "products", asked, span, sort=asked.sort, direction=asked.order)


@products.get(
    "/products/{product_id}/recommendations",
    operation_id="getRecommendations",
    summary="What to offer beside a product",
    responses=NOT_FOUND,
)
def recommendations(
    product_id: ProductId, asked: Annotated[RecommendationParameters, Query()], marts: MartsDep
) -> Answer[Recommendations]:
    """The best first; an empty list where nothing is bought together with it often enough."""
    found = marts.parts(RECOMMENDATION_PARTS, "recommendations", asked.values() | {"product_id": product_id})
    if not found["product"]:
        raise unknown("product_id", "product")
    return marts.answer(Recommendations(product=found["product"][0], recommendations=found["recommendations"]))


@products.get("/categories", operation_id="listCategories", summary="Views, sales and refunds of categories")
def categories(asked: Annotated[CategoryParameters, Query()], marts: MartsDep) -> Answer[list[CategoryPerformance]]:
    """Sums of the whole months that the span touches. Orders and sessions do not add up over categories."""
    span = asked.span(marts.build)
    values = asked.values() | {"first_period": span.first_period("month"), "end_date": span.end}
    return marts.answer(marts.rows(CategoryPerformance, "categories", values), span, "month")
