"""HTTP sessions with a timeout on every call and bounded retries that honour Retry-After."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

CONNECT_SECONDS, READ_SECONDS = 10, 120
RETRIES = 6
RETRIED_STATUSES = (429, 500, 502, 503, 504)


class _TimeoutAdapter(HTTPAdapter):
    """Sets the timeout where a caller, or a client library, gave none."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        return super().send(*args, **kwargs)


def http_session(retried_methods: tuple[str, ...] = ("GET", "HEAD")) -> requests.Session:
    """A session whose calls time out and are retried with back-off and jitter on 429, 5xx and broken connections."""
    retry = Retry(
        total=RETRIES,
        backoff_factor=1,
        backoff_jitter=1,
        backoff_max=60,
        status_forcelist=RETRIED_STATUSES,
        allowed_methods=frozenset(retried_methods),
        respect_retry_after_header=True,
    )
    session = requests.Session()
    adapter = _TimeoutAdapter(max_retries=retry)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
