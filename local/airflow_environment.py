"""The environment of the local Airflow: every setting that differs from Airflow's defaults, each with its reason."""

import base64
import json
import os
import secrets
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

USER, PASSWORD = "admin", "admin"  # the login page asks; a fixed answer is fine on the loopback interface
MARKER = "LOCAL_AIRFLOW_HOME"
"""Set for every process of a runtime and its children, so that what a crash left behind is found again."""


@dataclass(frozen=True)
class AirflowEnvironment:
    """Where a local Airflow lives and what it talks to.

    `extra` is added as it is: the stack's certificate bundle, the store's time zone and the like.
    """

    repository: Path
    home: Path
    database_url: str
    port: int
    dags_folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the UI and the REST API."""
        return f"http://localhost:{self.port}"

    @property
    def task_logs(self) -> Path:
        """Folder of the task logs, one file a try."""
        return self.home / "logs"

    def variables(self) -> dict[str, str]:
        """Everything a process of this Airflow needs, on top of the caller's own environment."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
        # Without bytecode every process compiles Airflow anew, which costs 5 s of processor time each.
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        return inherited | self.own_variables()

    def own_variables(self) -> dict[str, str]:
        """What makes a process one of this Airflow, without the caller's environment."""
        return self._process() | _settings(self) | self.extra

    def write_exports(self) -> None:
        """Write the variables as a shell script, for the `airflow` command beside the running one."""
        own = {name: value for name, value in self.own_variables().items() if name != MARKER}
        lines = [f"export {name}={shlex.quote(value)}" for name, value in own.items()]
        lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
        _write_private(self.home / "environment.sh", "\n".join(lines) + "\n")

    def _process(self) -> dict[str, str]:
        return {
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": str(self.repository),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "GX_ANALYTICS_ENABLED": "false",
            "SPT_NOENV": "1",  # setproctitle would overwrite the environment in which the marker is looked for
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
            MARKER: str(self.home),
        }


def _settings(environment: AirflowEnvironment) -> dict[str, str]:
    keys = _keys(environment.home)
    loopback = f"http://127.0.0.1:{environment.port}"
    sections: dict[str, dict[str, str | int | float]] = {
        "core": {
            "executor": "LocalExecutor",
            "parallelism": os.environ.get("AIRFLOW_PARALLELISM", "4"),  # two cores: more only makes each task slower
            "dags_folder": str(environment.dags_folder),
            "plugins_folder": str(environment.repository / "plugins"),
            "load_examples": "False",
            # The dates of `airflow backfill create` are days of the shop.
            "default_timezone": environment.extra.get("STORE_TIMEZONE", "utc"),
            "mp_start_method": "fork",  # workers share the imported Airflow instead of importing it again
            "execute_tasks_new_python_interpreter": "False",
            "execution_api_server_url": f"{loopback}/execution/",
            "fernet_key": keys["fernet_key"],
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": str(_password_file(environment.home)),
            "min_serialized_dag_update_interval": 5,  # an edited DAG shows at once
        },
        "database": {"sql_alchemy_conn": environment.database_url},
        "api": {
            "host": "127.0.0.1",
            "port": environment.port,
            "base_url": environment.url,
            "workers": 1,
            "secret_key": keys["secret_key"],
            "instance_name": "Analytics warehouse (local)",
            "expose_config": "True",
        },
        "api_auth": {"jwt_secret": keys["jwt_secret"], "jwt_issuer": "local-airflow"},
        "logging": {
            "base_log_folder": str(environment.task_logs),
            "dag_processor_child_process_log_directory": str(environment.task_logs / "dag_processor"),
            "colored_console_log": "False",
            "uvicorn_logging_level": "WARNING",
            # Libraries that tell every request would bury what a task says.
            "namespace_levels": "snowflake=WARNING botocore=WARNING great_expectations=WARNING httpx=WARNING",
        },
        "scheduler": {
            "scheduler_idle_sleep_time": 0.2,  # the next task of a chain starts sooner than after a second
            "orphaned_tasks_check_interval": 15,  # after a crash, tasks without a process start again soon
            "task_instance_heartbeat_timeout": 60,
            "task_instance_heartbeat_timeout_detection_interval": 10,
            "task_queued_timeout": 120,
            "task_queued_timeout_check_interval": 30,
            "parsing_cleanup_interval": 30,
        },
        "dag_processor": {
            "refresh_interval": 15,  # a new file is found within this time, a changed one at once
            "min_file_process_interval": 300,  # unchanged files: parsing them each 30 s would take a tenth of two cores
            "parsing_processes": 2,
            "print_stats_interval": 300,
        },
        "workers": {
            # A worker notices the end of its task only when it next wakes to report: at 5 s, every third task would
            # hold its slot for that long.
            "min_heartbeat_interval": 1,
            "max_failed_heartbeats": 30,
            "execution_api_timeout": 30,  # two cores under load answer slowly; a slow answer is no failure
            "missing_dag_retry_delay": 10,
        },
        "cosmos": {
            "enable_telemetry": "False",
            "cache_dir": str(environment.home / "cosmos"),
            # Tasks take up the parse that include/parse_project.py made, not one of an earlier stack.
            "enable_cache_partial_parse": "False",
            # Else the task that runs dbt writes all that it has told so far again with every outcome.
            "enable_watcher_reliable_retry": "False",
        },
        "metrics": _metrics(),
        "usage_data_collection": {"enabled": "False"},
        "secrets": {"use_cache": "False"},
    }
    return {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, settings in sections.items()
        for name, value in settings.items()
    }


def _metrics() -> dict[str, str | int | float]:
    """Metrics go to LOCAL_STATSD (host:port) where that is set, as docs/metrics.md describes."""
    host, _, port = os.environ.get("LOCAL_STATSD", "").rpartition(":")
    if not port:
        return {"statsd_on": "False"}
    return {
        "statsd_on": "True",
        "statsd_host": host or "127.0.0.1",
        "statsd_port": port,
        "statsd_influxdb_enabled": "True",
        "legacy_names_on": "False",
    }


def _keys(home: Path) -> dict[str, str]:
    """Keys of this state directory: made once, so that sessions and encrypted connections survive a restart."""
    file = home / "keys.json"
    if not file.exists():
        keys = {
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "jwt_secret": secrets.token_urlsafe(48),
            "secret_key": secrets.token_urlsafe(32),
        }
        _write_private(file, json.dumps(keys))
    password_file = _password_file(home)
    if not password_file.exists():
        _write_private(password_file, json.dumps({USER: PASSWORD}))
    return json.loads(file.read_text())


def _password_file(home: Path) -> Path:
    return home / "passwords.json"


def _write_private(file: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(file)
