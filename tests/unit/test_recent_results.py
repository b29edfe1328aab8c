"""The Snowflake stand-in keeps the last results while many sessions ask at once."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.snowflake.recent import KEPT_RESULTS, RecentResults


@pytest.fixture
def hasty_threads():
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_sessions_that_answer_at_once_disturb_each_other_in_nothing(hasty_threads):
    results = RecentResults()

    def answer(session: int) -> None:
        for number in range(1_000):
            results[f"{session}-{number}"] = (None, number)
            results.keep_columns(f"{session}-{number}", [])

    with ThreadPoolExecutor(8) as sessions:
        list(sessions.map(answer, range(8)))
    assert len(results) == KEPT_RESULTS
    assert len(results.columns) == 2 * KEPT_RESULTS
