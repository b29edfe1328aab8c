"""The lake: a batch's Parquet files on S3 and the manifest that says they are complete."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
_CHUNK_BYTES = 1024 * 1024
_FILE_NAME = "part-{:05d}.parquet"
MANIFEST_NAME = "manifest.json"


class ManifestMissing(Exception):
    """A batch has no manifest: its extract did not finish."""


class LakeError(Exception):
    """S3 did not take or give a file."""


class BatchDamaged(Exception):
    """What lies in the lake is not what the extract wrote."""


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


def table_folder(contract: Contract) -> str:
    """Key prefix of all batches of a table, with a closing slash."""
    return f"raw/{contract.source}/{contract.table}/"


def folder(contract: Contract, window: Window, batch_id: str) -> str:
    """Key prefix of a batch, with a closing slash."""
    day = window.start.astimezone(window.timezone).date()
    return f"{table_folder(contract)}day={day}/batch={batch_id}/"


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

    `s3` is a boto3 client.

    Raises:
        LakeError: S3 refuses or is away; the batch then has no manifest.
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
    write_manifest(s3, bucket, manifest)
    return manifest


def write_manifest(s3: Any, bucket: str, manifest: Manifest) -> None:
    """Say what a batch holds: from here on it counts.

    Raises:
        LakeError: S3 refuses or is away.
    """
    body = json.dumps(asdict(manifest), indent=2).encode()
    with _writing(bucket, key := f"{manifest.folder}{MANIFEST_NAME}"):
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def read_manifest(s3: Any, bucket: str, prefix: str) -> Manifest:
    """Manifest of a batch.

    Raises:
        ManifestMissing: the folder holds none; clear the extract task to write the batch again.
        BatchDamaged: it is no manifest; the same helps.
        LakeError: S3 refuses or is away.
    """
    try:
        with _reading(bucket, key := f"{prefix}{MANIFEST_NAME}", s3.exceptions.NoSuchKey):
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise ManifestMissing(
            f"s3://{bucket}/{prefix} has no manifest.json, so its extract did not finish: clear the extract task"
        ) from None
    try:
        raw = json.loads(body)
        files = [LakeFile(**file) for file in raw.pop("files")]
        return Manifest(**{**raw, "days": [DayVersion(**day) for day in raw["days"]]}, files=files)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(bucket, key, f"cannot be read as a manifest ({error!r})") from error


def verify(s3: Any, bucket: str, manifest: Manifest) -> None:
    """Read a batch's files once and hold each against its SHA-256: COPY would load some damage without a word.

    Raises:
        BatchDamaged: a file is missing, or not the one that was written; clear the extract task to write it again.
        LakeError: S3 refuses or is away.
    """
    for file in manifest.files:
        key = manifest.folder + file.name
        digest, size = hashlib.sha256(), 0
        try:
            with _reading(bucket, key, s3.exceptions.NoSuchKey):
                body = s3.get_object(Bucket=bucket, Key=key)["Body"]
                with body:
                    for chunk in body.iter_chunks(_CHUNK_BYTES):
                        digest.update(chunk)
                        size += len(chunk)
        except s3.exceptions.NoSuchKey:
            raise _damaged(bucket, key, "is missing, though the manifest names it") from None
        if size != file.bytes:
            raise _damaged(bucket, key, f"has {size:,} bytes, but the manifest says {file.bytes:,}")
        if digest.hexdigest() != file.sha256:
            raise _damaged(bucket, key, "has other content than was written: its SHA-256 is not the manifest's")


def _damaged(bucket: str, key: str, what: str) -> BatchDamaged:
    return BatchDamaged(
        f"s3://{bucket}/{key} {what}. Nothing of it was loaded: clear the extract task to write it again"
    )


@contextmanager
def _writing(bucket: str, key: str) -> Iterator[None]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise LakeError(
            f"s3://{bucket}/{key} could not be written: {error}. Without its manifest the batch counts nowhere. "
            "Airflow tries again; when it has given up, look at the bucket and the connection lake, then clear the "
            "extract task"
        ) from error


@contextmanager
def _reading(bucket: str, key: str, no_such_key: type[Exception]) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except no_such_key:
        raise  # an answer, not a failure
    except (BotoCoreError, ClientError) as error:
        raise LakeError(
            f"s3://{bucket}/{key} could not be read: {error}. Nothing of the batch was published. Airflow tries again; "
            "when it has given up, look at the bucket and the connection lake, then clear this task"
        ) from error


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Writer of a batch's file."""
    # COPY reads every value once: dictionaries of keys and times cost half of the time and save nothing.
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False)


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
            self._writer = parquet_writer(self._path, self._schema)
        self._writer.write_batch(batch)
        self._rows += batch.num_rows
        if self._path.stat().st_size >= FILE_BYTES:
            self._finish()

    def _finish(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        name = _FILE_NAME.format(len(self.files))
        with _writing(self._bucket, self._prefix + name):
            self._s3.upload_file(str(self._path), self._bucket, self._prefix + name)
        with self._path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.files.append(LakeFile(name, self._rows, self._path.stat().st_size, digest))
        self._path.unlink()
        self._writer, self._rows = None, 0
