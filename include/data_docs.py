"""Where the Data Docs of each batch stand, and how old ones go."""

import html
import logging
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from include import config
from include.landing import LandedBatch

log = logging.getLogger(__name__)

PRUNED_AT_ONCE = 20  # a gate makes one folder, so this many keep up with any past
SHORTEST_VALUE = 3
_DAY_SECONDS = 86_400


def folder(batch: LandedBatch) -> Path:
    """Folder of a batch's Data Docs."""
    return config.DATA_DOCS_DIR / batch.contract.table / batch.id


def share_static(pages: Path) -> None:
    """Let the pages of one batch use the fonts and styles of all: a copy of its own is 4 MB a batch."""
    own, shared = pages / "static", config.DATA_DOCS_DIR / "static"
    if own.is_symlink() or not own.is_dir():
        return
    try:
        own.rename(shared)
    except OSError:  # another batch has brought them
        shutil.rmtree(own)
    own.symlink_to(Path("..", "..", "static"), target_is_directory=True)


def prune(table: str) -> list[Path]:
    """Remove Data Docs of a table's batches that were written more than DATA_DOCS_DAYS ago; at most 20, oldest first.

    What another gate removes at the same time, or what cannot be removed, is passed over.
    """
    limit = time.time() - config.DATA_DOCS_DAYS * _DAY_SECONDS
    aged = []
    for path in (config.DATA_DOCS_DIR / table).glob(f"{table}__*"):
        try:
            aged.append((path.stat().st_mtime, path))
        except FileNotFoundError:
            continue
    old = [path for written, path in sorted(aged) if written < limit][:PRUNED_AT_ONCE]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    if old:
        log.info("Removed the Data Docs of %d batches older than %d days", len(old), config.DATA_DOCS_DAYS)
    return old


def pages_with(values: Iterable[str]) -> list[Path]:
    """Folders of batches whose Data Docs show one of these values, as a word of its own, in any case.

    No rule of ours lets personal data into Data Docs; this finds what a rule that somebody adds would. Values of one or
    two characters say nothing.
    """
    wanted = sorted({value.strip().casefold() for value in values if len(value.strip()) >= SHORTEST_VALUE})
    if not wanted:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)")
    return [
        batch
        for batch in sorted(config.DATA_DOCS_DIR.glob("*/*__*"))
        if any(pattern.search(_text(page)) for page in batch.rglob("*") if page.is_file())
    ]


def remove(folders: Iterable[Path]) -> None:
    """Remove Data Docs of whole batches."""
    for path in folders:
        shutil.rmtree(path)


def _text(page: Path) -> str:
    return html.unescape(page.read_text(errors="replace")).casefold()
