"""A worker: Airflow's own task runner on one DAG run at a time, in a process that may be killed at any moment.

It does what a scheduler with one slot does: asks Airflow which tasks of the run may go, and has Airflow run them, with
their retries. What a killed worker left behind it takes up as the scheduler does: a task that was running has failed
its try. The order of tasks, their contexts, XCom, callbacks and states are Airflow's.
"""

import copy
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.chaos.faults import Fault, Scene
from tests.chaos.guards import GUARDS

TIMEOUT_SECONDS = (2, 3)  # to connect, to read: so that a source that hangs is given up soon
LONGEST_RUN_SECONDS = 240
INTERRUPTED = ("running", "queued", "restarting", "deferred")


@dataclass(frozen=True)
class Setup:
    """What a worker is made with. `warehouse` is the stand-in's address, `metadata` Airflow's database, its own."""

    environment: dict[str, str]
    warehouse: str
    metadata: Path
    state: Path
    log: Path
    without: str | None = None


@dataclass(frozen=True)
class Run:
    """A DAG run. `conf` are the params of a manual one; the interval (UTC) is missing where `conf` names the span."""

    dag_id: str
    run_id: str
    kind: str
    interval: tuple[datetime, datetime] | None = None
    conf: dict[str, Any] = field(default_factory=dict)


@dataclass
class Order:
    """Run a DAG run, or go on with it.

    `clear` names what an operator does first: clears what failed, or the whole batch, or the run, or deletes the run.
    """

    run: Run
    clear: str | None = None
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Ended:
    """How a run ended: its state, and its failed tasks."""

    state: str
    failed: list[str]


def work(setup: Setup, pipe: Connection) -> None:
    """Body of a worker process: run what comes through the pipe, until None comes."""
    _redirect(setup.log)
    _settle(setup)
    runner = _Runner(pipe)
    while (order := pipe.recv()) is not None:
        try:
            pipe.send(("ended", runner.run(order)))
        except Exception as error:
            import traceback

            traceback.print_exc()
            pipe.send(("broken", f"{type(error).__name__}: {error}"))


def make_metadata(setup: Setup, pipe: Connection) -> None:
    """Body of a process that makes an empty Airflow database which knows the DAGs."""
    _redirect(setup.log)
    _settle(setup)
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import sync_bag_to_db
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    from tests.chaos.preloaded import BAG

    initdb()
    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
    sync_bag_to_db(BAG, "dags-folder", None)
    with create_session() as session:
        session.commit()
        session.connection().exec_driver_sql("pragma wal_checkpoint(truncate)")  # one file, which can be copied
    pipe.send(("ended", Ended("success", [])))


def _redirect(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _settle(setup: Setup) -> None:
    """Point this fork at its stack and its database, and take away the guard that is to be missing."""
    os.environ.update(setup.environment)
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{setup.metadata}"
    from airflow import settings

    settings.configure_vars()
    settings.reconfigure_orm()
    from include import config, http_session

    config.DATA_DOCS_DIR = setup.state / "data_docs"
    config.HTTP_CACHE_DIR = setup.state / "http"
    http_session.CONNECT_SECONDS, http_session.READ_SECONDS = TIMEOUT_SECONDS
    _hurry()
    if setup.without:
        GUARDS[setup.without]()


def _hurry() -> None:
    """Short waits between tries of a request, and no Data Docs, which take half of a gate's time."""
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from urllib3.util import Retry

    backoff = Retry.get_backoff_time
    Retry.get_backoff_time = lambda self: min(backoff(self), 0.1)  # type: ignore[method-assign]
    AbstractDataContext.build_data_docs = lambda *_, **__: {}  # type: ignore[method-assign,assignment]


class _Runner:
    def __init__(self, pipe: Connection) -> None:
        from tests.chaos.preloaded import DAGS

        self.pipe = pipe
        self.speaking = threading.Lock()  # a blow falls in a thread of its own
        self.dags = DAGS
        self.serialized: dict[str, Any] = {}
        self.params: dict[tuple[str, str], Any] = {}
        self.faults: list[Fault] = []
        self.scene = Scene(None, "", self._strike)
        self._watch_statements()

    def run(self, order: Order) -> Ended:
        """Run or go on with a DAG run until it has ended."""
        from airflow.settings import Session

        self.faults = order.faults
        session = Session()
        try:
            if order.clear == "delete":
                self._delete(order.run, session)
            run = self._run(order.run, session)
            if order.clear and order.clear != "delete":
                self._clear(run, order.clear, session)
            deadline = time.monotonic() + LONGEST_RUN_SECONDS
            while run.state == "running":
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{run.run_id} of {run.dag_id} did not end")
                self._step(run, session)
            failed = [each.task_id for each in run.get_task_instances(session=session) if each.state == "failed"]
            return Ended(str(run.state.value if hasattr(run.state, "value") else run.state), failed)
        finally:
            session.rollback()
            Session.remove()

    # -- what a scheduler does -------------------------------------------------------------------------------------

    def _run(self, wanted: Run, session: Any) -> Any:
        """The run, new or as an earlier worker left it."""
        from airflow.models.dagrun import DagRun
        from airflow.utils.state import DagRunState
        from airflow.utils.types import DagRunTriggeredByType, DagRunType
        from sqlalchemy import or_, select

        dag = self._serialized(wanted.dag_id, session)
        named = or_(DagRun.run_id == wanted.run_id, DagRun.triggering_user_name == wanted.run_id)
        run = session.scalar(select(DagRun).where(DagRun.dag_id == wanted.dag_id, named))
        if run is None and wanted.kind == "backfill":
            run = self._taken_over(wanted, session)
        now = datetime.now(UTC)
        if run is None:
            run = dag.create_dagrun(
                run_id=wanted.run_id,
                logical_date=wanted.interval[0] if wanted.interval else None,
                data_interval=wanted.interval,
                run_after=now,
                conf=wanted.conf,
                run_type=DagRunType(wanted.kind),
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState.RUNNING,
                start_date=now,
                session=session,
            )
            session.commit()
        run.dag = dag
        self._take_up(run, session)
        return run

    def _taken_over(self, wanted: Run, session: Any) -> Any:
        """The day's run that was there already, to be run anew: what a backfill does that reprocesses."""
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        assert wanted.interval
        query = select(DagRun).where(DagRun.dag_id == wanted.dag_id, DagRun.logical_date == wanted.interval[0])
        run = session.scalar(query)
        if run is not None:
            run.triggering_user_name = wanted.run_id  # by which an order to go on finds it
            self._clear(run, "run", session)
        return run

    def _serialized(self, dag_id: str, session: Any) -> Any:
        """The DAG as the scheduler reads it from Airflow's database."""
        from airflow.models.dagbag import DBDagBag

        if dag_id not in self.serialized:
            self.serialized[dag_id] = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
        return self.serialized[dag_id]

    def _delete(self, wanted: Run, session: Any) -> None:
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        query = select(DagRun).where(DagRun.dag_id == wanted.dag_id, DagRun.run_id == wanted.run_id)
        for run in session.scalars(query):
            session.delete(run)
        session.commit()

    def _take_up(self, run: Any, session: Any) -> None:
        """Tasks whose worker is gone have failed their try."""
        for instance in run.get_task_instances(session=session):
            if instance.state in INTERRUPTED:
                again = instance.try_number <= instance.max_tries
                instance.state = "up_for_retry" if again else "failed"
                instance.end_date = datetime.now(UTC)
        session.commit()

    def _clear(self, run: Any, what: str, session: Any) -> None:
        from airflow.models.taskinstance import clear_task_instances
        from airflow.utils.state import DagRunState

        instances = list(run.get_task_instances(session=session))
        stuck = [each for each in instances if each.state in ("failed", "upstream_failed")]
        if what == "failed":
            chosen = stuck
        elif what == "batch":
            groups = {each.task_id.split(".")[0] for each in stuck if "." in each.task_id}
            chosen = [each for each in instances if each.task_id.split(".")[0] in groups or "." not in each.task_id]
        else:
            chosen = instances
        clear_task_instances(chosen or instances, session, dag_run_state=DagRunState.RUNNING)
        session.commit()
        run.dag = self._serialized(run.dag_id, session)

    def _step(self, run: Any, session: Any) -> None:
        from airflow.utils.state import TaskInstanceState

        session.expire_all()
        ready, _ = run.update_state(session=session)
        for instance in ready:
            if instance.state != TaskInstanceState.UP_FOR_RESCHEDULE:
                instance.try_number += 1
            instance.state = TaskInstanceState.SCHEDULED
            instance.scheduled_dttm = datetime.now(UTC)
        session.commit()
        instances = run.get_task_instances(session=session)
        scheduled = [each for each in instances if each.state == TaskInstanceState.SCHEDULED]
        if not scheduled and run.state == "running":
            time.sleep(0.05)
        for instance in scheduled:
            self._task(instance, session)

    def _task(self, instance: Any, session: Any) -> None:
        from airflow.sdk.definitions.dag import _run_task

        table, _, step = instance.task_id.rpartition(".")
        self.scene = Scene(table or None, step, self._strike, self._batch(instance, table, session))
        for fault in self.faults:
            fault.before_task(self.scene)
        began = time.monotonic()
        try:
            _run_task(ti=instance, task=self._unused(instance), run_triggerer=True)
        except Exception as error:
            print(f"CHAOS task {instance.task_id} could not be run: {error!r}", flush=True)
        session.commit()
        print(
            f"CHAOS {instance.run_id} {instance.task_id} try {instance.try_number}: {instance.state}, "
            f"{time.monotonic() - began:.2f} s",
            flush=True,
        )

    def _unused(self, instance: Any) -> Any:
        """The task as its DAG file makes it. Airflow writes a run's params into it, and here it runs more than once."""
        task = self.dags[instance.dag_id].task_dict[instance.task_id]
        mapped = getattr(task, "partial_kwargs", None)
        params = self.params.setdefault((task.dag_id, task.task_id), copy.deepcopy(task.params))
        if mapped is None:
            task.params = copy.deepcopy(params)
        elif "params" in mapped:
            mapped["params"] = copy.deepcopy(params)
        return task

    def _batch(self, instance: Any, table: str, session: Any) -> str | None:
        """Folder of the batch that `extract` of the table's group has written, if it has."""
        from airflow.models.xcom import XComModel

        if not table:
            return None
        query = XComModel.get_many(
            run_id=instance.run_id, dag_ids=instance.dag_id, task_ids=f"{table}.extract", key="return_value"
        )
        for found in session.scalars(query):
            value = XComModel.deserialize_value(found)
            return value["folder"] if isinstance(value, dict) else None
        return None

    # -- faults ----------------------------------------------------------------------------------------------------

    def _strike(self, fault: Fault) -> None:
        fault.struck = True
        self._tell("struck", fault.kind)
        print(f"CHAOS strikes {self.scene.table}.{self.scene.step}: {fault}", flush=True)

    def _tell(self, what: str, value: str) -> None:
        with self.speaking:
            self.pipe.send((what, value))

    def _watch_statements(self) -> None:
        """Tell the faults of every statement that tasks run on the warehouse."""
        from include.warehouse import Warehouse

        execute, insert, begin = Warehouse.execute, Warehouse.insert, Warehouse.__init__

        def begin_told(warehouse: Any, connection: Any) -> None:
            self._tell("session", connection.rest.token)
            begin(warehouse, connection)

        def told(warehouse: Any, text: str, run: Any) -> Any:
            scene = self.scene
            scene.statement += 1
            scene.text = text
            for fault in self.faults:
                fault.before_statement(scene, warehouse)
            answer = run()
            word = text.strip().lower()
            scene.in_transaction = word == "begin" or (scene.in_transaction and word not in ("commit", "rollback"))
            for fault in self.faults:
                fault.after_statement(scene, warehouse)
            return answer

        def execute_told(self: Any, statement: str, values: Any = None) -> Any:
            return told(self, statement, lambda: execute(self, statement, values))

        def insert_told(self: Any, table: str, columns: Any, rows: Any) -> Any:
            return told(self, f"insert into {table}", lambda: insert(self, table, columns, rows))

        Warehouse.__init__ = begin_told  # type: ignore[method-assign]
        Warehouse.execute = execute_told  # type: ignore[method-assign]
        Warehouse.insert = insert_told  # type: ignore[method-assign]
