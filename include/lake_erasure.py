"""Empty a person's rows in the files of the lake, so that every batch can still be loaded: same rows, same money.

A file is written anew under another name, then the manifest names that one, then the old file goes with all its
versions: at every moment the batch holds against its manifest. What no manifest names counts nowhere and is deleted.
"""

import hashlib
import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.contracts import Contract
from include.erasures import EMAIL_HASH, ORDER, SUBJECT, Erased, personal_columns
from include.lake import (
    BatchDamaged,
    LakeFile,
    Manifest,
    ManifestMissing,
    parquet_writer,
    read_manifest,
    table_folder,
    write_manifest,
)

log = logging.getLogger(__name__)

FOOTER_BYTES = 256 * 1024
ROWS = "rows emptied"
LEFTOVERS = "leftovers deleted"
_SUFFIX = ".parquet"


class UnreadableFile(Exception):
    """A file that counts cannot be read, so nobody can say whose rows it holds."""


@dataclass(frozen=True)
class Stored:
    """One version of an object; in a bucket without versions there is one, with the id `null`."""

    key: str
    version_id: str
    bytes: int
    is_current: bool

    @property
    def name(self) -> str:
        return self.key.rsplit("/", 1)[1]

    @property
    def folder(self) -> str:
        return self.key.rsplit("/", 1)[0] + "/"


@dataclass(frozen=True)
class Sweep:
    """A search through a table's batches for some people's rows.

    `counted` is told what was erased, as soon as it was: a place and how much. `dry_run` only counts. `before` is when
    the people were put on the list (aware): what was begun later knows of them.
    """

    s3: Any
    bucket: str
    erased: Erased
    before: datetime
    dry_run: bool = True
    counted: Callable[[str, int], None] | None = None

    def run(self, agreed: Contract) -> Counter[str]:
        """Erase, or in a dry run count, what stands in a table's folder: rows of batches, and leftovers.

        Raises:
            UnreadableFile: a file of a batch cannot be read.
        """
        found: Counter[str] = Counter()
        for folder, stored in self._folders(table_folder(agreed)):
            found += self._batch(agreed.table, folder, stored)
        if not self.dry_run:
            self._abort_uploads(table_folder(agreed))
        return found

    def _folders(self, prefix: str) -> Iterator[tuple[str, list[Stored]]]:
        """Each batch's folder with every version of its Parquet files, in order."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        stored = (
            Stored(each["Key"], each["VersionId"], each["Size"], each["IsLatest"])
            for page in pages
            for each in page.get("Versions", [])
            if each["Key"].endswith(_SUFFIX)
        )
        for folder, versions in groupby(stored, key=lambda each: each.folder):
            yield folder, list(versions)

    def _batch(self, table: str, folder: str, stored: list[Stored]) -> Counter[str]:
        manifest = self._manifest(folder)
        named = {file.name for file in manifest.files} if manifest else set()
        rewritten: dict[str, LakeFile] = {}
        gone: list[Stored] = []
        found: Counter[str] = Counter()
        for each in stored:
            counts = each.is_current and each.name in named
            with self._read(each) as path:
                rows = self._rows(each, path, counts) if path else 0
                if rows == 0:
                    continue
                gone.append(each)
                if counts:
                    found[f"lake {table}: {ROWS}"] += rows
                    if path and not self.dry_run:
                        rewritten[each.name] = self._rewrite(each, path)
                else:
                    found[f"lake {table}: {LEFTOVERS}"] += 1
        if gone and not self.dry_run:
            if manifest and rewritten:
                write_manifest(self.s3, self.bucket, _with(manifest, rewritten))
            for each in gone:
                self.s3.delete_object(Bucket=self.bucket, Key=each.key, VersionId=each.version_id)
            log.info("s3://%s/%s: %d file(s) written anew, %d deleted", self.bucket, folder, len(rewritten), len(gone))
            for place, number in found.items():
                if self.counted:
                    self.counted(place, number)
        return found

    def _manifest(self, folder: str) -> Manifest | None:
        """Manifest of a batch; None where the folder has none that can be read, so that nothing of it ever counts."""
        try:
            return read_manifest(self.s3, self.bucket, folder)
        except (ManifestMissing, BatchDamaged):
            return None

    @contextmanager
    def _read(self, stored: Stored) -> Iterator[Path | None]:
        """The file, downloaded; None where its footer says that no row of it holds personal data."""
        at = {"Bucket": self.bucket, "Key": stored.key, "VersionId": stored.version_id}
        first = max(0, stored.bytes - FOOTER_BYTES)
        end = self.s3.get_object(**at, Range=f"bytes={first}-")["Body"].read() if stored.bytes else b""
        if not may_hold_personal_data(end):
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="lake-erasure-") as directory:
            path = Path(directory) / "part.parquet"
            with path.open("wb") as file:
                # Without versions, not every store knows the id `null` that it lists.
                version = {} if stored.is_current else {"VersionId": stored.version_id}
                self.s3.download_fileobj(self.bucket, stored.key, file, ExtraArgs=version)
            yield path

    def _rows(self, stored: Stored, path: Path, counts: bool) -> int:
        """Rows that are to be emptied. A leftover that cannot be read has one: it is of use to nobody."""
        try:
            return _rows(path, self.erased)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            if not counts:
                return 1
            raise UnreadableFile(
                f"s3://{self.bucket}/{stored.key} cannot be read ({type(error).__name__}), so nobody can say whose "
                "rows it holds. The batch could not be loaded from it either: delete the file, then clear this task"
            ) from None

    def _rewrite(self, stored: Stored, path: Path) -> LakeFile:
        """Write a file anew, with the people's rows emptied, beside the old one; its name says what it holds."""
        written = path.with_name("written.parquet")
        with pq.ParquetFile(path) as old, parquet_writer(written, old.schema_arrow) as writer:
            for batch in old.iter_batches():
                writer.write_batch(self.erased.emptied(batch))
            rows = old.metadata.num_rows
        with written.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part = "-".join(stored.name.removesuffix(_SUFFIX).split("-")[:2])  # without the digest of an earlier erasure
        name = f"{part}-{digest[:12]}{_SUFFIX}"
        self.s3.upload_file(str(written), self.bucket, stored.folder + name)
        return LakeFile(name, rows, written.stat().st_size, digest)

    def _abort_uploads(self, prefix: str) -> None:
        """Uploads that were cut off hold parts of files that no list shows."""
        pages = self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
        for upload in (each for page in pages for each in page.get("Uploads", [])):
            if upload["Initiated"].astimezone(UTC) < self.before:
                self.s3.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def may_hold_personal_data(end: bytes) -> bool:
    """Whether rows of a Parquet file may hold personal data, judged by the file's last bytes; if in doubt, they may."""
    try:
        metadata = pq.read_metadata(pa.BufferReader(end))
    except (pa.ArrowInvalid, OSError):
        return True
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema not in personal_columns():
                continue
            told = column.statistics
            if told is None or told.null_count is None or told.null_count < group.num_rows:
                return True
    return False


def _rows(path: Path, erased: Erased) -> int:
    with pq.ParquetFile(path) as file:
        wanted = {SUBJECT, EMAIL_HASH, ORDER} | personal_columns()
        columns = [name for name in file.schema_arrow.names if name in wanted]
        return sum(pc.sum(erased.filled(batch)).as_py() or 0 for batch in file.iter_batches(columns=columns))


def _with(manifest: Manifest, rewritten: dict[str, LakeFile]) -> Manifest:
    """The manifest with the files that take the place of others."""
    files = [rewritten.get(file.name, file) for file in manifest.files]
    return replace(manifest, files=files, bytes=sum(file.bytes for file in files))
