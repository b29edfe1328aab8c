"""Cursors: where the next page begins, in one list.

A build's rows do not change, and every list has a total order, so a cursor in a mart is a number of rows. It names the
build; with another build it has expired. The pipeline's books change between two pages: there a cursor names the last
row by what the list is ordered by, and the next page begins after it, whatever came or went before.

A cursor holds a fingerprint of its question; with another question it is refused, never answered with a page of
something else.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from plugins.analytics.builds import Build
from plugins.analytics.problem import Fault, Problem, invalid

MAX_OFFSET = 10_000_000
PREFIX = "after_"


def cursor(build: Build, operation: str, question: Mapping[str, Any], offset: int) -> str:
    """The cursor of the page that begins after `offset` rows."""
    return _text(build.number, operation, question, offset)


def offset_of(text: str | None, build: Build, operation: str, question: Mapping[str, Any]) -> int:
    """How many rows come before the page that a cursor names; 0 without a cursor.

    Raises:
        Problem: 422 for a cursor that this question never gave, 410 for one of an older build.
    """
    if text is None:
        return 0
    number, offset = _held(text, operation, question)
    if type(number) is not int or type(offset) is not int or not 0 < offset <= MAX_OFFSET:
        raise _no_cursor()
    if number != build.number:
        detail = f"the cursor is of build {number}, the marts are of build {build.number}: begin again without it"
        raise Problem(410, "cursor-expired", detail, [Fault("cursor", "query", detail)])
    return offset


def cursor_after(row: BaseModel, order: Sequence[str], operation: str, question: Mapping[str, Any]) -> str:
    """The cursor of the page that begins after a row. `order` names its fields: a moment, then texts."""
    first, *others = (getattr(row, name) for name in order)
    moment = first.astimezone(UTC).replace(tzinfo=None)
    return _text(None, operation, question, [moment.isoformat(sep=" "), *others])


def row_before(text: str | None, order: Sequence[str], operation: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """The row before the page that a cursor names, as values of a query: `after_` and each field; null without one.

    Raises:
        Problem: 422 for a cursor that this question never gave.
    """
    held: list[Any] = [None] * len(order)
    if text is not None:
        _, held = _held(text, operation, question)
        if not isinstance(held, list) or len(held) != len(order) or not all(map(_is_plain, held)):
            raise _no_cursor()
        try:
            held[0] = datetime.fromisoformat(held[0]).replace(tzinfo=None).isoformat(sep=" ")
        except ValueError as error:
            raise _no_cursor() from error
    return {PREFIX + name: value for name, value in zip(order, held, strict=True)}


def _text(number: int | None, operation: str, question: Mapping[str, Any], place: Any) -> str:
    held = json.dumps([number, _fingerprint(operation, question), place], separators=(",", ":"))
    return base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")


def _held(text: str, operation: str, question: Mapping[str, Any]) -> tuple[Any, Any]:
    """Number and place in a cursor. Raises a Problem (422) unless it is one of this question."""
    try:
        number, fingerprint, place = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise _no_cursor() from error
    if not isinstance(fingerprint, str):
        raise _no_cursor()
    if fingerprint != _fingerprint(operation, question):
        raise invalid("cursor", "the cursor belongs to a question with other parameters")
    return number, place


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _no_cursor() -> Problem:
    return invalid("cursor", "not a cursor of this API")


def _fingerprint(operation: str, question: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in question.items() if name not in ("cursor", "limit")}
    return hashlib.sha256(json.dumps([operation, asked], sort_keys=True, default=str).encode()).hexdigest()[:16]
