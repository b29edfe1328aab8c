"""The dashboard: its page, the files it loads, and plotly.js of the plotly package; held in memory, compressed once.

The address of a file names its content, so browsers keep it for a year. The page itself is asked for again every time.
"""

import asyncio
import gzip
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
PAGE = "index.html"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# No inline script and no inline style. plotly.js would add style sheets of its own; the page holds them ready as files,
# under the ids that plotly.js looks for. Airflow shows the page in a frame of its own origin.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
KEEP = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    content: bytes
    media_type: str

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)

    @cached_property
    def etag(self) -> str:
        return f'"{_digest(self.content)}"'

    @classmethod
    def read(cls, path: Path) -> "File":
        """The file at a path; its ending says what it is."""
        return cls(path.read_bytes(), MEDIA_TYPES[path.suffix])


class Dashboard:
    """The page and its files.

    Args:
        sign_in: how people sign in: with a `key` that the page asks for, or through `airflow`.
    """

    def __init__(self, sign_in: str) -> None:
        own = {path.relative_to(STATIC).as_posix(): File.read(path) for path in sorted(STATIC.rglob("*.*"))}
        page = own.pop(PAGE)
        version = _digest(*(name.encode() + file.content for name, file in own.items()))
        plotly = f"plotly-{importlib.metadata.version('plotly')}.min.js"
        self._files = {f"{version}/{name}": file for name, file in own.items()}
        self._files[plotly] = File.read(_plotly_js())
        self._page = _filled(page, {"version": version, "plotly": plotly, "sign_in": sign_in})

    @property
    def routes(self) -> list[Route]:
        """The page at the root of the application, its files under /assets."""
        return [
            Route("/", self._send_page, include_in_schema=False),
            Route("/assets/{name:path}", self._send_file, include_in_schema=False),
        ]

    async def _send_page(self, request: Request) -> Response:
        headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "ETag": self._page.etag,
        }
        if request.headers.get("if-none-match") == self._page.etag:
            return Response(status_code=304, headers=headers)
        return await _send(request, self._page, headers)

    async def _send_file(self, request: Request) -> Response:
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise HTTPException(404, "there is no such file")
        return await _send(request, file, {"Cache-Control": KEEP})


async def _send(request: Request, file: File, headers: Mapping[str, str]) -> Response:
    sent = {**headers, "Content-Type": file.media_type, "Vary": "Accept-Encoding"}
    if not _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.content, headers=sent)
    # plotly.js takes a moment, the first time.
    compressed = await asyncio.to_thread(lambda: file.compressed)
    return Response(compressed, headers=sent | {"Content-Encoding": "gzip"})


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.lower().split(","):
        name, _, weight = each.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


def _filled(page: File, values: Mapping[str, str]) -> File:
    text = page.content.decode()
    for name, value in values.items():
        text = text.replace("{{ %s }}" % name, value)  # noqa: UP031 # braces
    return File(text.encode(), page.media_type)


def _plotly_js() -> Path:
    """Where the plotly package has plotly.js; the package itself is not imported."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]
