"""The worked estimate: its arithmetic by hand, warehouses that are done in time, the table of docs/production.md."""

from pathlib import Path

import pytest

from local import cost_estimate
from local.cost_estimate import EVENTS, MB, SIZES, Assumptions, estimate, lines

PRODUCTION = Path(__file__).parents[2] / "docs" / "production.md"
PLAIN = Assumptions(
    bytes_per_event=100,
    days_read=2,
    file_mb=1,
    files_per_copy=100,
    extract_events_per_second=1000,
    extract_hours=1,
    load_passes=3,
    load_mb_per_second=1,
    build_passes=1,
    build_mb_per_second=1,
    load_minutes=10,
    build_minutes=10,
    build_overhead_seconds=100,
    suspend_seconds=60,
)


def test_the_arithmetic_is_that_of_the_formulas() -> None:
    found = estimate(4 * MB, PLAIN)  # 400 MB a day, 800 MB read
    assert (found.bytes_read, found.files, found.copies) == (800 * MB, 800, 8)
    assert found.extract_hours == pytest.approx(8 * MB / 1000 / 3600)
    assert (found.extract_tasks, found.worker_gb) == (3, 1.5)
    # 2,400 MB by passes: 2,400 s on XS, 1,200 s on S, 600 s on M, which is as long as it may take.
    assert (found.load.size, found.load.seconds) == ("M", 600)
    assert found.load.credits == pytest.approx(660 * 4 / 3600)
    # 800 s on XS, 400 s on S, and 100 s in any case.
    assert (found.build.size, found.build.seconds) == ("S", 500)
    assert found.build.credits == pytest.approx(560 * 2 / 3600)
    assert found.credits == pytest.approx(found.load.credits + found.build.credits + 8)


def test_files_are_counted_by_day_and_a_day_has_one_at_least() -> None:
    assert estimate(1, PLAIN).files == 2


def test_more_events_never_cost_less_and_a_warehouse_is_done_in_time_unless_none_is_large_enough() -> None:
    found = [estimate(10**power) for power in range(3, 13)]
    assert [each.credits for each in found] == sorted(each.credits for each in found)
    for each in found:
        assert each.load.seconds <= 30 * 60 or each.load.size == [*SIZES][-1]
    assert found[-1].load.seconds > 30 * 60, "a trillion events a day fit nowhere"


@pytest.mark.parametrize("name", ["bytes_per_event", "load_passes", "build_passes", "credit_price", "days_read"])
def test_every_assumption_counts(name: str) -> None:
    doubled = Assumptions(**{name: 2 * getattr(Assumptions(), name)})
    assert estimate(10**9, doubled).price_per_month > estimate(10**9).price_per_month


def test_an_assumption_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    cost_estimate.main(["1000000", "--reporting-hours", "0"])
    assert "| reporting_wh | 0.0 credits |" in capsys.readouterr().out


def test_the_document_shows_what_the_script_says() -> None:
    assert "\n".join(lines([estimate(events) for events in EVENTS])) in PRODUCTION.read_text()
