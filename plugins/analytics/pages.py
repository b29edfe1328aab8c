"""Cursors: where the next page begins, in one list of one build.

A build's rows do not change, and every list has a total order, so a cursor is a place in it. It names the build and a
fingerprint of the question; with another build or question it is refused, never answered with a page of something else.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from plugins.analytics.builds import Build
from plugins.analytics.problem import Fault, Problem, invalid

MAX_OFFSET = 10_000_000


def cursor(build: Build, operation: str, question: Mapping[str, Any], offset: int) -> str:
    """The cursor of the page that begins after `offset` rows."""
    held = json.dumps([build.number, _fingerprint(operation, question), offset], separators=(",", ":"))
    return base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")


def offset_of(text: str | None, build: Build, operation: str, question: Mapping[str, Any]) -> int:
    """How many rows come before the page that a cursor names; 0 without a cursor.

    Raises:
        Problem: 422 for a cursor that this question never gave, 410 for one of an older build.
    """
    if text is None:
        return 0
    try:
        number, fingerprint, offset = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise invalid("cursor", "not a cursor of this API") from error
    if type(number) is not int or type(offset) is not int or not 0 < offset <= MAX_OFFSET:
        raise invalid("cursor", "not a cursor of this API")
    if fingerprint != _fingerprint(operation, question):
        raise invalid("cursor", "the cursor belongs to a question with other parameters")
    if number != build.number:
        detail = f"the cursor is of build {number}, the marts are of build {build.number}: begin again without it"
        raise Problem(410, "cursor-expired", detail, [Fault("cursor", "query", detail)])
    return offset


def _fingerprint(operation: str, question: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in question.items() if name not in ("cursor", "limit")}
    return hashlib.sha256(json.dumps([operation, asked], sort_keys=True, default=str).encode()).hexdigest()[:16]
