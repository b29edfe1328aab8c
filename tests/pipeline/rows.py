"""Rows of each table as the contracts type them, right unless a test changes them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

MORNING = datetime(2026, 6, 1, 9)


def exported(hour: int) -> datetime:
    """Export time on 1 July (UTC)."""
    return datetime(2026, 7, 1, hour)


def order(order_id: str = "O1", **changes: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "customer_id": "C1",
        "email_hash": None,
        "status": "paid",
        "channel": "web",
        "country": "GB",
        "currency": "GBP",
        "total_amount": Decimal("12.3450"),
        "ordered_at": MORNING,
        "updated_at": MORNING,
    } | changes


def order_item(order_item_id: str = "I1", **changes: Any) -> dict[str, Any]:
    return {
        "order_item_id": order_item_id,
        "order_id": "O1",
        "product_id": "P1",
        "quantity": 2,
        "unit_price": Decimal("3.3330"),
        "discount_amount": Decimal(0),
        "line_amount": Decimal("6.6660"),
        "ordered_at": MORNING,
        "updated_at": MORNING,
    } | changes


def refund(refund_id: str = "R1", **changes: Any) -> dict[str, Any]:
    return {
        "refund_id": refund_id,
        "order_id": "O1",
        "customer_id": "C1",
        "product_id": None,
        "quantity": None,
        "amount": Decimal("1.5000"),
        "reason": None,
        "refunded_at": MORNING,
        "updated_at": MORNING,
    } | changes


def product(product_id: str = "P1", **changes: Any) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "name": "Tea tin",
        "category": "Kitchen",
        "subcategory": "Tins",
        "brand": None,
        "list_price": Decimal("4.5000"),
        "is_merchandise": True,
        "is_active": True,
        "created_at": MORNING,
        "updated_at": MORNING,
    } | changes


def customer(customer_id: str = "C1", **changes: Any) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "first_name": "Ada",
        "last_name": "Example",
        "email": "ada@example.com",
        "phone": None,
        "email_hash": "a1" * 32,
        "country": "GB",
        "city": "York",
        "is_deleted": False,
        "created_at": MORNING,
        "updated_at": MORNING,
    } | changes


def web_event(event_id: str = "E1", **changes: Any) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_day": date(2026, 6, 1),
        "event_at": MORNING,
        "event_name": "page_view",
        "event_sequence": 1,
        "user_pseudo_id": "U1",
        "user_id": None,
        "session_id": 1,
        "session_number": 1,
        "page_location": "https://shop.example/",
        "items": None,
        "transaction_id": None,
        "purchase_revenue": None,
        "device_category": "desktop",
        "country": "GB",
        "traffic_source": "google",
        "traffic_medium": "organic",
        "experiment_id": None,
        "experiment_variant": None,
        "exported_at": exported(6),
    } | changes


MAKERS = {
    "orders": order,
    "order_items": order_item,
    "refunds": refund,
    "products": product,
    "customers": customer,
    "web_events": web_event,
}
