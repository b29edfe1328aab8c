"""Export one mart: unload what has changed, read it back, then tell readers. No manifest, no export."""

import hashlib
import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from include.exports import Definition, ExportError, Refused
from include.exports.manifest import (
    Content,
    ExportLake,
    File,
    Manifest,
    Part,
    mart_folder,
    part_folder,
    part_name,
)
from include.exports.reading import read_back
from include.warehouse import Warehouse

log = logging.getLogger(__name__)

FILE_BYTES = 128 * 1024 * 1024
TOLD_EVERY = 50  # parts
_MONEY = re.compile(r"(^|_)(revenue|amount|monetary)$")


class Superseded(ExportError):
    """The marts are no longer those of the build that the export began with; nothing of it is visible."""


@dataclass(frozen=True)
class Order:
    """What one task exports: a mart as it stands after a build, or some of its days (`end_day` not included).

    `full` writes every part anew. `run_id` tells the exports of two runs apart, and lets a retry find its own parts.
    """

    definition: Definition
    build_number: int
    run_id: str
    start_day: date | None = None
    end_day: date | None = None
    full: bool = False
    is_latest: bool = True

    @property
    def export_id(self) -> str:
        """Name of the export: the build, then what tells runs of the same build apart."""
        return f"{self.build_number}-{hashlib.sha256(self.run_id.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Exported:
    """A finished export and the key of its manifest."""

    manifest: Manifest
    key: str

    @property
    def written(self) -> list[Part]:
        """Parts that were written anew; the others stand in it as an earlier export wrote them."""
        return [part for part in self.manifest.parts if part.export_id == self.manifest.export_id]


@dataclass(frozen=True)
class _Snapshot:
    """The mart as it stands: columns with their types, columns of money, and what each part holds, by its name."""

    columns: list[dict[str, str]]
    money: tuple[str, ...]
    contents: dict[str, Content]


def current_build(warehouse: Warehouse) -> tuple[int, date | None]:
    """Number and last day of the build that the marts are of.

    Raises:
        Superseded: another build is at work, so that they are of none.
        Refused: none was ever finished.
    """
    rows = warehouse.rows("export/builds.sql")
    if not rows:
        raise Refused("no build has finished yet, so there is nothing to export: run build_marts first")
    [(number, data_through, at_work)] = rows
    if number != at_work:
        raise Superseded(f"build {at_work} is at work, or has stopped half way, after build {number}")
    return number, data_through


def export(warehouse: Warehouse, lake: ExportLake, order: Order, code_version: str) -> Exported:
    """Export a mart so that its manifest, and then its pointer, show one build of it, checked to the row.

    Parts that this export finished before it was cut off, and those that the newest export holds unchanged, stay.

    Raises:
        Superseded: a build began meanwhile.
        Refused: the mart is not as declared.
        ExportError: what arrived in the lake is not what the mart holds, or the mart changed meanwhile.
    """
    data_through = _same_build(warehouse, order)
    snapshot = _snapshot(warehouse, order)
    held = _held(lake, order, snapshot)
    log.info(
        "%s: %d part(s), %s rows; %d of them stand in the lake already",
        order.definition.mart,
        len(snapshot.contents),
        f"{sum(content.rows for content in snapshot.contents.values()):,}",
        len(held),
    )
    named = _named(lake.manifest(order.export_id))
    parts = []
    for number, day in enumerate(sorted(snapshot.contents), 1):
        parts.append(held.get(day) or _unload(warehouse, lake, order, snapshot, day, named))
        if number % TOLD_EVERY == 0:
            log.info("%s: %d of %d parts done", order.definition.mart, number, len(snapshot.contents))
    _same_build(warehouse, order)
    if _snapshot(warehouse, order) != snapshot:
        # A build that has only just begun is seen as one by the next try; other changes are over by then.
        raise ExportError(f"marts.{order.definition.mart} has changed while it was exported; it is exported once more")
    manifest = _manifest(lake, order, snapshot, parts, data_through, code_version)
    key = lake.write_manifest(manifest)
    if order.is_latest:
        lake.point_to(manifest, key)
    exported = Exported(manifest, key)
    _record(warehouse, order, exported)
    return exported


def _same_build(warehouse: Warehouse, order: Order) -> date | None:
    number, data_through = current_build(warehouse)
    if number != order.build_number:
        raise Superseded(f"build {number} has finished; this run began with build {order.build_number}")
    return data_through


def _snapshot(warehouse: Warehouse, order: Order) -> _Snapshot:
    definition = order.definition
    types = {
        name: _type(*described) for name, *described in warehouse.rows("export/columns.sql", {"mart": definition.mart})
    }
    if missing := [name for name in (*definition.columns, definition.by) if name and name not in types]:
        raise Refused(f"marts.{definition.mart} has no column {', '.join(missing)}: has its model been built?")
    if definition.by and types[definition.by] != "DATE":
        raise Refused(f"marts.{definition.mart}.{definition.by} is {types[definition.by]}, and days are a DATE")
    money = tuple(name for name in definition.columns if _MONEY.search(name) and types[name].startswith("NUMBER"))
    rows = warehouse.rows(
        "export/parts.sql",
        {"start": order.start_day, "end": order.end_day},
        mart=definition.mart,
        day=definition.by or "null",
        columns=definition.columns,
        money=money,
        chosen=_chosen_days(order),
    )
    contents = {
        part_name(day, definition.by): Content(
            int(count), str(content_hash), {name: _amount(total) for name, total in zip(money, totals, strict=True)}
        )
        for day, *totals, content_hash, count in rows
    }
    if definition.by is None and not contents:  # a mart without rows is exported as such
        contents = {part_name(None, None): Content(0, "0", {name: _amount(None) for name in money})}
    return _Snapshot([{"name": name, "type": types[name]} for name in definition.columns], money, contents)


def _type(data_type: str, precision: int | None, scale: int | None) -> str:
    return f"{data_type}({precision},{scale})" if data_type == "NUMBER" else data_type


def _amount(value: Decimal | None) -> str:
    return f"{Decimal(value or 0):.4f}"


def _chosen_days(order: Order) -> str:
    """Condition on the days that were asked for; the days themselves are bound."""
    if order.start_day is None:
        return "true"
    return f"{order.definition.by} >= %(start)s and {order.definition.by} < %(end)s"


def _chosen_rows(order: Order, day: str) -> str:
    """Condition on a part's rows; the day itself is bound."""
    if order.definition.by is None:
        return "true"
    return f"{order.definition.by} is null" if day == "none" else f"{order.definition.by} = %(day)s"


def _held(lake: ExportLake, order: Order, snapshot: _Snapshot) -> dict[str, Part]:
    """Parts that need not be written: their content is the same, and their files are there with all their bytes."""
    known: dict[str, Part] = {}
    latest = None if order.full else lake.latest()
    if latest and (latest.format, latest.columns) == (order.definition.format, snapshot.columns):
        known = {part.day: part for part in latest.parts}
    sizes = lake.sizes(mart_folder(order.definition.mart))
    for day in snapshot.contents:
        marker = f"{part_folder(order.definition.mart, order.export_id, day)}_part.json"
        if marker in sizes and (own := lake.finished_part(order.export_id, day)):
            known[day] = own
    return {
        day: known[day]
        for day, content in snapshot.contents.items()
        if day in known
        and known[day].content == content
        and all(sizes.get(file.key) == file.bytes for file in known[day].files)
    }


def _unload(
    warehouse: Warehouse, lake: ExportLake, order: Order, snapshot: _Snapshot, day: str, named: set[str]
) -> Part:
    """Write one part, read it back, and mark it as finished. What a try that was cut off has left is taken away first,
    but no file that is `named` by a manifest."""
    definition, content = order.definition, snapshot.contents[day]
    folder = part_folder(definition.mart, order.export_id, day)
    lake.remove(lake.sizes(folder).keys() - named)
    unloaded = warehouse.run(
        f"export/unload_{definition.format}.sql",
        {"day": day},
        mart=definition.mart,
        columns=definition.columns,
        folder=folder,
        chosen=_chosen_rows(order, day),
        file_bytes=FILE_BYTES,
    ).fetchall()
    files, arrived = [], dict.fromkeys(snapshot.money, Decimal(0))
    for name, _, rows in unloaded:
        key = folder + str(name).rsplit("/", 1)[-1]
        file, money = _fetched(lake, key, definition.format, snapshot.money)
        if file.rows != int(rows):
            raise ExportError(f"s3://{lake.bucket}/{key} holds {file.rows:,} rows, but {int(rows):,} were unloaded")
        files.append(file)
        arrived = {column: arrived[column] + amount for column, amount in money.items()}
    found = Content(
        sum(file.rows for file in files), content.content_hash, {name: _amount(sum_) for name, sum_ in arrived.items()}
    )
    if found != content:
        _same_build(warehouse, order)
        raise ExportError(
            f"marts.{definition.mart}, {day}: {_told(found)} arrived in s3://{lake.bucket}/{folder}, but the mart "
            f"holds {_told(content)}; nothing of it is visible to readers, clear the task to write it again"
        )
    part = Part(day, content, order.export_id, files)
    lake.write_part(part)
    return part


def _named(manifest: Manifest | None) -> set[str]:
    return {file.key for part in manifest.parts for file in part.files} if manifest else set()


def _fetched(lake: ExportLake, key: str, format: str, money: tuple[str, ...]) -> tuple[File, Mapping[str, Decimal]]:
    """A file as S3 gives it: rows, bytes and hash of what a reader will get, and its money."""
    with tempfile.TemporaryDirectory(prefix="export-") as directory:
        path = Path(directory) / "file"
        lake.s3.download_file(lake.bucket, key, str(path))
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        rows, sums = read_back(path, format, money)
        return File(key, rows, path.stat().st_size, digest), sums


def _told(content: Content) -> str:
    money = ", ".join(f"{name} {amount}" for name, amount in content.money.items())
    return f"{content.rows:,} rows{f' ({money})' if money else ''}"


def _manifest(
    lake: ExportLake,
    order: Order,
    snapshot: _Snapshot,
    parts: list[Part],
    data_through: date | None,
    code_version: str,
) -> Manifest:
    def day(value: date | None) -> str | None:
        return value.isoformat() if value else None

    return Manifest(
        export_id=order.export_id,
        mart=order.definition.mart,
        format=order.definition.format,
        bucket=lake.bucket,
        build_number=order.build_number,
        data_through=day(data_through),
        start_day=day(order.start_day),
        end_day=day(order.end_day),
        columns=snapshot.columns,
        rows=sum(part.content.rows for part in parts),
        bytes=sum(file.bytes for part in parts for file in part.files),
        money={
            name: _amount(sum((Decimal(part.content.money[name]) for part in parts), Decimal(0)))
            for name in snapshot.money
        },
        run_id=order.run_id,
        code_version=code_version,
        exported_at=datetime.now(UTC).isoformat(timespec="seconds"),
        parts=parts,
    )


def _record(warehouse: Warehouse, order: Order, exported: Exported) -> None:
    manifest = exported.manifest
    values: dict[str, Any] = {
        "export_id": manifest.export_id,
        "mart": manifest.mart,
        "export_format": manifest.format,
        "build_number": manifest.build_number,
        "data_through": manifest.data_through,
        "run_id": manifest.run_id,
        "start_day": manifest.start_day,
        "end_day": manifest.end_day,
        "part_count": len(manifest.parts),
        "written_part_count": len(exported.written),
        "row_count": manifest.rows,
        "written_row_count": sum(part.content.rows for part in exported.written),
        "byte_count": manifest.bytes,
        "is_latest": order.is_latest,
        "manifest_url": f"s3://{manifest.bucket}/{exported.key}",
        "code_version": manifest.code_version,
        "exported_at": datetime.fromisoformat(manifest.exported_at).replace(tzinfo=None),
    }
    warehouse.run("export/record_export.sql", values)
