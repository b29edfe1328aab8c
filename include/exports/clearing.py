"""Which files of old exports may go: those that no reader is led to any more, and what tries have left behind."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.exports.manifest import MANIFEST_NAME, PART_NAME, ROOT, ExportLake, export_folder, mart_folder

OUTDATED = "another export has taken its place"
UNFINISHED = "never finished, or left by a try that was cut off"


@dataclass(frozen=True)
class Removal:
    """Files of one export of a mart that may go, the newest last, and why. `written_at` is when that was."""

    mart: str
    export_id: str
    reason: str
    keys: tuple[str, ...]
    written_at: datetime

    @property
    def folder(self) -> str:
        return export_folder(self.mart, self.export_id)


def marts_in(s3: Any, bucket: str) -> list[str]:
    """Marts of which exports lie in the lake, also those that are not exported any more."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{ROOT}/", Delimiter="/")
    return [found["Prefix"].split("/")[1] for page in pages for found in page.get("CommonPrefixes", [])]


def removals(lake: ExportLake, before: datetime) -> list[Removal]:
    """What may go of a mart's exports: all that was written before a moment (aware) and that no manifest names which
    is younger, or to which latest.json leads. A file goes by what names it, not by the folder it lies in.
    """
    written = lake.written_at(mart_folder(lake.mart))
    folders: dict[str, list[str]] = {}
    for key in written:
        if (export_id := _export_id(lake.mart, key)) is not None:
            folders.setdefault(export_id, []).append(key)
    latest = lake.latest()
    finished = {each: lake.manifest(each) for each, keys in folders.items() if any(map(_is_manifest, keys))}
    kept = {
        each: manifest
        for each, manifest in finished.items()
        if manifest
        and (
            (latest is not None and each == latest.export_id)
            or written[f"{export_folder(lake.mart, each)}{MANIFEST_NAME}"] >= before
        )
    }
    named = {file.key for manifest in kept.values() for part in manifest.parts for file in part.files}

    def may_go(export_id: str, key: str) -> bool:
        tells = export_id in kept and key.endswith((f"/{MANIFEST_NAME}", f"/{PART_NAME}"))
        return not tells and key not in named and written[key] < before

    found = []
    for export_id, keys in sorted(folders.items()):
        going = sorted(
            (key for key in keys if may_go(export_id, key)), key=lambda key: (written[key], _is_manifest(key))
        )
        if going:
            outdated = export_id in finished and export_id not in kept
            reason = OUTDATED if outdated else UNFINISHED
            found.append(Removal(lake.mart, export_id, reason, tuple(going), written[going[-1]]))
    return found


def remove(lake: ExportLake, removal: Removal) -> None:
    """Delete the files, the newest last: what is left of a removal that was cut off is known as the same one."""
    *others, last = removal.keys
    lake.remove(others)
    lake.remove([last])


def _is_manifest(key: str) -> bool:
    return key.endswith(f"/{MANIFEST_NAME}")


def _export_id(mart: str, key: str) -> str | None:
    """The export in whose folder a key lies; None for latest.json and whatever is no export's."""
    start = f"{mart_folder(mart)}build="
    return key.removeprefix(start).split("/")[0] if key.startswith(start) and "/" in key[len(start) :] else None
