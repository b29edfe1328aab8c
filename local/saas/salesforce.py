"""Salesforce: Bulk API 2.0 query jobs and the REST query resource, over the customers of the data set as contacts.

A live org holds one state of each contact. The stand-in answers with every version whose SystemModstamp is in the range
asked for, as if the contact had been read on each day it changed, so that a load over a whole history sees what daily
loads would have seen.
"""

import base64
import binascii
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import JSONResponse

from local.saas import salesforce_login, soql
from local.saas.credentials import Tokens, bearer
from local.saas.dataset import Dataset

SESSION_ID = "local-salesforce-session"
MAX_RECORDS = 50_000
REST_PAGE = 2_000
JOBS_KEPT = 50
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
FIELDS = {
    "Id": "customer_id",
    "FirstName": "first_name",
    "LastName": "last_name",
    "Email": "email",
    "Phone": "phone",
    "MailingCountry": "country",
    "MailingCity": "city",
    "IsDeleted": "is_deleted",
    "CreatedDate": "created_at",
    "LastModifiedDate": "updated_at",
    "SystemModstamp": "updated_at",
}


Version = Annotated[str, Path(pattern=r"^\d+\.\d$")]


class SalesforceError(Exception):
    """An error answered as Salesforce does: a list of code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = [{"errorCode": code, "message": message}]


class QueryJob(BaseModel):
    """What a client sends to create a query job."""

    operation: Literal["query", "queryAll"]
    query: str
    columnDelimiter: str = "COMMA"
    lineEnding: Literal["LF", "CRLF"] = "LF"


class JobChange(BaseModel):
    """What a client sends to end a job."""

    state: str


class Polling(BaseModel):
    """For tests: how many polls of a new job answer InProgress before it is complete."""

    polls_in_progress: int = 0


@dataclass
class Job:
    """A query job and its result."""

    id: str
    request: QueryJob
    version: str
    result: pa.Table
    created: str
    polls_left: int
    state: str = "UploadComplete"

    def describe(self) -> dict[str, Any]:
        """The job as its resource."""
        return {
            "id": self.id,
            "operation": self.request.operation,
            "object": soql.OBJECT,
            "createdById": "005000000000001AAA",
            "createdDate": self.created,
            "systemModstamp": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.request.lineEnding,
            "columnDelimiter": self.request.columnDelimiter,
        }

    def progress(self) -> dict[str, Any]:
        """The job as a poll sees it; each poll brings it nearer to its end."""
        if self.state in ("UploadComplete", "InProgress"):
            self.state = "InProgress" if self.polls_left > 0 else "JobComplete"
            self.polls_left -= 1
        done = len(self.result) if self.state == "JobComplete" else 0
        more = {"jobType": "V2Query", "numberRecordsProcessed": done, "retries": 0, "totalProcessingTime": 1}
        return self.describe() | more


@dataclass
class Org:
    """The contacts, and the jobs that were created on them."""

    contacts: pa.Table
    now: str
    jobs: dict[str, Job] = field(default_factory=dict)
    polls_in_progress: int = 0
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, dataset: Dataset) -> "Org":
        """An org that holds the customers of a data set."""
        return cls(_contacts(dataset), f"{dataset.as_of:%Y-%m-%dT%H:%M:%S}.000+0000")

    def select(self, text: str, include_deleted: bool) -> pa.Table:
        """Run a query. Raises SalesforceError for one that is wrong."""
        try:
            query = soql.parse(text, self.contacts.schema)
        except soql.SoqlError as error:
            raise SalesforceError(400, error.code, str(error)) from error
        found = self.contacts if include_deleted else self.contacts.filter(~pc.field("IsDeleted"))
        return query.run(found)

    def create(self, request: QueryJob, version: str) -> Job:
        """Create a job; its result is computed at once, though a client first sees it when it polls."""
        if request.columnDelimiter not in DELIMITERS:
            raise SalesforceError(400, "INVALIDJOB", f"Unknown column delimiter: {request.columnDelimiter}")
        result = self.select(request.query, request.operation == "queryAll")
        with self.lock:
            job_id = f"750{next(self.numbers):012d}AAA"
            job = Job(job_id, request, version, result, self.now, self.polls_in_progress)
            self.jobs[job_id] = job
            while len(self.jobs) > JOBS_KEPT:
                del self.jobs[next(iter(self.jobs))]
        return job

    def job(self, job_id: str) -> Job:
        """A job by its id. Raises SalesforceError when there is none."""
        if job_id not in self.jobs:
            raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")
        return self.jobs[job_id]


def router(dataset: Dataset, key: rsa.RSAPrivateKey) -> APIRouter:
    """Logins, the data API and the control paths."""
    routes = APIRouter()
    org = Org.of(dataset)
    tokens = Tokens("salesforce", lifetime=7200, standing=SESSION_ID)
    routes.include_router(salesforce_login.router(tokens, key))
    session = [Depends(_authorise(tokens))]
    routes.include_router(_bulk(org), prefix="/services/data/v{version}/jobs", dependencies=session)
    routes.include_router(_rest(org), prefix="/services/data/v{version}", dependencies=session)

    @routes.post("/_control/salesforce", status_code=204)
    def polling(change: Polling) -> None:
        org.polls_in_progress = change.polls_in_progress

    return routes


def _authorise(tokens: Tokens) -> Callable[..., None]:
    def authorise(authorization: Annotated[str | None, Header()] = None) -> None:
        sent = bearer(authorization, ("Bearer", "OAuth"))
        if sent is None or not tokens.accepts(sent):
            raise SalesforceError(401, "INVALID_SESSION_ID", "Session expired or invalid")

    return authorise


def _bulk(org: Org) -> APIRouter:
    bulk = APIRouter()

    @bulk.post("/query")
    def create(version: Version, request: QueryJob) -> dict[str, Any]:
        return org.create(request, version).describe()

    @bulk.get("/query")
    def jobs() -> dict[str, Any]:
        return {"done": True, "records": [job.describe() for job in org.jobs.values()], "nextRecordsUrl": None}

    @bulk.get("/query/{job_id}")
    def poll(job_id: str) -> dict[str, Any]:
        return org.job(job_id).progress()

    @bulk.patch("/query/{job_id}")
    def end(job_id: str, change: JobChange) -> dict[str, Any]:
        job = org.job(job_id)
        if change.state != "Aborted":
            raise SalesforceError(400, "INVALIDJOBSTATE", f"A query job cannot be set to {change.state}")
        if job.state == "JobComplete":
            raise SalesforceError(400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
        job.state = "Aborted"
        return job.describe()

    @bulk.delete("/query/{job_id}", status_code=204)
    def delete(job_id: str) -> None:
        if org.job(job_id).state in ("UploadComplete", "InProgress"):
            raise SalesforceError(400, "INVALIDJOBSTATE", "A job that is still running cannot be deleted")
        del org.jobs[job_id]

    @bulk.get("/query/{job_id}/results")
    def results(
        version: Version,
        job_id: str,
        locator: str | None = None,
        max_records: Annotated[int, Query(alias="maxRecords", ge=1)] = MAX_RECORDS,
    ) -> Response:
        job = org.job(job_id)
        if job.state != "JobComplete":
            raise SalesforceError(400, "INVALIDJOBSTATE", f"The job has no results: its state is {job.state}")
        if job.version != version:
            raise SalesforceError(409, "API_ERROR", f"The job was created with API version {job.version}")
        start = _read_locator(locator)
        page = job.result.slice(start, max_records)
        end = start + len(page)
        headers = {
            "Sforce-NumberOfRecords": str(len(page)),
            "Sforce-Locator": _locator(end) if end < len(job.result) else "null",
        }
        return Response(_csv(page, job.request), headers=headers, media_type="text/csv")

    return bulk


def _rest(org: Org) -> APIRouter:
    rest = APIRouter()

    def page(version: str, resource: str, text: str, start: int) -> dict[str, Any]:
        if resource not in ("query", "queryAll"):
            raise SalesforceError(404, "NOT_FOUND", "The requested resource does not exist")
        found = org.select(text, resource == "queryAll")
        records = _printable(found.slice(start, REST_PAGE)).to_pylist()
        kind = {"attributes": {"type": soql.OBJECT}}
        answer: dict[str, Any] = {
            "totalSize": len(found),
            "done": start + REST_PAGE >= len(found),
            "records": [kind | record for record in records],
        }
        if not answer["done"]:
            cursor = base64.urlsafe_b64encode(f"{start + REST_PAGE} {text}".encode()).decode()
            answer["nextRecordsUrl"] = f"/services/data/v{version}/{resource}/{cursor}"
        return answer

    @rest.get("/{resource}/")
    @rest.get("/{resource}")
    def query(version: Version, resource: str, q: str = "") -> dict[str, Any]:
        return page(version, resource, q, 0)

    @rest.get("/{resource}/{cursor}")
    def more(version: Version, resource: str, cursor: str) -> dict[str, Any]:
        try:
            start, _, text = base64.urlsafe_b64decode(cursor).decode().partition(" ")
            position = int(start)
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            raise SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from error
        return page(version, resource, text, position)

    return rest


def error_response(_request: Request, error: Exception) -> Response:
    """Answer a SalesforceError."""
    if not isinstance(error, SalesforceError):
        raise error
    return JSONResponse(error.body, error.status)


def _contacts(dataset: Dataset) -> pa.Table:
    """Customers under the names of contact fields, their times cut to milliseconds, oldest change first."""
    customers = dataset.table("customers")
    columns = {name: _contact_column(customers[column]) for name, column in FIELDS.items()}
    return pa.table(columns).sort_by([("SystemModstamp", "ascending"), ("Id", "ascending")])


def _contact_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return pc.cast(column, pa.timestamp("ms", "UTC"), safe=False)
    if pa.types.is_boolean(column.type):
        return pc.fill_null(column, False)
    return pc.cast(column, pa.string())


def _printable(table: pa.Table) -> pa.Table:
    """Times as Salesforce writes them, to the millisecond; other values as they are."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            text = pc.strftime(table.column(index), format="%Y-%m-%dT%H:%M:%SZ")  # %S holds the unit's decimals
            table = table.set_column(index, column.name, text)
    return table


def _csv(table: pa.Table, request: QueryJob) -> bytes:
    """Every value in quotes, null as an empty one."""
    if len(table) == 0:
        header = DELIMITERS[request.columnDelimiter].join(f'"{name}"' for name in table.column_names)
        return (header + _eol(request)).encode()
    texts = _printable(table)
    columns = [pc.fill_null(pc.cast(texts[name], pa.string()), "") for name in texts.column_names]
    options = pyarrow.csv.WriteOptions(
        delimiter=DELIMITERS[request.columnDelimiter], quoting_style="all_valid", eol=_eol(request)
    )
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.table(columns, names=table.column_names), sink, options)
    return sink.getvalue().to_pybytes()


def _eol(request: QueryJob) -> str:
    return "\r\n" if request.lineEnding == "CRLF" else "\n"


def _locator(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _read_locator(locator: str | None) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (binascii.Error, ValueError) as error:
        raise SalesforceError(400, "INVALIDJOB", f"Invalid locator: {locator}") from error
