"""Batches, quarantine, and whether the API itself is well."""

from pydantic import BaseModel, Field

from plugins.analytics.schemas.base import Count, Day, Moment, Money, Row


class Batch(Row):
    """A published batch: extracted = inserted + updated + superseded + quarantined, in rows and in money."""

    batch_id: str = Field(description="The batch.", examples=["orders__ingest_orders__20260630"])
    source: str = Field(description="Where it came from.", examples=["orders"])
    table_name: str = Field(description="The table it was published to.", examples=["order_items"])
    dag_id: str = Field(description="The DAG that loaded it.", examples=["ingest_orders"])
    run_id: str = Field(description="The run of the DAG.", examples=["scheduled__2026-06-30"])
    window_start: Moment = Field(description="Begin of the loaded span (UTC), included.")
    window_end: Moment = Field(description="End of the loaded span (UTC), not included.")
    extracted_rows: Count = Field(description="Rows that the source gave.")
    landed_rows: Count = Field(description="Rows that reached the warehouse.")
    inserted_rows: Count = Field(description="New rows.")
    updated_rows: Count = Field(description="Rows that replaced an older version.")
    superseded_rows: Count = Field(description="Rows older than what was there already.")
    quarantined_rows: Count = Field(description="Rows kept back by the gate.")
    replaced_rows: Count = Field(description="Rows taken out, of a table that is replaced by the day.")
    extracted_money: Money | None = Field(description="Money of the extracted rows; null for a table without any.")
    inserted_money: Money | None = Field(description="Money of the new rows.")
    updated_money: Money | None = Field(description="Money of the rows that replaced an older version.")
    superseded_money: Money | None = Field(description="Money of the superseded rows.")
    quarantined_money: Money | None = Field(description="Money of the quarantined rows.")
    published_at: Moment = Field(description="When the batch was published (UTC).")


class Gate(Row):
    """A batch that a gate has checked."""

    batch_id: str = Field(description="The batch.", examples=["orders__ingest_orders__20260630"])
    table_name: str = Field(description="The table it is for.", examples=["orders"])
    expectation_count: Count = Field(description="Expectations checked.")
    failed_count: Count = Field(description="Expectations that did not hold.")
    failed_critical_count: Count = Field(description="Those of them that stop a batch.")
    is_published: bool = Field(description="Whether the batch was published after all.")
    checked_at: Moment = Field(description="When the gate checked it (UTC).")


class Quarantined(Row):
    """Rows of a batch that are kept back for one reason."""

    table_name: str = Field(description="The table they would belong to.", examples=["orders"])
    reason: str = Field(description="Reason code of the gate.", examples=["negative_amount"])
    batch_id: str = Field(description="The batch that brought them.", examples=["orders__ingest_orders__20260630"])
    row_count: Count = Field(description="Rows in quarantine.")
    money_at_risk: Money | None = Field(description="Their money; null for a table without any.")
    first_quarantined_at: Moment = Field(description="When the first of them was kept back (UTC).")
    last_quarantined_at: Moment = Field(description="When the last of them was (UTC).")


class Health(BaseModel):
    """The process answers."""

    status: str = Field(description="How it is.", examples=["ok"])


class Readiness(BaseModel):
    """The API can answer from a finished build."""

    status: str = Field(description="How it is.", examples=["ready"])
    build_id: int = Field(description="Number of the build of the marts.", examples=[12])
    data_through: Day = Field(description="Last day that every source has published.")
