"""What an export holds, as JSON in the lake: a small manifest a part, one of the whole, and the pointer readers follow.

exports/<mart>/build=<export id>/day=YYYY-MM-DD/data_….parquet    files of a part
exports/<mart>/build=<export id>/day=YYYY-MM-DD/_part.json        the part is finished
exports/<mart>/build=<export id>/manifest.json                    the export is finished
exports/<mart>/latest.json                                        which manifest counts now
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

ROOT = "exports"
MANIFEST_NAME = "manifest.json"
PART_NAME = "_part.json"
WHOLE = "whole"
NO_DAY = "day=none"
_DELETED_AT_ONCE = 1000  # S3's limit of keys in a request


@dataclass(frozen=True)
class File:
    """One file; `key` is its place in the bucket, `rows` what it holds without a header."""

    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """What a part holds: rows, a hash of their content in any order, and money by column, exact, as text."""

    rows: int
    content_hash: str
    money: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A finished part: a day (ISO), `none` for rows without a day, or `whole`; and the export that wrote its files."""

    day: str
    content: Content
    export_id: str
    files: list[File] = field(default_factory=list)


@dataclass(frozen=True)
class Manifest:
    """A finished export. Days whose content had not changed stand in it with the files of an earlier export.

    `start_day` and `end_day` (not included) are set where only some days were asked for. Times are UTC, ISO 8601.
    """

    export_id: str
    mart: str
    format: str
    bucket: str
    build_number: int
    data_through: str | None
    start_day: str | None
    end_day: str | None
    columns: list[dict[str, str]]
    rows: int
    bytes: int
    money: dict[str, str]
    run_id: str
    code_version: str
    exported_at: str
    parts: list[Part] = field(default_factory=list)


def mart_folder(mart: str) -> str:
    """Key prefix of all exports of a mart."""
    return f"{ROOT}/{mart}/"


def export_folder(mart: str, export_id: str) -> str:
    """Key prefix of one export of a mart."""
    return f"{mart_folder(mart)}build={export_id}/"


def part_folder(mart: str, export_id: str, day: str) -> str:
    """Key prefix of a part: by its day, as Hive and those after it name partitions."""
    name = {WHOLE: WHOLE, "none": NO_DAY}.get(day, f"day={day}")
    return f"{export_folder(mart, export_id)}{name}/"


def part_name(day: date | None, by: str | None) -> str:
    """Name of the part that holds a day's rows."""
    if by is None:
        return WHOLE
    return day.isoformat() if day else "none"


class ExportLake:
    """The exports of one mart in the lake. `s3` is a boto3 client; its ClientErrors are raised as they are."""

    def __init__(self, s3: Any, bucket: str, mart: str) -> None:
        self.s3, self.bucket, self.mart = s3, bucket, mart

    def sizes(self, prefix: str) -> dict[str, int]:
        """Every object whose key begins so, and its bytes."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}

    def written_at(self, prefix: str) -> dict[str, datetime]:
        """Every object whose key begins so, and when it was written (aware)."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {found["Key"]: found["LastModified"] for page in pages for found in page.get("Contents", [])}

    def finished_part(self, export_id: str, day: str) -> Part | None:
        """The part as an earlier try finished it, or None."""
        raw = self._read(f"{part_folder(self.mart, export_id, day)}{PART_NAME}")
        return _part(raw) if raw else None

    def write_part(self, part: Part) -> None:
        """Mark a part as finished."""
        self._write(f"{part_folder(self.mart, part.export_id, part.day)}{PART_NAME}", asdict(part))

    def manifest(self, export_id: str) -> Manifest | None:
        """Manifest of an export, or None while it is not finished."""
        return self._manifest(f"{export_folder(self.mart, export_id)}{MANIFEST_NAME}")

    def latest(self) -> Manifest | None:
        """The manifest that readers are led to, or None before the first export."""
        pointer = self._read(f"{mart_folder(self.mart)}latest.json")
        return self._manifest(pointer["manifest"]) if pointer else None

    def write_manifest(self, manifest: Manifest) -> str:
        """Finish an export; returns the manifest's key."""
        key = f"{export_folder(self.mart, manifest.export_id)}{MANIFEST_NAME}"
        self._write(key, asdict(manifest))
        return key

    def point_to(self, manifest: Manifest, key: str) -> None:
        """Lead readers to an export: one write, which S3 makes visible whole."""
        told = ("export_id", "mart", "format", "build_number", "data_through", "rows", "exported_at")
        pointer = {name: getattr(manifest, name) for name in told}
        self._write(f"{mart_folder(self.mart)}latest.json", {"manifest": key, **pointer})

    def remove(self, keys: Iterable[str]) -> None:
        """Delete objects that no manifest names."""
        chosen = sorted(keys)
        for first in range(0, len(chosen), _DELETED_AT_ONCE):
            objects = [{"Key": key} for key in chosen[first : first + _DELETED_AT_ONCE]]
            self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})

    def _manifest(self, key: str) -> Manifest | None:
        raw = self._read(key)
        return Manifest(**{**raw, "parts": [_part(part) for part in raw["parts"]]}) if raw else None

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except self.s3.exceptions.NoSuchKey:
            return None

    def _write(self, key: str, content: dict[str, Any]) -> None:
        body = json.dumps(content, indent=2).encode()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")


def _part(raw: dict[str, Any]) -> Part:
    return Part(raw["day"], Content(**raw["content"]), raw["export_id"], [File(**file) for file in raw["files"]])
