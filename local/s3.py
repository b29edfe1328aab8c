"""Stand-in for S3: moto's server, with every object mirrored on disk so that it outlives the process."""

import argparse
import hashlib
import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from local.addresses import listen_address

BUCKET = "analytics-lake"
REGION = "eu-west-1"
# Any key opens it; Airflow masks a password wherever it stands in a log, so the secret is no word of a path.
ACCESS_KEY = "local"
SECRET_KEY = "local-lake-secret"
ACCOUNT = "123456789012"  # moto's default account
# Larger objects are spooled to a temporary file by moto instead of being held in memory.
os.environ.setdefault("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", str(4 * 1024 * 1024))

logger = logging.getLogger(__name__)


class ObjectStore:
    """Objects on disk: `<root>/<bucket>/objects/<quoted key>`, with headers in `<root>/<bucket>/headers`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, bucket: str, key: str, chunks: Iterable[bytes], headers: dict[str, Any]) -> None:
        """Write an object whole: a reader sees the old one or the new one."""
        content, described = self._paths(bucket, key)
        for path in (content, described):
            path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = content.with_name(f".{hashlib.sha1(key.encode()).hexdigest()}.part")
        with unfinished.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        described.write_text(json.dumps({"key": key, **headers}))
        unfinished.replace(content)

    def remove(self, bucket: str, key: str) -> None:
        for path in self._paths(bucket, key):
            path.unlink(missing_ok=True)

    def add_bucket(self, bucket: str) -> None:
        (self.root / bucket / "objects").mkdir(parents=True, exist_ok=True)

    def remove_bucket(self, bucket: str) -> None:
        for path in sorted((self.root / bucket).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (self.root / bucket).rmdir()

    def buckets(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir() if path.is_dir()) if self.root.exists() else []

    def keys(self, bucket: str) -> Iterable[tuple[str, Path, dict[str, Any]]]:
        """Key, file and headers of every object that was written whole."""
        for described in sorted((self.root / bucket / "headers").rglob("*.json")):
            headers = json.loads(described.read_text())
            content, _ = self._paths(bucket, headers["key"])
            if content.exists():
                yield headers.pop("key"), content, headers

    def _paths(self, bucket: str, key: str) -> tuple[Path, Path]:
        # Long or odd keys (a trailing slash, "..") must not escape the folder or exceed a file name's length.
        parts = [quote(part, safe="=@+, -") or "%00" for part in key.split("/")]
        safe = "/".join(part if len(part) < 200 and part not in {".", ".."} else _digest(part) for part in parts)
        folder = self.root / bucket
        return folder / "objects" / safe, folder / "headers" / f"{safe}.json"


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


class DurableS3:
    """WSGI middleware around moto: after a change has been made, and before the client hears of it, mirror it."""

    def __init__(self, application: Any, store: ObjectStore) -> None:
        self.application = application
        self.store = store
        self._restore()

    def __call__(self, environment: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        status: list[int] = []

        def observe(line: str, headers: Any, error: Any = None) -> Any:
            status.append(int(line.split(" ", 1)[0]))
            return start_response(line, headers, error) if error else start_response(line, headers)

        body = self.application(environment, observe)
        method = environment["REQUEST_METHOD"]
        if method in {"PUT", "POST", "DELETE"} and status and status[-1] < 300:
            self._mirror(environment)
        return body

    def _mirror(self, environment: dict[str, Any]) -> None:
        bucket, _, key = unquote(environment.get("PATH_INFO", "")).lstrip("/").partition("/")
        query = parse_qs(environment.get("QUERY_STRING", ""), keep_blank_values=True)
        if not bucket or "partNumber" in query or ("uploads" in query and environment["REQUEST_METHOD"] == "POST"):
            return  # a part becomes an object only when its upload is completed
        live = self._buckets().get(bucket)
        if live is None:
            if bucket in self.store.buckets():
                self.store.remove_bucket(bucket)
        elif not key:
            self.store.add_bucket(bucket)
            if "delete" in query:  # several keys at once: named in the body, which moto has consumed
                self._remove_missing(bucket, live)
        elif (found := live.keys.get(key)) is not None:
            self._save(bucket, key, found)
        else:
            self.store.remove(bucket, key)

    def _save(self, bucket: str, key: str, found: Any) -> None:
        with found.lock:
            buffer = found._value_buffer
            buffer.seek(0)
            chunks = iter(lambda: buffer.read(1 << 20), b"")
            headers = {"metadata": dict(found.metadata), "storage": found.storage_class}
            self.store.save(bucket, key, chunks, headers)

    def _remove_missing(self, bucket: str, live: Any) -> None:
        for key, _, _ in list(self.store.keys(bucket)):
            if live.keys.get(key) is None:
                self.store.remove(bucket, key)

    def _restore(self) -> None:
        from moto.s3.models import s3_backends

        backend = s3_backends[ACCOUNT]["aws"]
        for bucket in {BUCKET, *self.store.buckets()}:
            backend.create_bucket(bucket, REGION)
            self.store.add_bucket(bucket)
            for key, path, headers in self.store.keys(bucket):
                restored = backend.put_object(bucket, key, path.read_bytes(), storage=headers.get("storage"))
                restored.set_metadata(headers.get("metadata") or {}, replace=True)

    @staticmethod
    def _buckets() -> Any:
        from moto.s3.models import s3_backends

        return s3_backends[ACCOUNT]["aws"].buckets


def serve(directory: Path, port: int) -> None:
    """Serve S3 until the process is stopped."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    application = DurableS3(DomainDispatcherApplication(create_backend_app), ObjectStore(directory))
    make_server(listen_address(), port, application, threaded=True).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    serve(arguments.state / "s3", arguments.port)


if __name__ == "__main__":
    main()
