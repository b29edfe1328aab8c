"""Customers from the CRM (Salesforce), by Bulk API 2.0 queries that include deleted contacts."""

import io
import re
from collections.abc import Generator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from include.sources import Extract, SourceError
from include.sources.orders import hash_emails
from include.window import Window

TABLES = ("customers",)
PAGE_ROWS = 50_000
POLL_SECONDS = 1
JOB_SECONDS = 3600  # a query job that takes longer is stuck
_WHAT_A_PARSER_FOUND = re.compile(r"(got \d+|invalid value):?.*", re.DOTALL)  # it quotes the row, which is personal
_COLUMNS = {
    "Id": "customer_id",
    "FirstName": "first_name",
    "LastName": "last_name",
    "Email": "email",
    "Phone": "phone",
    "MailingCountry": "country",
    "MailingCity": "city",
    "IsDeleted": "is_deleted",
    "CreatedDate": "created_at",
    "SystemModstamp": "updated_at",
}


def extract(salesforce: Any, window: Window, email_hash_key: bytes) -> Extract:
    """Contacts whose SystemModstamp lies in the window, deleted ones included, read by a simple-salesforce client.

    Raises:
        SourceError: a page is not CSV, or holds other rows than Salesforce says.
    """
    statement = (
        f"SELECT {', '.join(_COLUMNS)} FROM Contact "
        f"WHERE SystemModstamp >= {_soql(window.start)} AND SystemModstamp < {_soql(window.end)}"
    )
    return Extract(_batches(salesforce.bulk2.Contact, statement, email_hash_key))


def _batches(contact: Any, statement: str, email_hash_key: bytes) -> Generator[pa.RecordBatch]:
    # The library's own query_all waits a day for a job, and keeps to itself how many records a page should hold.
    client = contact._client
    client.DEFAULT_WAIT_TIMEOUT_SECONDS = JOB_SECONDS
    job = client.create_job("queryAll", statement)["id"]
    client.wait_for_job(job, True, POLL_SECONDS)
    locator = ""
    while True:
        try:
            page = client.get_query_results(job, locator, PAGE_ROWS)
        except KeyError:
            raise SourceError(f"crm: a page of job {job} does not say how many records it holds") from None
        batch = _batch(page["records"], email_hash_key)
        if batch.num_rows != page["number_of_records"]:
            raise SourceError(
                f"crm: a page of job {job} holds {batch.num_rows:,} contacts, but Salesforce says "
                f"{page['number_of_records']:,}"
            )
        yield batch
        following = page["locator"]
        if not following:
            return
        if following == locator:
            raise SourceError(f"crm: locator {locator!r} of job {job} leads back to itself; the result would never end")
        locator = following


def _batch(page: str, email_hash_key: bytes) -> pa.RecordBatch:
    types = {name: pa.string() for name in _COLUMNS if name != "IsDeleted"}
    options = pacsv.ConvertOptions(
        column_types={**types, "IsDeleted": pa.bool_()}, strings_can_be_null=True, null_values=[""]
    )
    try:
        table = pacsv.read_csv(
            io.BytesIO(page.encode()),
            convert_options=options,
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
        )
    except pa.ArrowInvalid as error:
        found = _WHAT_A_PARSER_FOUND.sub(r"\1", str(error))
        raise SourceError(f"crm: a page of contacts cannot be read as CSV: {found}") from None
    table = table.rename_columns([_COLUMNS.get(name, name) for name in table.column_names]).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=table.schema)
    emails = batch.column(batch.schema.get_field_index("email"))
    return batch.append_column("email_hash", hash_emails(emails, email_hash_key))


def _soql(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
