"""The catalog's source against the stand-in: pages that did not change are not sent again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from include.http_session import http_session
from include.sources import catalog
from include.window import Window
from local.saas.catalog import TOKEN
from tests.standins.saas_fixtures import Saas, saas, saas_server

__all__ = ["saas", "saas_server"]

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), ZoneInfo("Europe/London"))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "PAGE_ROWS", 7)


def extracted(saas: Saas, session: requests.Session, token: str = TOKEN) -> tuple[list[dict[str, Any]], list[bool]]:
    """Rows, and for each page whether it was kept from before."""
    kept: list[bool] = []
    session.headers["Authorization"] = f"Bearer {token}"
    session.hooks["response"] = [lambda response, **_: kept.append(getattr(response, "from_cache", False))]
    rows = [row for batch in catalog.extract(session, saas.base_url, WINDOW).batches for row in batch.to_pylist()]
    return rows, kept


def test_a_page_is_sent_once_to_sessions_that_follow_each_other(saas: Saas, tmp_path: Path) -> None:
    first, sent = extracted(saas, http_session(kept_in=tmp_path))
    again, kept = extracted(saas, http_session(kept_in=tmp_path))
    assert len(first) == 30
    assert again == first
    assert (sent, kept) == ([False] * 5, [True] * 5)


def test_a_try_that_failed_in_the_middle_leaves_its_pages_to_the_next(saas: Saas, tmp_path: Path) -> None:
    session = http_session(kept_in=tmp_path)
    session.headers["Authorization"] = f"Bearer {TOKEN}"
    batches = catalog.extract(session, saas.base_url, WINDOW).batches
    next(batches), next(batches)
    rows, kept = extracted(saas, http_session(kept_in=tmp_path))
    assert len(rows) == 30
    assert kept == [True, True, False, False, False]


def test_the_server_is_asked_each_time_whether_a_page_still_holds(saas: Saas, tmp_path: Path) -> None:
    extracted(saas, http_session(kept_in=tmp_path))
    with pytest.raises(requests.HTTPError, match="401"):
        extracted(saas, http_session(kept_in=tmp_path), token="withdrawn")


def test_kept_pages_are_forgotten_after_days(saas: Saas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extracted(saas, http_session(kept_in=tmp_path))
    monkeypatch.setattr("include.http_session.KEPT_SECONDS", -60)
    _, kept = extracted(saas, http_session(kept_in=tmp_path))
    assert kept == [False] * 5
