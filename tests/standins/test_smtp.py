"""The mail server accepts everything and keeps it."""

import email
import smtplib
from email.message import EmailMessage
from pathlib import Path

from local.stack import Stack


def test_a_message_is_kept(stack: Stack, state: Path):
    message = EmailMessage()
    message["Subject"] = "Deadline missed — ingest_orders"
    message["From"] = "airflow@shop.example"
    message["To"] = "on-call@shop.example"
    message.set_content("It is late.")
    before = set((state / "smtp").glob("*.eml"))
    with smtplib.SMTP(stack.endpoints["smtp"]["host"], stack.endpoints["smtp"]["port"]) as client:
        client.send_message(message, to_addrs=["on-call@shop.example", "hidden@shop.example"])
    (kept,) = set((state / "smtp").glob("*.eml")) - before
    read = email.message_from_bytes(kept.read_bytes(), policy=email.policy.default)
    assert read["Subject"] == "Deadline missed — ingest_orders"
    assert read["X-Envelope-To"] == "on-call@shop.example, hidden@shop.example"
    assert read.get_content().strip() == "It is late."
