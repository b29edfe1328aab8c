"""The local stack: stand-ins for every outside system, on this machine."""

import argparse
import json
import signal
import sys
import threading
import warnings
from pathlib import Path

from local.addresses import HOST_VARIABLE
from local.errors import StackError
from local.services import NAMES, PORT_VARIABLE
from local.stack import Stack, start_stack, state_directory, stop_stack

EPILOG = f"""\
environment:
  LOCAL_STATE       directory of everything made at run time (default: .local in the repository)
  {HOST_VARIABLE}        name by which other machines or containers reach the stack, which then listens for them
  {PORT_VARIABLE}   first of the ports, which go up in tens (default 4510; 0 = any free ports)
"""
DATASETS = """\
simulated, simulated:customers=300,days=60, complete_journey, online_retail:PATH or a directory
(default: the one held, else simulated)"""
WATCH_SECONDS = 2.0


def main(arguments: list[str] | None = None) -> int:
    # The connector's own copy of requests warns about versions that it works with.
    warnings.filterwarnings("ignore", message=".*doesn't match a supported version")
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.run not in (_demo, _api, _dbt) and rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.arguments = rest
    try:
        return options.run(options)
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _up(options: argparse.Namespace) -> int:
    if options.connections:
        options.connections.unlink(missing_ok=True)  # who waits for it must not take that of an earlier start
    stack = start_stack(options.dataset, progress=_say)
    if options.connections:
        from local.product import create_tables

        create_tables(stack)
        _write_connections(stack, options.connections)
    _print_status(stack)
    if options.foreground:
        _stay(stack)
        stop_stack()
    return 0


def _write_connections(stack: Stack, file: Path) -> None:
    """Write the Airflow connections as Airflow's LocalFilesystemBackend reads them: the whole file or none."""
    from local.airflow_settings import read_settings

    draft = file.with_suffix(".draft.json")
    draft.write_text(json.dumps(read_settings().for_stack(stack).as_file(), indent=2))
    draft.replace(file)


def _stay(stack: Stack) -> None:
    """Wait for Ctrl-C or a service's end."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    _say("Ctrl-C stops the stack.")
    while not stopped.wait(WATCH_SECONDS):
        ended = [name for name, record in stack.services.items() if record.process() is None]
        if ended:
            _say(f"{', '.join(ended)} ended; see {state_directory() / 'logs'}")
            return


def _down(options: argparse.Namespace) -> int:
    from local.product import stop_product

    ran = stop_product(wipe=options.wipe)
    _say("All is stopped." if ran else "Nothing was running.")
    if options.wipe:
        _say("What it held is removed; prepared data sets are kept.")
    return 0


def _status(options: argparse.Namespace) -> int:
    from rich.console import Console

    from local.status import print_status

    stack = Stack.read()
    _print_status(stack)
    print_status(Console(highlight=False, soft_wrap=True), stack)
    return 0


def _sql(options: argparse.Namespace) -> int:
    from local import sql_prompt

    return sql_prompt.run(Stack.read(), statement=options.statement, file=options.file, as_csv=options.csv)


def _api(options: argparse.Namespace) -> int:
    """Run a command of the API in this process, on the connections of the environment, else of the running stack."""
    import os

    from local.airflow_settings import read_settings
    from local.product import Dataset, client_environment

    if "AIRFLOW_CONN_WAREHOUSE_READER" not in os.environ:
        stack, state = Stack.read(), state_directory()
        os.environ.update(read_settings().for_stack(stack).environment())
        os.environ.update(client_environment(stack, Dataset.read(stack.dataset_dir), state))
        os.environ.setdefault("AIRFLOW_HOME", str(state / "airflow"))
    from plugins.analytics.__main__ import main

    return main(options.arguments)


def _dbt(options: argparse.Namespace) -> int:
    """Run a dbt command on the running stack, on this data set's days; its own files stay apart from Airflow's."""
    import os
    import subprocess

    from include.config import DBT_DIR
    from local.built_shop import dbt_environment
    from local.product import Dataset, client_environment

    stack, state = Stack.read(), state_directory()
    environment = client_environment(stack, Dataset.read(stack.dataset_dir), state) | dbt_environment(stack)
    folder = state / "dbt"
    places = {
        "PROJECT_DIR": DBT_DIR,
        "PROFILES_DIR": DBT_DIR,
        "TARGET_PATH": folder / "target",
        "LOG_PATH": folder / "logs",
    }
    own = {**os.environ, **environment, **{f"DBT_{name}": str(place) for name, place in places.items()}}
    command = [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", *options.arguments]
    return subprocess.run(command, env=own, cwd=DBT_DIR, check=False).returncode


def _slim_build(options: argparse.Namespace) -> int:
    from local.small_builds import build_change

    built = build_change(options.base, _say)
    _say(f"built {len(built)} models: {', '.join(built)}" if built else f"no model differs from {options.base}")
    return 0


def _build(options: argparse.Namespace) -> int:
    from local.small_builds import build_all

    build_all(_say)
    return 0


def _docs(options: argparse.Namespace) -> int:
    from local.small_builds import document

    _say(f"open {document(_say)}")
    return 0


def _manifest(options: argparse.Namespace) -> int:
    from local.dbt_manifest import ManifestError, ensure_manifest

    try:
        _say(str(ensure_manifest(_say)))
    except ManifestError as error:
        raise StackError(str(error)) from error
    return 0


def _demo(options: argparse.Namespace) -> int:
    from local import demo

    return demo.main(options.arguments)


def _print_status(stack: Stack) -> None:
    _say(f"data set {stack.dataset}, since {stack.started_at}")
    for name in NAMES:
        endpoint = stack.endpoints[name]
        address = endpoint.get("base_url") or endpoint.get("endpoint_url") or f"{endpoint['host']}:{endpoint['port']}"
        record = stack.services.get(name)
        _say(f"  {name:<10} {address:<28} {f'process {record.pid}' if record else 'not available'}")


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    up = commands.add_parser("up", help="start what is not running", description="Start what is not running.")
    up.add_argument("--dataset", metavar="SPEC", help=DATASETS)
    up.add_argument("--foreground", action="store_true", help="stay until Ctrl-C, then stop")
    up.add_argument(
        "--connections",
        type=Path,
        metavar="FILE",
        help="for an Airflow started by something else: make the pipeline's tables and write the connections to a file",
    )
    up.set_defaults(run=_up)

    down = commands.add_parser("down", help="stop everything", description="Stop everything.")
    down.add_argument("--wipe", action="store_true", help="also remove all it holds, but the prepared data sets")
    down.set_defaults(run=_down)

    status = commands.add_parser(
        "status",
        help="say what runs where, how far the data is, which alerts are open",
        description="Say what runs where, how far each source is, what is quarantined and which alerts are open.",
    )
    status.set_defaults(run=_status)

    sql = commands.add_parser(
        "sql", help="run Snowflake SQL", description="Run Snowflake SQL on the local warehouse; a prompt without any."
    )
    sql.add_argument("statement", nargs="?", metavar="STATEMENT", help="statements; - reads them from stdin")
    sql.add_argument("-f", "--file", type=Path, metavar="FILE", help="run the statements of a file")
    sql.add_argument("--csv", action="store_true", help="print rows as CSV, without counts")
    sql.set_defaults(run=_sql)

    api = commands.add_parser("api", help="run a command of the REST API on the running stack", add_help=False)
    api.set_defaults(run=_api)

    dbt = commands.add_parser("dbt", help="run a dbt command on the running stack", add_help=False)
    dbt.set_defaults(run=_dbt)

    slim = commands.add_parser(
        "slim-build",
        help="build the models that a change touches",
        description="Build the models that differ from a base, and their children, on a small stack of their own.",
    )
    slim.add_argument("--base", default="main", metavar="COMMIT", help="branch, tag or commit (default main)")
    slim.set_defaults(run=_slim_build)

    build = commands.add_parser(
        "build",
        help="build every model with all dbt tests",
        description="Build every model with all dbt tests, on a small stack of their own.",
    )
    build.set_defaults(run=_build)

    docs = commands.add_parser("docs", help="make dbt's documentation", description="Make dbt's documentation.")
    docs.set_defaults(run=_docs)

    manifest = commands.add_parser(
        "manifest",
        help="parse the dbt project",
        description="Parse the dbt project, from which DAGs render its models.",
    )
    manifest.set_defaults(run=_manifest)

    demo = commands.add_parser("demo", help="run the whole product", add_help=False)
    demo.set_defaults(run=_demo)
    return parser


if __name__ == "__main__":
    sys.exit(main())
