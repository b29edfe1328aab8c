"""Products, categories and what is bought together."""

from typing import ClassVar

from pydantic import BaseModel, Field

from plugins.analytics.schemas.base import Count, Day, Money, Number, ProductKey, Rate, Row


class Affinity(Row):
    """A pair of products bought together, with the rules both ways."""

    mart: ClassVar[str] = "product_affinity"

    product_key_a: ProductKey
    product_key_b: ProductKey
    product_name_a: str | None = Field(examples=["Tea pot"])
    product_name_b: str | None = Field(examples=["Tea cup"])
    pair_count: Count
    count_a: Count
    count_b: Count
    basket_count: Count
    support: Number
    confidence_a_to_b: Number
    confidence_b_to_a: Number
    lift: Number
    leverage: Number
    conviction_a_to_b: Number | None
    conviction_b_to_a: Number | None
    zhang_a_to_b: Number | None
    zhang_b_to_a: Number | None


class Performance(Row):
    """Measures of products or of a category over months."""

    view_count: Count
    cart_count: Count
    purchase_count: Count
    viewing_session_count: Count
    carting_session_count: Count
    buying_session_count: Count
    view_to_cart_rate: Rate | None
    conversion_rate: Rate | None
    order_count: Count
    unit_count: Count
    gross_revenue: Money
    discount_amount: Money
    refund_count: Count
    refund_amount: Money
    net_revenue: Money


class ProductPerformance(Performance):
    """A product over the months that the span touches."""

    mart: ClassVar[str] = "agg_product_performance"

    product_key: ProductKey
    product_name: str | None = Field(examples=["Tea pot"])
    category: str = Field(examples=["Kitchen"])
    subcategory: str = Field(examples=["Tea"])
    last_sale_day: Day | None


class CategoryPerformance(Performance):
    """A category and subcategory over the months that the span touches."""

    mart: ClassVar[str] = "agg_category_performance"

    category: str = Field(examples=["Kitchen"])
    subcategory: str = Field(examples=["Tea"])
    revenue_share: Rate | None = Field(description="Share of the gross revenue of all categories; null without any.")
    revenue_share_of_category: Rate | None = Field(
        description="Share of the category's gross revenue; null without any."
    )


class Recommendation(Row):
    """A product to offer beside another."""

    mart: ClassVar[str] = "product_recommendations"

    recommendation_rank: Count
    recommended_product_key: ProductKey
    recommended_product_name: str | None = Field(examples=["Tea cup"])
    pair_count: Count
    product_count: Count
    support: Number
    confidence: Number
    lift: Number


class KnownProduct(Row):
    """A product of the catalog."""

    mart: ClassVar[str] = "dim_products"

    product_key: ProductKey
    product_name: str | None = Field(description="Current name.", examples=["Tea pot"])


class Recommendations(BaseModel):
    """What to offer beside a product, the best first."""

    product: KnownProduct
    recommendations: list[Recommendation]
