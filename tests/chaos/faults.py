"""Harm done inside the worker, each kind a class: where it strikes is drawn before, so that a seed repeats it.

A fault strikes once. `Scene` is what the worker tells a fault of the moment: the task at work, the statement that is
about to run or has just run. Faults of the sources themselves stand in proxy.py and injector.py.
"""

import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from include.warehouse import Warehouse


@dataclass
class Scene:
    """The moment in the worker. `table` and `step` name the task (`orders`, `publish`); `statement` counts from 1.

    `batch` is the folder of the task's batch, where there is one already; `strike` tells the harness that a fault has
    struck, before it does.
    """

    table: str | None
    step: str
    strike: Callable[["Fault"], None]
    batch: str | None = None
    statement: int = 0
    text: str = ""
    in_transaction: bool = False


@dataclass(kw_only=True)
class Fault:
    """Something that goes wrong once in a task of a table."""

    kind: ClassVar[str] = ""
    needs_operator: ClassVar[bool] = False  # else a retry alone must get the run through
    table: str
    step: str
    struck: bool = field(default=False, compare=False)

    def here(self, scene: Scene) -> bool:
        return not self.struck and scene.table == self.table and scene.step == self.step

    def before_task(self, scene: Scene) -> None:
        """Called before the task begins."""

    def before_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        """Called before each statement of the task."""

    def after_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        """Called after each statement of the task has been answered."""


def die() -> None:
    """End this process as the kernel's out-of-memory killer does."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


@dataclass(kw_only=True)
class KilledInTask(Fault):
    """The worker is killed so many seconds after a task began, wherever it is then."""

    kind = "worker killed at some moment"
    seconds: float

    def before_task(self, scene: Scene) -> None:
        if self.here(scene):
            self.struck = True

            def end() -> None:
                scene.strike(self)
                die()

            timer = threading.Timer(self.seconds, end)
            timer.daemon = True
            timer.start()


@dataclass(kw_only=True)
class KilledAtStatement(Fault):
    """The worker is killed between two statements of a task: the n-th has been answered, the next not been sent."""

    kind = "worker killed between two statements"
    number: int

    def after_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        if self.here(scene) and scene.statement == self.number:
            scene.strike(self)
            die()


@dataclass(kw_only=True)
class KilledAfter(Fault):
    """The worker is killed when the first statement that holds some text has been answered."""

    kind = "worker killed inside publish"
    text: str

    def after_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        if self.here(scene) and self.text in scene.text.lower():
            scene.strike(self)
            die()


@dataclass(kw_only=True)
class SessionLost(Fault):
    """The warehouse ends the session inside the transaction, before the n-th statement of it."""

    kind = "warehouse session lost in the transaction"
    number: int

    def before_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        if self.here(scene) and scene.in_transaction:
            self.number -= 1
            if self.number == 0:
                scene.strike(self)
                warehouse._connection.rest.delete_session()


@dataclass(kw_only=True)
class StatementFailed(Fault):
    """The warehouse answers the n-th statement of a task with an error."""

    kind = "warehouse statement failed"
    number: int

    def before_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        if self.here(scene) and scene.statement == self.number:
            from snowflake.connector.errors import OperationalError

            scene.strike(self)
            raise OperationalError("250001: chaos: the warehouse could not run the statement")


@dataclass(kw_only=True)
class AnswerLost(Fault):
    """The warehouse commits, and the connection breaks before the client hears of it."""

    kind = "answer to commit lost"

    def after_statement(self, scene: Scene, warehouse: "Warehouse") -> None:
        if self.here(scene) and scene.text.lower().startswith("commit"):
            from snowflake.connector.errors import OperationalError

            scene.strike(self)
            raise OperationalError("250003: chaos: the connection broke after commit")


class _LakeFault(Fault):
    """Changes what lies in the batch's folder before the batch is landed."""

    def before_task(self, scene: Scene) -> None:
        if self.here(scene) and scene.batch:
            from include import clients, config

            s3 = clients.lake_client()
            kept = s3.get_object(Bucket=config.LAKE_BUCKET, Key=f"{scene.batch}manifest.json")["Body"]
            if self.change(s3, config.LAKE_BUCKET, json.loads(kept.read())):
                scene.strike(self)

    def change(self, s3: Any, bucket: str, manifest: dict[str, Any]) -> bool:
        """Do the harm; False when this batch has nothing that could be harmed."""
        raise NotImplementedError


def _first_file(manifest: dict[str, Any]) -> str | None:
    return manifest["folder"] + manifest["files"][0]["name"] if manifest["files"] else None


@dataclass(kw_only=True)
class FileTruncated(_LakeFault):
    """A Parquet file ends in its middle."""

    kind = "Parquet file truncated"
    needs_operator = True

    def change(self, s3: Any, bucket: str, manifest: dict[str, Any]) -> bool:
        if key := _first_file(manifest):
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            s3.put_object(Bucket=bucket, Key=key, Body=body[: len(body) // 2])
        return key is not None


@dataclass(kw_only=True)
class FileCorrupted(_LakeFault):
    """The footer of a Parquet file is overwritten."""

    kind = "Parquet file corrupted"
    needs_operator = True

    def change(self, s3: Any, bucket: str, manifest: dict[str, Any]) -> bool:
        if key := _first_file(manifest):
            body = bytearray(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            body[-40:-8] = b"\xff" * 32
            s3.put_object(Bucket=bucket, Key=key, Body=bytes(body))
        return key is not None


@dataclass(kw_only=True)
class FileReplaced(_LakeFault):
    """A Parquet file is a whole one, but of another try: a row is missing, or there twice."""

    kind = "Parquet file of another try"
    needs_operator = True
    missing: bool

    def change(self, s3: Any, bucket: str, manifest: dict[str, Any]) -> bool:
        import pyarrow as pa
        import pyarrow.parquet as pq

        key = _first_file(manifest)
        if key is None:
            return False
        table = pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        changed = table.slice(1) if self.missing else pa.concat_tables([table, table.slice(0, 1)])
        sink = io.BytesIO()
        pq.write_table(changed, sink)
        s3.put_object(Bucket=bucket, Key=key, Body=sink.getvalue())
        return True


@dataclass(kw_only=True)
class ManifestChanged(_LakeFault):
    """The manifest promises a row more, or other money, than the files hold."""

    kind = "manifest disagrees"
    needs_operator = True
    name: str

    def change(self, s3: Any, bucket: str, manifest: dict[str, Any]) -> bool:
        if self.name == "rows":
            manifest["rows"] += 1
        else:
            manifest["money"] = str(float(manifest["money"]) + 0.01)
        s3.put_object(Bucket=bucket, Key=f"{manifest['folder']}manifest.json", Body=json.dumps(manifest).encode())
        return True


@dataclass(kw_only=True)
class Leftovers(_LakeFault):
    """An earlier try has left files in the batch's folder, and rows in its landing table."""

    kind = "leftovers of an earlier try"

    def change(self, s3: Any, bucket: str, manifest: dict[str, Any]) -> bool:
        from include.contracts import contract
        from include.warehouse import open_warehouse

        if key := _first_file(manifest):
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            for name in ("part-00007.parquet", "part-00000.parquet.part"):
                s3.put_object(Bucket=bucket, Key=manifest["folder"] + name, Body=body)
        agreed = contract(manifest["table"])
        with open_warehouse("chaos") as warehouse:
            for suffix in ("", "__rejects", "__candidates", "__days"):
                table = agreed.landing(manifest["batch_id"], suffix)
                warehouse.execute(f"create or replace transient table {table} as select * from {agreed.target}")
        return True


WORKER_FAULTS = (
    KilledInTask,
    KilledAtStatement,
    KilledAfter,
    SessionLost,
    StatementFailed,
    AnswerLost,
    FileTruncated,
    FileCorrupted,
    FileReplaced,
    ManifestChanged,
    Leftovers,
)
