"""What a service received, one JSON document a line, kept on disk so that it survives a restart."""

import json
import threading
from pathlib import Path
from typing import Any


class Journal:
    """An append-only list of documents. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():  # a crash may have cut the last line short
            whole, newline, _ = path.read_bytes().rpartition(b"\n")
            path.write_bytes(whole + newline)

    def append(self, entry: dict[str, Any]) -> None:
        """Write an entry through to disk."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """Every entry, oldest first."""
        with self._lock:
            lines = self._path.read_text(encoding="utf-8").split("\n")[:-1] if self._path.exists() else []
        return [json.loads(line) for line in lines]

    def clear(self) -> None:
        """Forget every entry."""
        with self._lock:
            self._path.unlink(missing_ok=True)
