"""Slack: incoming webhooks. Messages are kept and listed instead of shown in a channel."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse

from local.saas.journal import Journal

MAX_BLOCKS = 50


def router(state_dir: Path) -> APIRouter:
    """The webhook and the control paths."""
    routes = APIRouter()
    messages = Journal(state_dir / "slack" / "messages.jsonl")

    @routes.post("/slack/services/{team}/{app}/{secret}")
    async def post(team: str, app: str, secret: str, request: Request) -> PlainTextResponse:
        if not re.fullmatch(r"T\w+", team):
            return PlainTextResponse("no_team", 404)
        if not re.fullmatch(r"B\w+", app) or not re.fullmatch(r"\w+", secret):
            return PlainTextResponse("no_service", 404)
        message = _payload(await request.body(), request.headers.get("content-type", ""))
        problem = "invalid_payload" if message is None else _problem(message)
        if problem is not None:
            return PlainTextResponse(problem, 400)
        messages.append({"webhook": f"{team}/{app}", "message": message})
        return PlainTextResponse("ok")

    @routes.get("/_control/slack/messages")
    def listed() -> list[dict[str, Any]]:
        return messages.entries()

    @routes.delete("/_control/slack/messages", status_code=204)
    def clear() -> None:
        messages.clear()

    return routes


def _payload(body: bytes, content_type: str) -> dict[str, Any] | None:
    """The message of a JSON body, or of a form's `payload`; None when there is none."""
    try:
        text = body.decode()
        if content_type.startswith("application/x-www-form-urlencoded"):
            text = parse_qs(text).get("payload", [""])[0]
        message = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError):
        return None
    return message if isinstance(message, dict) else None


def _problem(message: dict[str, Any]) -> str | None:
    blocks = message.get("blocks")
    if blocks is not None:
        sound = isinstance(blocks, list) and len(blocks) <= MAX_BLOCKS
        if not sound or not all(isinstance(block, dict) and "type" in block for block in blocks):
            return "invalid_blocks"
    text = message.get("text")
    if text is not None and not isinstance(text, str):
        return "invalid_payload"
    return None if text or blocks or message.get("attachments") else "no_text"
