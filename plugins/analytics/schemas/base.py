"""Types of values, the frame of every answer, and rows of marts."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

Data = TypeVar("Data")
MONEY_SCHEMA = {
    "type": "string",
    "pattern": r"^-?\d+\.\d{4}$",
    "description": "Amount in the currency of meta, as a decimal with four places.",
    "examples": ["1234.5000"],
}

Money = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.4f}"), WithJsonSchema(MONEY_SCHEMA)]
Count = Annotated[int, WithJsonSchema({"type": "integer", "examples": [42]})]
Rate = Annotated[float, WithJsonSchema({"type": "number", "examples": [0.125]})]
"""A share or a relative change: 0.125 is 12.5 %."""
Number = Annotated[float, WithJsonSchema({"type": "number", "examples": [2.5]})]
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-06-30"]})]
Moment = Annotated[
    datetime,
    BeforeValidator(lambda moment: moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-07-01T03:12:45Z"]}),
]
"""Naive times of the warehouse are UTC."""
CustomerKey = Annotated[str, Field(examples=["C000042"])]
ProductKey = Annotated[str, Field(examples=["P-1023"])]
Segment = Annotated[str, Field(examples=["Champions"])]


class Row(BaseModel):
    """A row of a query. `mart` names the model whose columns describe the fields."""

    mart: ClassVar[str | None] = None

    model_config = ConfigDict(protected_namespaces=())

    @classmethod
    def columns(cls) -> str:
        """Its fields as a select list."""
        return ", ".join(cls.model_fields)


class Meta(BaseModel):
    """Where an answer comes from."""

    data_through: Day = Field(description="Last day (store time zone) that every source has published.")
    build_id: int = Field(description="Number of the build of the marts.", examples=[12])
    built_at: Moment = Field(description="When that build finished (UTC).")
    currency: str | None = Field(
        description="ISO 4217 code of every amount; null where orders have several.", examples=["GBP"]
    )
    time_zone: str = Field(description="IANA name of the store's time zone, in which days are cut.")
    start_date: Day | None = Field(
        default=None,
        description="First day that the answer covers; null where it is about no span, or about days to come.",
    )
    end_date: Day | None = Field(default=None, description="Last day that the answer covers: at most data_through.")


class Answer(BaseModel, Generic[Data]):
    """An answer and where it comes from."""

    data: Data
    meta: Meta


class Page(BaseModel, Generic[Data]):
    """Some rows of a list."""

    data: list[Data]
    next_cursor: str | None = Field(
        description="The parameter cursor of the next page; null on the last.", examples=["WzEyLCI5ZjIiLDEwMF0"]
    )
    meta: Meta


class ParameterFault(BaseModel):
    """What is wrong with one parameter."""

    parameter: str = Field(description="Its name.", examples=["end_date"])
    in_: str = Field(alias="in", description="query or path.", examples=["query"])
    detail: str = Field(description="What is wrong with it.", examples=["end_date must not be before start_date"])


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(
        description="What kind of problem it is; clients may rely on it.",
        examples=["urn:analytics:problem:invalid-parameter"],
    )
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(description="HTTP status.", examples=[422])
    detail: str = Field(
        description="What is wrong, for people.", examples=["end_date: end_date must not be before start_date"]
    )
    request_id: str = Field(description="Stands in the log of the API.", examples=["9f2c61d07ab3e485"])
    errors: list[ParameterFault] | None = Field(default=None, description="The parameters at fault.")
