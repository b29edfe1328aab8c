"""The account objects that production's Terraform owns, made at every start."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import snowflake.connector
from cryptography.hazmat.primitives import serialization
from snowflake.connector import SnowflakeConnection
from snowflake.connector.util_text import split_statements

STATEMENTS = Path(__file__).with_name("account.sql")


@contextmanager
def connect(endpoint: dict[str, Any], ca_file: Path, **options: Any) -> Iterator[SnowflakeConnection]:
    """A connection of the real connector to the stand-in, signed in by key pair, closed at the end."""
    key = serialization.load_pem_private_key(Path(endpoint["private_key_file"]).read_bytes(), password=None)
    with (
        _trusting(ca_file),
        snowflake.connector.connect(
            host=endpoint["host"],
            port=endpoint["port"],
            account=endpoint["account"],
            user=endpoint["user"],
            platform_detection_timeout_seconds=0.0,
            private_key=key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            **options,
        ) as connection,
    ):
        yield connection


@contextmanager
def _trusting(ca_file: Path) -> Iterator[None]:
    # The connector takes its authorities from the environment only, and so does what this process starts later.
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    os.environ["REQUESTS_CA_BUNDLE"] = str(ca_file)
    try:
        yield
    finally:
        if before is None:
            del os.environ["REQUESTS_CA_BUNDLE"]
        else:
            os.environ["REQUESTS_CA_BUNDLE"] = before


def create_account_objects(endpoint: dict[str, Any], ca_file: Path) -> None:
    """Run account.sql."""
    text = io.StringIO(STATEMENTS.read_text())
    with connect(endpoint, ca_file) as connection, connection.cursor() as cursor:
        for statement, _ in split_statements(text, remove_comments=True):
            if statement.strip().rstrip(";"):
                cursor.execute(statement)
