"""The Snowflake stand-in's server: sessions, queries and their results over TLS."""

import argparse
import asyncio
import logging
import secrets
import threading
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.addresses import listen_address
from local.s3 import ACCESS_KEY, REGION, SECRET_KEY
from local.snowflake import protocol
from local.snowflake.errors import as_snowflake_error
from local.snowflake.instance import DurableFakeSnow
from local.snowflake.locks import TableLocks
from local.snowflake.session import Session

ANSWER_WITHIN = 30.0  # seconds; the connector gives up reading after 60
IDLE_SESSION = 4 * 3600.0  # seconds without a statement, as Snowflake's own limit
ABANDONED_TRANSACTION = 30.0  # seconds of silence after which a waiting session may take a lock over
THREADS = 64
KEPT_QUERIES = 200

logger = logging.getLogger("local.snowflake")


@dataclass
class Query:
    """A statement handed to the pool."""

    id: str
    session: Session
    answer: "Future[JSONResponse]"


@dataclass
class Warehouse:
    """Sessions and queries of one server."""

    instance: DurableFakeSnow
    sessions: dict[str, Session] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="query"))
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.locks = TableLocks(give_up=self._abandoned)

    def open(self, database: str | None, schema: str | None, **options: Any) -> tuple[str, Session]:
        """Begin a session; returns its token."""
        session = Session(
            self.instance.duck_conn.cursor(),
            self.locks,
            results_cache=self.instance.results_cache,
            database=database,
            schema=schema,
            create_database=False,
            create_schema=False,
            db_path=self.instance.db_path,
            temporary=self.instance.temporary,
            creations=self.instance.creations,
            filesystem=getattr(self.instance, "filesystem", None),
            **options,
        )
        token = secrets.token_urlsafe(32)
        with self.guard:
            self.sessions[token] = session
        self._drop_idle()
        return token, session

    def close(self, token: str) -> None:
        with self.guard:
            session = self.sessions.pop(token, None)
        if session is not None:
            self.pool.submit(session.end)

    def submit(self, session: Session, body: dict[str, Any], request_id: str) -> Query:
        """Start a statement in the pool."""
        query_id = str(uuid.uuid4())
        query = Query(query_id, session, self.pool.submit(_answer, session, body, query_id))
        with self.guard:
            self.queries[query_id] = query
            self.requests[request_id] = query_id
            for kept in (self.queries, self.requests):
                while len(kept) > KEPT_QUERIES:
                    del kept[next(iter(kept))]
        return query

    def repeated(self, request_id: str) -> Query | None:
        """The statement of a request that a client sends again because it did not hear the answer."""
        with self.guard:
            return self.queries.get(self.requests.get(request_id, ""))

    def interrupt(self, request_id: str) -> None:
        """Stop a statement, as Ctrl-C or a client's time limit asks."""
        if query := self.queries.get(self.requests.get(request_id, "")):
            query.session._duck_conn.interrupt()

    def _abandoned(self, session_id: str) -> bool:
        """Roll back the transaction of a session whose client no longer speaks; True when that freed its locks."""
        with self.guard:
            session = next((s for s in self.sessions.values() if s.id == session_id), None)
        if session is None:
            self.locks.release(session_id)
            return True
        return time.monotonic() - session.last_used > ABANDONED_TRANSACTION and session.abort()

    def _drop_idle(self) -> None:
        limit = time.monotonic() - IDLE_SESSION
        with self.guard:
            idle = [token for token, session in self.sessions.items() if session.last_used < limit]
        for token in idle:
            self.close(token)


def _answer(session: Session, body: dict[str, Any], query_id: str) -> JSONResponse:
    """Run a statement; every error becomes the answer a client can read, and none a broken connection."""
    values, rows = protocol.bound_values(body.get("bindings"))
    started = time.perf_counter()
    try:
        statement = session.statement(query_id)
        if body.get("describeOnly"):
            statement.describe_only(body["sqlText"])
            data = protocol.finished(session, statement, None)
        else:
            count = statement.execute_rows(body["sqlText"], values, rows)
            data = protocol.finished(session, statement, count)
    except Exception as error:
        converted = as_snowflake_error(error)
        logger.info("failed: %s: %s", converted.raw_msg, " ".join(body["sqlText"].split())[:2000])
        if converted.errno == 300002:
            logger.exception("not expected")
        return protocol.failed(converted, query_id)
    logger.info("%.3f s: %s", time.perf_counter() - started, " ".join(body["sqlText"].split())[:300])
    return protocol.success(data)


def create_app(instance: DurableFakeSnow) -> Starlette:
    """The connector's endpoints over a durable FakeSnow."""
    warehouse = Warehouse(instance)

    def session_of(request: Request) -> Session | None:
        return warehouse.sessions.get(protocol.token_of(request))

    async def login(request: Request) -> JSONResponse:
        body = (await protocol.read_json(request)).get("data", {})
        query = request.query_params
        settings = body.get("SESSION_PARAMETERS") or {}
        autocommit = settings.get("AUTOCOMMIT", True)
        token, session = await asyncio.to_thread(
            warehouse.open,
            query.get("databaseName"),
            query.get("schemaName"),
            autocommit=autocommit in (True, "true", "True", 1),
            warehouse=(query.get("warehouse") or "").upper() or None,
            user=str(body.get("LOGIN_NAME") or "").upper() or None,
            role=(query.get("roleName") or "").upper() or None,
        )
        return protocol.logged_in(token, session)

    async def run(request: Request) -> JSONResponse:
        session = session_of(request)
        if session is None:
            return protocol.refused(protocol.SESSION_GONE, "The session does not exist any more: sign in again.")
        body = await protocol.read_json(request)
        request_id = request.query_params.get("requestId", "")
        query = warehouse.repeated(request_id) or warehouse.submit(session, body, request_id)
        if body.get("asyncExec"):
            return protocol.in_progress(query.id, protocol.DETACHED)
        return await answer_of(query)

    async def answer_of(query: Query) -> JSONResponse:
        waited = asyncio.wrap_future(query.answer)
        try:
            return await asyncio.wait_for(asyncio.shield(waited), ANSWER_WITHIN)
        except TimeoutError:
            return protocol.in_progress(query.id)

    async def result(request: Request) -> JSONResponse:
        query = warehouse.queries.get(request.path_params["query_id"])
        return await answer_of(query) if query else protocol.refused("000605", "Query not found.", 404)

    async def status(request: Request) -> JSONResponse:
        query = warehouse.queries.get(request.path_params["query_id"])
        if query is None:
            return protocol.success({"queries": []})
        state = "SUCCESS" if query.answer.done() else "RUNNING"
        return protocol.success({"queries": [{"id": query.id, "status": state}]})

    async def session(request: Request) -> JSONResponse:
        if session_of(request) is None:
            return protocol.refused(protocol.SESSION_GONE, "The session does not exist any more: sign in again.")
        if request.query_params.get("delete"):
            warehouse.close(protocol.token_of(request))
        return protocol.success(None)

    async def abort(request: Request) -> JSONResponse:
        body = await protocol.read_json(request)
        warehouse.interrupt(body.get("requestId", ""))
        return protocol.success(None)

    async def accept(request: Request) -> JSONResponse:
        return protocol.success(None)

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"sessions": len(warehouse.sessions)})

    return Starlette(
        routes=[
            Route("/session/v1/login-request", login, methods=["POST"]),
            Route("/session", session, methods=["POST"]),
            Route("/session/heartbeat", session, methods=["POST"]),
            Route("/queries/v1/query-request", run, methods=["POST"]),
            Route("/queries/v1/abort-request", abort, methods=["POST"]),
            Route("/queries/{query_id}/result", result, methods=["GET"]),
            Route("/monitoring/queries/{query_id}", status, methods=["GET"]),
            Route("/telemetry/send", accept, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--s3-endpoint", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for noisy in ("aiobotocore", "botocore", "fakesnow", "sqlglot"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    instance = DurableFakeSnow(arguments.state / "warehouse")
    instance.register_s3(arguments.s3_endpoint, ACCESS_KEY, SECRET_KEY, REGION)
    uvicorn.run(
        create_app(instance),
        host=listen_address(),
        port=arguments.port,
        ssl_certfile=str(arguments.state / "tls" / "server.pem"),
        ssl_keyfile=str(arguments.state / "tls" / "server.key"),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=120,
    )
    instance.checkpoint()


if __name__ == "__main__":
    main()
