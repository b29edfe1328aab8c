"""Customers from the CRM (Salesforce), by Bulk API 2.0 queries that include deleted contacts."""

import io
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
        SourceError: a page's columns are not those asked for.
    """
    statement = (
        f"SELECT {', '.join(_COLUMNS)} FROM Contact "
        f"WHERE SystemModstamp >= {_soql(window.start)} AND SystemModstamp < {_soql(window.end)}"
    )
    pages = salesforce.bulk2.Contact.query_all(statement, max_records=PAGE_ROWS, wait=POLL_SECONDS)
    return Extract(_batch(page, email_hash_key) for page in pages)


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
        raise SourceError(f"crm: a page of contacts cannot be read as CSV: {error}") from error
    table = table.rename_columns([_COLUMNS.get(name, name) for name in table.column_names]).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema=table.schema)
    emails = batch.column(batch.schema.get_field_index("email"))
    return batch.append_column("email_hash", hash_emails(emails, email_hash_key))


def _soql(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
