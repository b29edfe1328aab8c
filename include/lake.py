"""The lake: a batch's Parquet files on S3 and the manifest that says they are complete."""

import hashlib
import json
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.contracts import Contract
from include.contracts.conform import arrow_schema
from include.window import Window

FILE_BYTES = 128 * 1024 * 1024
_FILE_NAME = "part-{:05d}.parquet"


class ManifestMissing(Exception):
    """A batch has no manifest: its extract did not finish."""


@dataclass(frozen=True)
class LakeFile:
    """One Parquet file of a batch; `name` is relative to the batch's folder."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class DayVersion:
    """A day that a batch replaces whole, and the version (UTC, ISO 8601) of the export it was read from."""

    day: str
    version: str


@dataclass(frozen=True)
class Manifest:
    """What a batch holds; written last, so that a batch without one never counts. Money is exact to four decimals.

    `extracted_at` is when the source was read, by its own clock (ISO 8601); None where that does not matter.
    """

    batch_id: str
    table: str
    source: str
    folder: str
    window_start: str
    window_end: str
    rows: int
    bytes: int
    money: str
    schema_fingerprint: str
    code_version: str
    files: list[LakeFile] = field(default_factory=list)
    days: list[DayVersion] = field(default_factory=list)
    extracted_at: str | None = None


def folder(contract: Contract, window: Window, batch_id: str) -> str:
    """Key prefix of a batch, with a closing slash."""
    day = window.start.astimezone(window.timezone).date()
    return f"raw/{contract.source}/{contract.table}/day={day}/batch={batch_id}/"


def write(
    s3: Any,
    bucket: str,
    batches: Iterable[pa.RecordBatch],
    contract: Contract,
    window: Window,
    batch_id: str,
    days: Iterable[DayVersion] = (),
    code_version: str = "dev",
    extracted_at: datetime | None = None,
) -> Manifest:
    """Stream conformed batches to Parquet files of about 128 MB and close with the manifest; memory stays constant.

    `s3` is a boto3 client. Raises its ClientError when S3 refuses; the batch then has no manifest.
    """
    prefix = folder(contract, window, batch_id)
    schema = arrow_schema(contract)
    writer = _FileWriter(s3, bucket, prefix, schema)
    money = Decimal(0)
    with writer:
        for batch in batches:
            if batch.num_rows == 0:
                continue
            writer.write(batch)
            if contract.money:
                money += pc.sum(batch.column(contract.money)).as_py() or Decimal(0)
    manifest = Manifest(
        batch_id=batch_id,
        table=contract.table,
        source=contract.source,
        folder=prefix,
        window_start=window.start.isoformat(),
        window_end=window.end.isoformat(),
        rows=sum(file.rows for file in writer.files),
        bytes=sum(file.bytes for file in writer.files),
        money=str(money.quantize(Decimal("0.0001"))),
        schema_fingerprint=hashlib.sha256(str(schema).encode()).hexdigest(),
        code_version=code_version,
        files=writer.files,
        days=list(days),
        extracted_at=extracted_at.isoformat() if extracted_at else None,
    )
    body = json.dumps(asdict(manifest), indent=2).encode()
    s3.put_object(Bucket=bucket, Key=f"{prefix}manifest.json", Body=body, ContentType="application/json")
    return manifest


def read_manifest(s3: Any, bucket: str, prefix: str) -> Manifest:
    """Manifest of a batch.

    Raises:
        ManifestMissing: the folder holds none; clear the extract task to write the batch again.
    """
    try:
        body = s3.get_object(Bucket=bucket, Key=f"{prefix}manifest.json")["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise ManifestMissing(
            f"s3://{bucket}/{prefix} has no manifest.json, so its extract did not finish: clear the extract task"
        ) from None
    raw = json.loads(body)
    files = [LakeFile(**file) for file in raw.pop("files")]
    return Manifest(**{**raw, "days": [DayVersion(**day) for day in raw["days"]]}, files=files)


class _FileWriter:
    """Writes one local file at a time and moves it to S3 when it is large enough."""

    def __init__(self, s3: Any, bucket: str, prefix: str, schema: pa.Schema) -> None:
        self.files: list[LakeFile] = []
        self._s3, self._bucket, self._prefix, self._schema = s3, bucket, prefix, schema
        self._directory = tempfile.TemporaryDirectory(prefix="lake-")
        self._path = Path(self._directory.name) / "part.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0

    def __enter__(self) -> "_FileWriter":
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        try:
            if failed is None:
                self._finish()
        finally:
            self._directory.cleanup()

    def write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None:
            # COPY reads every value once: dictionaries of keys and times cost half of the time and save nothing.
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd", use_dictionary=False)
        self._writer.write_batch(batch)
        self._rows += batch.num_rows
        if self._path.stat().st_size >= FILE_BYTES:
            self._finish()

    def _finish(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        name = _FILE_NAME.format(len(self.files))
        self._s3.upload_file(str(self._path), self._bucket, self._prefix + name)
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.files.append(LakeFile(name, self._rows, self._path.stat().st_size, digest))
        self._path.unlink()
        self._writer, self._rows = None, 0
