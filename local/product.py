"""The whole product on this machine: the stack and a real Airflow, started and stopped together."""

import fcntl
import json
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from include.bootstrap import bootstrap
from include.warehouse import Warehouse
from local.airflow_api import AirflowApi
from local.airflow_environment import AirflowEnvironment
from local.airflow_runtime import AirflowError, AirflowRuntime, airflow_port, stop_processes
from local.airflow_settings import read_settings
from local.dbt_manifest import ensure_manifest
from local.snowflake.account import connect
from local.stack import REPOSITORY, Stack, StackError, start_stack, state_directory, stop_stack

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Dataset:
    """What a data set says about itself. The days are in the store's time zone, both included."""

    id: str
    title: str
    timezone: ZoneInfo
    currency: str
    first_day: date
    last_day: date

    @classmethod
    def read(cls, directory: Path) -> "Dataset":
        """The description in `dataset.json`."""
        held = json.loads((directory / "dataset.json").read_text())
        return cls(
            id=held["id"],
            title=held["title"],
            timezone=ZoneInfo(held["timezone"]),
            currency=held["currency"],
            first_day=date.fromisoformat(held["first_day"]),
            last_day=date.fromisoformat(held["last_day"]),
        )

    def day(self, day: date) -> tuple[datetime, datetime]:
        """First moment of a store day and of the next, as Airflow's data interval."""
        start, end = (datetime.combine(d, time(), tzinfo=self.timezone) for d in (day, day + timedelta(days=1)))
        return start.astimezone(UTC), end.astimezone(UTC)


@dataclass(frozen=True)
class Product:
    """A running stack with a running Airflow."""

    state: Path
    stack: Stack
    airflow: AirflowRuntime
    api: AirflowApi
    dataset: Dataset
    started_at: datetime

    def check(self) -> None:
        """Raise AirflowError or StackError when a part of it has ended."""
        self.airflow.check()
        Stack.read(self.state)


@contextmanager
def running_product(
    spec: str | None, progress: Progress, state: Path | None = None, dags_folder: Path | None = None
) -> Iterator[Product]:
    """Start everything on a data set, and stop it at the end; what it holds is kept for the next time.

    Raises:
        StackError, AirflowError, ManifestError: something could not start; whatever did has been stopped again.
    """
    state = state or state_directory()
    with _alone(state):
        port = _free_airflow_port(state, progress)
        try:
            stack = start_stack(spec, state, progress)
            connections = read_settings().for_stack(stack).environment()
            with ThreadPoolExecutor(1) as background:
                manifest = background.submit(ensure_manifest, progress, connections["AIRFLOW_CONN_WAREHOUSE"])
                create_tables(stack)
                manifest.result()
            dataset = Dataset.read(stack.dataset_dir)
            airflow = _airflow(state, stack, dataset, port, dags_folder or REPOSITORY / "dags")
            started_at = datetime.now(UTC)
            try:
                airflow.start(progress)
                api = AirflowApi(airflow.environment.url)
                api.configure(read_settings().for_stack(stack))
                yield Product(state, stack, airflow, api, dataset, started_at)
            finally:
                airflow.stop()
        finally:
            stop_stack(state)


def stop_product(state: Path | None = None, wipe: bool = False) -> bool:
    """Stop Airflow and the stack, also after a crash; whether there was anything to stop."""
    state = state or state_directory()
    stopped = stop_processes(state / "airflow")
    return stop_stack(state, wipe=wipe) or stopped > 0


def client_environment(stack: Stack, dataset: Dataset, state: Path) -> dict[str, str]:
    """Variables under which the DAGs' code works on this stack and this data set (include/config.py reads them)."""
    return stack.environment() | {
        "STORE_TIMEZONE": dataset.timezone.key,
        "SCHEDULE_UNTIL": dataset.last_day.isoformat(),
        "LAKE_BUCKET": stack.endpoints["s3"]["bucket"],
        "SNOWFLAKE_ACCOUNT": stack.endpoints["snowflake"]["account"],
        "SNOWFLAKE_DATABASE": stack.endpoints["snowflake"]["database"],
        "DATA_DOCS_DIR": str(state / "data_docs"),
        "HTTP_CACHE_DIR": str(state / "airflow" / "http"),
        "CODE_VERSION": _code_version(),
    }


def _free_airflow_port(state: Path, progress: Progress) -> int:
    """The port for Airflow, after what a crash left on it is stopped."""
    leftovers = stop_processes(state / "airflow")
    if leftovers:
        progress(f"stopped {leftovers} Airflow processes that an earlier run left behind")
    return airflow_port()


def create_tables(stack: Stack) -> None:
    """Make the tables that the pipeline writes, as `python -m include.bootstrap` does on a real account."""
    endpoint = stack.endpoints["snowflake"]
    with connect(endpoint, stack.ca_file, database=endpoint["database"]) as connection:
        bootstrap(Warehouse(connection))


def _airflow(state: Path, stack: Stack, dataset: Dataset, port: int, dags_folder: Path) -> AirflowRuntime:
    server = stack.endpoints["postgres"]
    environment = AirflowEnvironment(
        repository=REPOSITORY,
        home=state / "airflow",
        database_url=(
            f"postgresql+psycopg2://{server['user']}@/{server['airflow_db']}"
            f"?host={server['socket_dir']}&port={server['port']}"
        ),
        port=port,
        dags_folder=dags_folder,
        extra=client_environment(stack, dataset, state),
    )
    return AirflowRuntime(environment, state / "logs")


def _code_version() -> str:
    """The commit that is checked out, or 'dev' outside a clone."""
    command = ["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "dev"
    return answer.stdout.strip() if answer.returncode == 0 else "dev"


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Only one product runs on a state directory: a second would stop the first one's Airflow as a leftover."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / ".product.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(
                f"Another demo is running on {state}: end it with Ctrl-C, or set LOCAL_STATE to another directory."
            ) from error
        yield


__all__ = ["AirflowError", "Dataset", "Product", "StackError", "client_environment", "running_product", "stop_product"]
