"""Looker: the API 4.0 resources behind dashboards and queries. Every query that is run is recorded.

Rows are made up from the query itself: what matters to the pipelines is which queries were run, not what came back.
"""

import csv
import hashlib
import io
import itertools
import math
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Header, Query, Request, Response
from starlette.responses import JSONResponse

from local.saas.credentials import Tokens, bearer
from local.saas.journal import Journal
from local.saas.looker_content import (
    MODEL,
    dashboards,
    datagroups,
    describe_query,
    explore,
    explores,
    unknown_fields,
)

CLIENT_ID = "local-looker-client"
CLIENT_SECRET = "local-looker-secret"
# A link below /looker/docs/r/err/ would make the SDK go to the internet for an explanation.
DOCUMENTATION = "https://cloud.google.com/looker/docs/"
MADE_UP_ROWS = 3

Fields = Annotated[str | None, Query(description="comma-separated names of the attributes to answer")]
Document = dict[str, Any]


class LookerError(Exception):
    """An error answered as Looker does. `errors` are the fields that are wrong."""

    def __init__(self, status: int, message: str, errors: list[Document] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Document = {"message": message, "documentation_url": DOCUMENTATION}
        if errors:
            self.body["errors"] = [error | {"documentation_url": DOCUMENTATION} for error in errors]


class Content:
    """Dashboards, the queries known by id, and which of them are in the cache."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.dashboards = {dashboard["id"]: dashboard for dashboard in dashboards()}
        self.queries: dict[str, Document] = {}
        self.used_by: dict[str, list[str]] = {}
        self.tasks: dict[str, Document] = {}
        self._numbers = itertools.count(1)
        self._cached: set[str] = set()
        self._lock = threading.Lock()
        for element in self.elements():
            self.queries[element["query_id"]] = element["query"]
            self.used_by.setdefault(element["query_id"], []).append(element["dashboard_id"])

    def elements(self) -> list[Document]:
        """Every element of every dashboard."""
        return [element for dashboard in self.dashboards.values() for element in dashboard["dashboard_elements"]]

    def create(self, query: Document) -> Document:
        """The query's resource, made if there is none. Raises LookerError for a query that is wrong."""
        missing = [name for name in ("model", "view") if not query.get(name)]
        if missing:
            errors = [
                {"field": name, "code": "missing_field", "message": "This field is required."} for name in missing
            ]
            raise LookerError(422, "Validation Failed", errors)
        if not re.fullmatch(r"-?\d+", str(query.get("limit") or 0)):
            wrong = {"field": "limit", "code": "invalid", "message": "Must be a whole number."}
            raise LookerError(422, "Validation Failed", [wrong])
        if query["model"] != MODEL or query["view"] not in explores():
            raise LookerError(404, "Not found")
        described = describe_query(query)
        return self.queries.setdefault(described["id"], described)

    def run(self, query: Document, result_format: str, limit: int | None, cache: bool) -> Response:
        """Run a query and record it. Raises LookerError for a format that is not offered, or an unknown field."""
        if result_format not in ("json", "csv", "json_detail"):
            raise LookerError(400, f"Unsupported result format: {result_format}")
        if unknown := unknown_fields(query):
            raise LookerError(400, f"Unknown field {unknown[0]}")
        self._record(query, result_format, cache)
        return _rendered(query, _rows(query, limit), result_format)

    def start(self, query: Document, result_format: str, cache: bool) -> Document:
        """A task that runs a query: when it is looked at again, the query has been run, or has failed."""
        number = f"{next(self._numbers):032x}"
        return self.tasks.setdefault(
            number,
            {
                "id": number,
                "query_id": query["id"],
                "query": query,
                "result_format": result_format,
                "cache": cache,
                "status": "added",
            },
        )

    def follow(self, task: Document) -> Document:
        """The task as it is now."""
        if task["status"] == "added":
            if unknown_fields(task["query"]):
                task["status"] = "error"
            else:
                self._record(task["query"], task["result_format"], task["cache"])
                task["status"] = "complete"
        return task

    def _record(self, query: Document, result_format: str, cache: bool) -> None:
        with self._lock:
            from_cache = cache and query["id"] in self._cached
            if result_format == "json_detail":  # the other formats are streamed, and not kept
                self._cached.add(query["id"])
            self.journal.append(
                {
                    "query_id": query["id"],
                    "dashboards": self.used_by.get(query["id"], []),
                    "explore": f"{query['model']}.{query['view']}",
                    "fields": query["fields"],
                    "filters": query["filters"],
                    "result_format": result_format,
                    "from_cache": from_cache,
                }
            )


def router(state_dir: Path) -> APIRouter:
    """Login, content, queries and the control paths."""
    routes = APIRouter()
    tokens = Tokens("looker")
    content = Content(Journal(state_dir / "looker" / "queries.jsonl"))
    routes.include_router(_login(tokens), prefix="/api")
    authorised = [Depends(_authorise(tokens))]
    routes.include_router(_content(content), prefix="/api/4.0", dependencies=authorised)
    routes.include_router(_queries(content), prefix="/api/4.0", dependencies=authorised)

    @routes.get("/_control/looker/queries")
    def recorded() -> list[Document]:
        return content.journal.entries()

    @routes.delete("/_control/looker/queries", status_code=204)
    def clear() -> None:
        content.journal.clear()

    return routes


def error_response(_request: Request, error: Exception) -> Response:
    """Answer a LookerError."""
    if not isinstance(error, LookerError):
        raise error
    return JSONResponse(error.body, error.status)


def _authorise(tokens: Tokens) -> Callable[..., None]:
    def authorise(authorization: Annotated[str | None, Header()] = None) -> None:
        sent = bearer(authorization, ("Bearer", "token"))
        if sent is None or not tokens.accepts(sent):
            raise LookerError(401, "Requires authentication.")

    return authorise


def _login(tokens: Tokens) -> APIRouter:
    routes = APIRouter()

    @routes.post("/4.0/login")
    def login(client_id: Annotated[str, Form()] = "", client_secret: Annotated[str, Form()] = "") -> Document:
        if (client_id, client_secret) != (CLIENT_ID, CLIENT_SECRET):
            raise LookerError(404, "Not found")  # the answer of Looker, too, to wrong credentials
        return {"access_token": tokens.issue(), "token_type": "Bearer", "expires_in": tokens.lifetime}

    @routes.delete("/logout", status_code=204, dependencies=[Depends(_authorise(tokens))])
    @routes.delete("/4.0/logout", status_code=204, dependencies=[Depends(_authorise(tokens))])
    def logout(authorization: Annotated[str | None, Header()] = None) -> None:
        tokens.revoke(bearer(authorization, ("Bearer", "token")) or "")

    return routes


def _content(content: Content) -> APIRouter:
    routes = APIRouter()

    @routes.get("/user")
    def me(fields: Fields = None) -> Document:
        return _only({"id": "1", "display_name": "Airflow", "is_disabled": False}, fields)

    @routes.get("/dashboards")
    def all_dashboards(fields: Fields = None) -> list[Document]:
        listed = ("id", "slug", "title", "description", "hidden", "readonly", "query_timezone", "folder")
        return [_only({key: one[key] for key in listed}, fields) for one in content.dashboards.values()]

    @routes.get("/dashboards/search")
    def search(title: str | None = None, id: str | None = None, fields: Fields = None) -> list[Document]:
        found = (
            one
            for one in content.dashboards.values()
            if (title is None or title.lower() == one["title"].lower()) and id in (None, one["id"])
        )
        return [_only(one, fields) for one in found]

    @routes.get("/dashboards/{dashboard_id}")
    def dashboard(dashboard_id: str, fields: Fields = None) -> Document:
        return _only(_found(content.dashboards, dashboard_id), fields)

    @routes.get("/dashboards/{dashboard_id}/dashboard_elements")
    def dashboard_elements(dashboard_id: str, fields: Fields = None) -> list[Document]:
        return [_only(one, fields) for one in _found(content.dashboards, dashboard_id)["dashboard_elements"]]

    @routes.get("/lookml_models/{model}/explores/{name}")
    def lookml_explore(model: str, name: str, fields: Fields = None) -> Document:
        if model != MODEL or name not in explores():
            raise LookerError(404, "Not found")
        return _only(explore(name), fields)

    @routes.get("/datagroups")
    def all_datagroups() -> list[Document]:
        # Here Looker has always just asked for the triggers.
        checked = {"model_name": MODEL, "trigger_check_at": math.ceil(time.time()), "triggered_at": None}
        return [checked | {"id": str(number), "name": name} for number, name in enumerate(datagroups(), 1)]

    @routes.get("/dashboard_elements/{element_id}")
    def element(element_id: str, fields: Fields = None) -> Document:
        return _only(_found({one["id"]: one for one in content.elements()}, element_id), fields)

    return routes


def _queries(content: Content) -> APIRouter:
    routes = APIRouter()

    @routes.post("/queries")
    def create_query(query: Document, fields: Fields = None) -> Document:
        return _only(content.create(query), fields)

    @routes.get("/queries/{query_id}")
    def get_query(query_id: str, fields: Fields = None) -> Document:
        return _only(_found(content.queries, query_id), fields)

    @routes.post("/queries/run/{result_format}")
    def run_inline_query(result_format: str, query: Document, limit: int | None = None, cache: bool = True) -> Response:
        return content.run(content.create(query), result_format, limit, cache)

    @routes.get("/queries/{query_id}/run/{result_format}")
    def run_query(query_id: str, result_format: str, limit: int | None = None, cache: bool = True) -> Response:
        return content.run(_found(content.queries, query_id), result_format, limit, cache)

    @routes.post("/query_tasks")
    def create_query_task(task: Document, cache: bool = True, fields: Fields = None) -> Document:
        query = _found(content.queries, task["query_id"])
        return _only(content.start(query, task["result_format"], cache), fields)

    @routes.get("/query_tasks/{task_id}")
    def query_task(task_id: str, fields: Fields = None) -> Document:
        return _only(content.follow(_found(content.tasks, task_id)), fields)

    return routes


def _found(documents: dict[str, Document], key: str) -> Document:
    if key not in documents:
        raise LookerError(404, "Not found")
    return documents[key]


def _only(document: Document, fields: str | None) -> Document:
    """The attributes asked for; nested ones, as in `query(id)`, are answered whole."""
    if not fields:
        return document
    names = {name.partition("(")[0].strip() for name in fields.split(",")}
    return {key: value for key, value in document.items() if key in names}


def _rows(query: Document, limit: int | None) -> list[Document]:
    """The same few rows for the same query."""
    asked = limit if limit is not None else int(query["limit"] or MADE_UP_ROWS)
    count = min(asked, MADE_UP_ROWS) if asked >= 0 else MADE_UP_ROWS
    return [
        {name: int(hashlib.sha256(f"{name}{row}".encode()).hexdigest()[:4], 16) for name in query["fields"] or []}
        for row in range(count)
    ]


def _rendered(query: Document, rows: list[Document], result_format: str) -> Response:
    if result_format == "json":
        return JSONResponse(rows)
    if result_format == "json_detail":
        data = [{name: {"value": value} for name, value in row.items()} for row in rows]
        return JSONResponse({"data": data, "errors": [], "fields": {"dimensions": [], "measures": []}})
    text = io.StringIO()
    writer = csv.DictWriter(text, query["fields"] or [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Response(text.getvalue(), media_type="text/csv")
