"""Requests and answers of the connector's protocol."""

import gzip
import json
from typing import Any

from fakesnow.converter import from_binding
from fakesnow.statement_type import DML_TYPE_IDS
from snowflake.connector.errors import Error
from starlette.requests import Request
from starlette.responses import JSONResponse

from local.snowflake import results
from local.snowflake.session import Session, Statement

IN_PROGRESS = "333333"
DETACHED = "333334"
SESSION_GONE = "390104"


async def read_json(request: Request) -> dict[str, Any]:
    """The body of a request, which clients may have compressed."""
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body) if body else {}


def token_of(request: Request) -> str:
    """The session token of the header `Snowflake Token="…"`; empty when absent."""
    return request.headers.get("Authorization", "").partition('"')[2].rstrip('"')


def bound_values(bindings: dict[str, Any] | None) -> tuple[Any, list[tuple[Any, ...]] | None]:
    """Bound values of a statement: (values, None), or (None, rows) when the client sends many rows at once."""
    if not bindings:
        return None, None
    if not all(name.isdigit() for name in bindings):
        return {name: from_binding(binding) for name, binding in bindings.items()}, None
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if any(isinstance(binding["value"], list) for binding in ordered):
        columns = [[from_binding({**binding, "value": value}) for value in binding["value"]] for binding in ordered]
        return None, list(zip(*columns, strict=True))
    return [from_binding(binding) for binding in ordered], None


def logged_in(token: str, session: Session) -> JSONResponse:
    """The answer to a login."""
    parameters = {
        "AUTOCOMMIT": session._autocommit,
        "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
        "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
        "CLIENT_TELEMETRY_ENABLED": False,
        "TIMEZONE": "Etc/UTC",
    }
    return success(
        {
            "token": token,
            "masterToken": token,
            "validityInSeconds": 86_400,
            "masterValidityInSeconds": 86_400,
            "sessionId": int(session.id[:12], 16),
            "serverVersion": "10.0.0",
            "parameters": [{"name": name, "value": value} for name, value in parameters.items()],
            "sessionInfo": {
                "databaseName": session.database,
                "schemaName": session.schema,
                "warehouseName": session.warehouse,
                "roleName": session.role,
            },
        }
    )


def finished(session: Session, statement: Statement, batch_rows: int | None) -> dict[str, Any]:
    """The data of a statement that has run."""
    table = statement.table
    if batch_rows is not None and statement.type_id in DML_TYPE_IDS:
        rows: dict[str, Any] = {"queryResultFormat": "json", "rowset": [[str(batch_rows)]]}
    else:
        rows = results.payload(table, statement.columns, statement.type_id)
    total = 1 if batch_rows is not None else table.num_rows if table is not None else 0
    return {
        "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}],
        "rowtype": statement.columns,
        "total": total,
        "returned": total,
        "queryId": statement.sfqid,
        "statementTypeId": statement.type_id,
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
        **rows,
    }


def success(data: dict[str, Any] | None) -> JSONResponse:
    return JSONResponse({"data": data, "code": None, "message": None, "success": True})


def failed(error: Error, query_id: str) -> JSONResponse:
    """An error of a statement: the client raises it as ProgrammingError with this number, state and text."""
    code = f"{error.errno:06d}"
    data = {"errorCode": code, "sqlState": error.sqlstate, "queryId": query_id}
    return JSONResponse({"data": data, "code": code, "message": error.raw_msg, "success": False})


def in_progress(query_id: str, code: str = IN_PROGRESS) -> JSONResponse:
    """Tell the client to ask again at the result's address, before its read times out."""
    data = {"queryId": query_id, "getResultUrl": f"/queries/{query_id}/result", "progressDesc": None}
    return JSONResponse({"data": data, "code": code, "message": "Query execution in progress", "success": True})


def refused(code: str, message: str, status: int = 401) -> JSONResponse:
    return JSONResponse({"data": None, "code": code, "message": message, "success": False}, status_code=status)
