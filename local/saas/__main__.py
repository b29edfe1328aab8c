"""Serve the hosted services over TLS; `python -m local.saas --help` names the options."""

import argparse
from pathlib import Path

import uvicorn

from local.saas.app import create_app
from local.saas.credentials import write_google_key


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m local.saas", description="Local BigQuery, Salesforce, …")
    parser.add_argument("--dataset", type=Path, required=True, help="directory of the data set")
    parser.add_argument("--state", type=Path, required=True, help="directory for what the services keep")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4540)
    parser.add_argument("--certfile", type=Path, required=True)
    parser.add_argument("--keyfile", type=Path, required=True)
    arguments = parser.parse_args()
    app = create_app(arguments.dataset, arguments.state)
    write_google_key(arguments.state, f"https://localhost:{arguments.port}")
    uvicorn.run(
        app,
        host=arguments.host,
        port=arguments.port,
        ssl_certfile=arguments.certfile,
        ssl_keyfile=arguments.keyfile,
        log_level="warning",
        timeout_graceful_shutdown=1,  # idle TLS clients would hold the end up for half a minute
    )


if __name__ == "__main__":
    main()
