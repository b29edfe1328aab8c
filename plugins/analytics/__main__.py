"""Serve the API, and make, list and revoke its keys: `python -m plugins.analytics`."""

import argparse
import json
import re
import sys
from datetime import timedelta

from plugins.analytics.keys import SCOPES
from plugins.analytics.settings import Settings

EPILOG = """\
environment:
  AIRFLOW_CONN_WAREHOUSE_READER, AIRFLOW_CONN_WAREHOUSE_PII_READER
                           how the API reaches the warehouse, as JSON or URI; AIRFLOW_CONN_WAREHOUSE for keys
  PORT, API_HOST, API_REQUESTS_PER_MINUTE, API_CACHE_BYTES, API_POOL_SIZE, API_CORS_ORIGINS, ...
                           plugins/analytics/settings.py has all of them
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 when it did what it says."""
    options = _parser().parse_args(arguments)
    return options.run(options)


def _serve(options: argparse.Namespace) -> int:
    import uvicorn

    print(f"http://{options.host}:{options.port}/openapi.json describes the API; Ctrl-C stops it", flush=True)
    uvicorn.run(
        "plugins.analytics.api:create_stand_alone_app",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        access_log=False,  # the audit log tells each request
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        limit_concurrency=1000,
    )
    return 0


def _create(options: argparse.Namespace) -> int:
    from include.warehouse import open_warehouse
    from plugins.analytics import keys

    with open_warehouse("api keys") as warehouse:
        key = keys.create(warehouse, options.name, options.scope, options.expires_in, options.requests_per_minute)
    print(key)
    print("This is the only time that the key is shown.", file=sys.stderr)
    return 0


def _list(options: argparse.Namespace) -> int:
    from include.warehouse import open_warehouse

    with open_warehouse("api keys") as warehouse:
        for key_id, name, scopes, limit, created, expires, revoked in warehouse.rows("keys/list.sql"):
            state = f"revoked {revoked:%Y-%m-%d}" if revoked else f"expires {expires:%Y-%m-%d}"
            print(f"{key_id}  {name}  {scopes}  {limit or 'default'}/min  made {created:%Y-%m-%d}  {state}")
    return 0


def _revoke(options: argparse.Namespace) -> int:
    from include.warehouse import open_warehouse
    from plugins.analytics import keys

    with open_warehouse("api keys") as warehouse:
        if not keys.revoke(warehouse, options.key_id):
            print(f"error: there is no key {options.key_id} that could be used", file=sys.stderr)
            return 1
    return 0


def _describe(options: argparse.Namespace) -> int:
    from plugins.analytics.api import Parts, create_routes

    print(json.dumps(create_routes(Parts.from_settings(Settings())).openapi(), indent=2))
    return 0


def _lasting(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,3})d", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r}: write days, e.g. 90d")
    return timedelta(days=int(match[1]))


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    settings = Settings.from_environment()
    parser = argparse.ArgumentParser(
        prog="python -m plugins.analytics",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    serve = commands.add_parser("serve", help="serve the API")
    serve.add_argument("--host", default=settings.host, help="address to listen on (default %(default)s)")
    serve.add_argument("--port", type=int, default=settings.port, help="(default %(default)s)")
    serve.add_argument("--workers", type=_positive, default=1, help="processes, each with a cache (default 1)")
    serve.set_defaults(run=_serve)

    describe = commands.add_parser("openapi", help="print the OpenAPI document")
    describe.set_defaults(run=_describe)

    keys = commands.add_parser("keys", help="make, list and revoke API keys").add_subparsers(
        required=True, metavar="command"
    )
    create = keys.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--name", required=True, help="whose it is")
    create.add_argument("--scope", action="append", required=True, choices=list(SCOPES), help="what it may read")
    create.add_argument("--expires-in", type=_lasting, default=timedelta(days=90), metavar="DAYSd", help="default 90d")
    create.add_argument("--requests-per-minute", type=_positive, metavar="N", help="else the API's own limit")
    create.set_defaults(run=_create)
    keys.add_parser("list", help="list the keys").set_defaults(run=_list)
    revoke = keys.add_parser("revoke", help="end a key; the API refuses it within seconds")
    revoke.add_argument("key_id", metavar="KEY_ID", help="the part of the key before the point")
    revoke.set_defaults(run=_revoke)
    return parser


if __name__ == "__main__":
    sys.exit(main())
