"""The pipeline's own books: batches and quarantine. They change between builds, so no answer is kept."""

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field

from plugins.analytics.front import Asked
from plugins.analytics.marts import MartsDep
from plugins.analytics.parameters import Name, Paged
from plugins.analytics.routes import router
from plugins.analytics.schemas.base import Page
from plugins.analytics.schemas.quality import Batch, Gate, Quarantined


async def _live(request: Request) -> None:
    asked: Asked = request.scope["analytics"]
    asked.keep = False


quality = router("quality")
quality.dependencies.append(Depends(_live))


class BatchParameters(Paged):
    source: Name | None = Field(default=None, description="Source of the batch.", examples=["orders"])
    table_name: Name | None = Field(default=None, description="Table of the batch.", examples=["order_items"])


class GateParameters(Paged):
    table_name: Name | None = Field(default=None, description="Table of the batch.", examples=["order_items"])


class QuarantineParameters(Paged):
    table_name: Name | None = Field(default=None, description="Table the rows would belong to.", examples=["orders"])
    reason: Name | None = Field(default=None, description="Reason code.", examples=["negative_amount"])


@quality.get("/quality/batches", operation_id="listBatches", summary="Published batches")
def batches(asked: Annotated[BatchParameters, Query()], marts: MartsDep) -> Page[Batch]:
    """What was extracted and what became of it, in rows and in money; the newest first. As of now, not of the build."""
    return marts.live_page(Batch, "batches", asked, ("published_at", "batch_id", "table_name"))


@quality.get("/quality/gates", operation_id="listGates", summary="Batches as the gates saw them")
def gates(asked: Annotated[GateParameters, Query()], marts: MartsDep) -> Page[Gate]:
    """Checked batches, stopped ones too; the newest first. The log of the gate's task names what failed."""
    return marts.live_page(Gate, "gates", asked, ("checked_at", "batch_id", "table_name"))


@quality.get("/quality/quarantine", operation_id="listQuarantine", summary="Rows kept back")
def quarantine(asked: Annotated[QuarantineParameters, Query()], marts: MartsDep) -> Page[Quarantined]:
    """Counts and money by table, reason and batch, never the rows; the newest first. As of now, not of the build."""
    order = ("last_quarantined_at", "table_name", "reason", "batch_id")
    return marts.live_page(Quarantined, "quarantine", asked, order)
