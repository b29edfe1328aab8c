"""Runs the stand-ins for BigQuery, Salesforce, the catalog, Looker and Slack over TLS."""

import argparse
from pathlib import Path

import uvicorn

from local.addresses import listen_address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    arguments = parser.parse_args()
    from local.saas.app import create_app

    uvicorn.run(
        create_app(arguments.dataset, arguments.state / "saas"),
        host=listen_address(),
        port=arguments.port,
        ssl_certfile=str(arguments.state / "tls" / "server.pem"),
        ssl_keyfile=str(arguments.state / "tls" / "server.key"),
        log_level="info",
        timeout_keep_alive=120,
    )


if __name__ == "__main__":
    main()
