"""HTTP sessions with a timeout on every call and bounded retries that honour Retry-After."""

import time
from pathlib import Path
from typing import Any

import requests
from cachecontrol import CacheControlAdapter
from cachecontrol.caches import FileCache
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

CONNECT_SECONDS, READ_SECONDS = 10, 120
RETRIES = 6
BACKOFF_SECONDS = 1  # doubled from try to try, up to a minute, and up to one second more at random
RETRY_AFTER_MAX_SECONDS = 900  # a server that wants a longer pause gets the task's next try
RETRIED_STATUSES = (429, 500, 502, 503, 504)
KEPT_SECONDS = 3 * 24 * 3600
ASK_WHETHER_CHANGED = {"Cache-Control": "max-age=0"}  # a kept answer is used only after the server said it still holds


class _Timeouts(HTTPAdapter):
    """Sets the timeout where a caller, or a client library, gave none."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        return super().send(*args, **kwargs)


class _TimeoutsAndEtags(_Timeouts, CacheControlAdapter):
    """Keeps answers that carry an ETag, and sends the ETag when the same is asked again."""


def http_session(
    retried_methods: tuple[str, ...] = ("GET", "HEAD"), kept_in: Path | None = None, retries: int | None = None
) -> requests.Session:
    """A session whose calls time out and are retried with back-off and jitter on 429, 5xx and broken connections.

    Retry-After is honoured up to 15 minutes. There are six retries, or as many as `retries` says.

    With `kept_in`, a directory, answers with an ETag are kept there for three days: what the server then calls
    unchanged is not sent again.
    """
    retry = Retry(
        total=RETRIES if retries is None else retries,
        backoff_factor=BACKOFF_SECONDS,
        backoff_jitter=BACKOFF_SECONDS,
        backoff_max=60,
        retry_after_max=RETRY_AFTER_MAX_SECONDS,
        status_forcelist=RETRIED_STATUSES,
        allowed_methods=frozenset(retried_methods),
        respect_retry_after_header=True,
    )
    session = requests.Session()
    if kept_in is None:
        adapter: HTTPAdapter = _Timeouts(max_retries=retry)
    else:
        _forget_old(kept_in)
        adapter = _TimeoutsAndEtags(cache=FileCache(kept_in), max_retries=retry)
        session.headers.update(ASK_WHETHER_CHANGED)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def wait_as_told(session: requests.Session) -> None:
    """Makes the session of a client library wait as long as the Retry-After of a 429 or 503 says, up to 15 minutes.

    For libraries whose own retries do not know that header. All other faults are left to them.
    """
    retry = Retry(
        total=RETRIES,
        connect=0,
        read=False,
        other=0,
        allowed_methods=None,
        retry_after_max=RETRY_AFTER_MAX_SECONDS,
        raise_on_status=False,
    )
    session.mount("https://", HTTPAdapter(max_retries=retry))


def _forget_old(directory: Path) -> None:
    oldest = time.time() - KEPT_SECONDS
    for file in directory.rglob("*"):
        if file.is_file() and file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)
