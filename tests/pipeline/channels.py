"""What arrived at the stand-ins of Slack and the mail server."""

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests

from local.stack import Stack


@dataclass
class Channels:
    """Messages since `begin`, by channel."""

    stack: Stack
    mails: Path
    seen: frozenset[Path] = frozenset()

    def begin(self) -> None:
        """Forget what has arrived, and every fault."""
        for path in ("slack/messages", "faults"):
            requests.delete(f"{self._control}/{path}", timeout=5).raise_for_status()
        self.seen = frozenset(self.mails.glob("*.eml"))

    def break_slack(self, times: int) -> None:
        """Let the next requests to Slack fail."""
        fault = {"service": "slack", "status": 500, "times": times}
        requests.post(f"{self._control}/faults", json=fault, timeout=5).raise_for_status()

    def slack(self) -> list[dict[str, Any]]:
        """Slack's messages, oldest first."""
        listed = requests.get(f"{self._control}/slack/messages", timeout=5).json()
        return [entry["message"] for entry in listed]

    def mail(self) -> list[EmailMessage]:
        """E-mails, oldest first."""
        files = sorted(set(self.mails.glob("*.eml")) - self.seen)
        return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]

    def headlines(self) -> tuple[list[str], list[str]]:
        """Headlines of each channel, without icons and prefix."""
        slack = [message["blocks"][0]["text"]["text"].split(" ", 1)[1] for message in self.slack()]
        return slack, [message["Subject"].removeprefix("[warehouse] ") for message in self.mail()]

    @property
    def _control(self) -> str:
        return f"{self.stack.endpoints['saas']['base_url']}/_control"


def text_of(mail: EmailMessage) -> str:
    """The HTML of an e-mail."""
    body = mail.get_body(("html",))
    assert body is not None
    return body.get_content()
