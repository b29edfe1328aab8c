"""The local stack: started, described, stopped and wiped as a whole."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from local import postgres, processes
from local.addresses import LOOPBACK, client_host
from local.errors import StackError, StackNotRunning
from local.processes import ProcessRecord
from local.s3 import ACCESS_KEY, BUCKET, REGION, SECRET_KEY
from local.services import Service, choose_ports, describe, require_free_port
from local.tls import ensure_certificates, ensure_private_key

__all__ = ["Stack", "StackError", "StackNotRunning", "start_stack", "state_directory", "stop_stack"]

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_DATASET = "simulated"
LEAST_FREE_BYTES = 3 * 1024**3
START_SECONDS = 60.0
# What a data set leaves behind in the state: none of it means anything with another data set.
HELD_BY_DATASET = ("warehouse", "postgres", "s3", "saas", "smtp", "airflow")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A running stack, as `.local/stack.json` describes it."""

    started_at: str
    dataset: str
    dataset_dir: Path
    endpoints: dict[str, dict[str, Any]]
    ca_file: Path
    services: dict[str, ProcessRecord]

    @classmethod
    def read(cls, state: Path | None = None) -> "Stack":
        """The stack that runs on this state directory.

        Raises:
            StackNotRunning: there is none, or a part of it has stopped.
        """
        stack = cls._load(state or state_directory())
        if stack is None:
            raise StackNotRunning("The local stack is not running: start it with `python -m local up`.")
        stopped = [name for name, record in stack.services.items() if record.process() is None]
        if stopped:
            raise StackNotRunning(
                f"A part of the local stack has stopped ({', '.join(stopped)}): run `python -m local up` again."
            )
        return stack

    def environment(self) -> dict[str, str]:
        """Variables for every process that is a client of the stack: trusted authorities, no proxy, no telemetry."""
        direct = {"localhost", LOOPBACK, client_host() or "localhost"}
        for name in ("NO_PROXY", "no_proxy"):
            direct.update(filter(None, os.environ.get(name, "").split(",")))
        return _trust(self.ca_file) | {
            "NO_PROXY": ",".join(sorted(direct)),
            "no_proxy": ",".join(sorted(direct)),
            "GX_ANALYTICS_ENABLED": "false",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }

    @classmethod
    def _load(cls, state: Path) -> "Stack | None":
        file = state / "stack.json"
        if not file.exists():
            return None
        held = json.loads(file.read_text())
        records = {name: ProcessRecord(**record) for name, record in held["services"].items()}
        return cls(
            started_at=held["started_at"],
            dataset=held["dataset"],
            dataset_dir=Path(held["dataset_dir"]),
            endpoints=held["endpoints"],
            ca_file=Path(held["ca_file"]),
            services=records,
        )

    def _write(self, state: Path) -> None:
        described = {**asdict(self), "dataset_dir": str(self.dataset_dir), "ca_file": str(self.ca_file)}
        _write_whole(state / "stack.json", json.dumps(described, indent=2))


def state_directory() -> Path:
    """Where everything made at run time lives: LOCAL_STATE, or `.local` in the repository."""
    return Path(os.environ.get("LOCAL_STATE") or REPOSITORY / ".local").resolve()


def start_stack(spec: str | None = None, state: Path | None = None, progress: Progress = lambda line: None) -> Stack:
    """Start whatever of the stack is not running, on the data set `spec` (default: the one held, else simulated).

    Another data set than the one held wipes what the former left in the state directory.

    Raises:
        StackError: it cannot run; whatever this call started has been stopped again.
    """
    state = state or state_directory()
    state.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(state):
        _require_disk(state)
        dataset = _prepare_dataset(spec, state, progress)
        if _held_dataset(state) not in (None, dataset.name):
            progress(f"The state holds data set {_held_dataset(state)}; it is wiped for {dataset.name}.")
            _stop_all(state)
            _wipe(state, HELD_BY_DATASET)
        _write_whole(state / "dataset.json", json.dumps({"id": dataset.name}))
        ensure_certificates(state / "tls")
        ensure_private_key(state / "keys" / "airflow.p8")
        before = Stack._load(state)
        held_ports = {name: e["port"] for name, e in before.endpoints.items()} if before else {}
        ports = choose_ports(held_ports)
        if held_ports and ports != held_ports:
            _stop_all(state)
            before = None
        return _start_services(state, ports, dataset, before, progress)


def stop_stack(state: Path | None = None, wipe: bool = False) -> bool:
    """Stop the stack; with `wipe`, also remove all it holds but the prepared data sets. False when none ran."""
    state = state or state_directory()
    if not state.exists():
        return False
    with _one_at_a_time(state):
        ran = _stop_all(state)
        if wipe:
            _wipe(state, (*HELD_BY_DATASET, "tls", "keys", "logs", "dataset.json"))
    return ran


def _start_services(
    state: Path, ports: dict[str, int], dataset: Path, before: Stack | None, progress: Progress
) -> Stack:
    cluster = postgres.Cluster(state / "postgres", ports["postgres"])
    records: dict[str, ProcessRecord] = dict(before.services) if before else {}
    started: list[Service] = []
    services = describe(state, ports, dataset)
    for stray in processes.strays(state):
        if stray.pid not in {record.pid for record in records.values()}:
            processes.stop([stray])
    try:
        for service in services:
            record = records.get(service.name)
            process = record.process() if record else None
            if process and service.answers():
                continue
            if process:
                processes.stop([process], service.interrupt)
            require_free_port(service.name, service.port)
            if service.name == "postgres":
                cluster.prepare()
                cluster.forget_dead_server()
            log = state / "logs" / f"{service.name}.log"
            records[service.name] = processes.start(service.command, log, _child_environment(state), service.user)
            started.append(service)
        for service in started:
            _wait_for(service, records[service.name], state)
            progress(f"{service.name} answers on port {service.port}")
        stack = _described(state, ports, dataset, cluster, records, before)
        stack._write(state)
        _fill(stack, cluster, progress)
        return stack
    except BaseException:
        for service in started:
            if service.name in records and (process := records[service.name].process()):
                processes.stop([process], service.interrupt)
        if len(started) == len(services):
            (state / "stack.json").unlink(missing_ok=True)
        raise


def _fill(stack: Stack, cluster: postgres.Cluster, progress: Progress) -> None:
    """Make what the pipeline expects to find: databases with the shop's rows, and the account's objects."""
    from local.snowflake.account import create_account_objects

    create_account_objects(stack.endpoints["snowflake"], stack.ca_file)
    postgres.create_databases(cluster)
    if (stack.dataset_dir / "orders.parquet").exists():
        postgres.load_shop(cluster, stack.dataset_dir, progress)


def _described(
    state: Path,
    ports: dict[str, int],
    dataset: Path,
    cluster: postgres.Cluster,
    records: dict[str, ProcessRecord],
    before: Stack | None,
) -> Stack:
    endpoints: dict[str, dict[str, Any]] = {
        "snowflake": {
            "host": client_host() or "localhost",
            "port": ports["snowflake"],
            "account": "local",
            "user": "AIRFLOW",
            "private_key_file": str(state / "keys" / "airflow.p8"),
            "database": "ANALYTICS",
        },
        "s3": {
            "endpoint_url": f"http://{client_host() or LOOPBACK}:{ports['s3']}",
            "port": ports["s3"],
            "bucket": BUCKET,
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region": REGION,
        },
        "postgres": {
            "socket_dir": str(cluster.socket_dir),
            "host": client_host() or LOOPBACK,
            "port": ports["postgres"],
            "user": postgres.SUPERUSER,
            "order_db": postgres.ORDER_DATABASE,
            "airflow_db": postgres.AIRFLOW_DATABASE,
            "reader": postgres.READER,
            "reader_password": postgres.READER_PASSWORD,
        },
        "saas": {"base_url": f"https://{client_host() or 'localhost'}:{ports['saas']}", "port": ports["saas"]},
        "smtp": {"host": client_host() or LOOPBACK, "port": ports["smtp"]},
    }
    return Stack(
        started_at=before.started_at if before else datetime.now(UTC).isoformat(timespec="seconds"),
        dataset=dataset.name,
        dataset_dir=dataset,
        endpoints=endpoints,
        ca_file=state / "tls" / "ca-bundle.pem",
        services=records,
    )


def _wait_for(service: Service, record: ProcessRecord, state: Path) -> None:
    if processes.wait_until(service.answers, record, START_SECONDS):
        return
    log = state / "logs" / f"{service.name}.log"
    lines = log.read_text(errors="replace").strip().splitlines()[-15:]
    raise StackError(
        f"{service.name} did not start on port {service.port}; the end of {log}:\n" + "\n".join(f"  {x}" for x in lines)
    )


def _prepare_dataset(spec: str | None, state: Path, progress: Progress) -> Path:
    """The directory of the data set: `spec` names it, or the one that the state holds is used again."""
    held = _held_dataset(state)
    if spec is None and held and (state / "datasets" / held / "dataset.json").exists():
        return state / "datasets" / held
    from local.datasets import DatasetError, prepare

    try:
        return prepare(spec or DEFAULT_DATASET, state, progress)
    except DatasetError as error:
        raise StackError(str(error)) from error


def _held_dataset(state: Path) -> str | None:
    file = state / "dataset.json"
    return json.loads(file.read_text())["id"] if file.exists() else None


def _stop_all(state: Path) -> bool:
    stack = Stack._load(state)
    found: list[psutil.Process] = []
    if stack:
        for name, record in stack.services.items():
            if process := record.process():
                found.append(process)
                if name == "postgres":
                    processes.stop([process], interrupt=True)
    found += processes.strays(state)
    processes.stop([process for process in found if process.is_running()])
    (state / "stack.json").unlink(missing_ok=True)
    return bool(found)


def _wipe(state: Path, names: tuple[str, ...]) -> None:
    for name in names:
        path = state / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _require_disk(state: Path) -> None:
    free = shutil.disk_usage(state).free
    if free < LEAST_FREE_BYTES:
        raise StackError(
            f"Only {free / 1024**3:.1f} GB are free on the disk of {state}, and the stack needs 3 GB: make room, or "
            "set LOCAL_STATE to a directory on another disk."
        )


def _child_environment(state: Path) -> dict[str, str]:
    paths = [str(REPOSITORY), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return _trust(ensure_certificates(state / "tls").ca_bundle) | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "localhost,127.0.0.1",
    }


def _trust(ca_bundle: Path) -> dict[str, str]:
    # Each client library asks another one of them.
    return dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"), str(ca_bundle))


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(text)
    unfinished.replace(path)


@contextmanager
def _one_at_a_time(state: Path) -> Iterator[None]:
    """Two commands at once would start everything twice: the second waits."""
    with (state / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
