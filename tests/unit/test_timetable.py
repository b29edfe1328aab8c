"""The schedule of a shop whose data has ended stops with it."""

from datetime import date

import pendulum
from airflow.timetables.base import DataInterval, TimeRestriction

from include.timetable import DailyUntil

LONDON = pendulum.timezone("Europe/London")


def interval(day: date) -> DataInterval:
    start = pendulum.datetime(day.year, day.month, day.day, tz=LONDON)
    return DataInterval(start, start.add(days=1))


def test_no_run_begins_after_the_last_day():
    timetable = DailyUntil(date(2011, 12, 9), "Europe/London")
    restriction = TimeRestriction(earliest=pendulum.datetime(2011, 1, 1), latest=None, catchup=False)
    assert timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction) is None


def test_backfills_reach_the_last_day_and_no_further():
    timetable = DailyUntil(date(2011, 12, 9), "Europe/London")
    restriction = TimeRestriction(earliest=pendulum.datetime(2011, 12, 9, tz=LONDON), latest=None, catchup=True)
    run = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert run.data_interval == interval(date(2011, 12, 9))
    after = timetable.next_dagrun_info(last_automated_data_interval=run.data_interval, restriction=restriction)
    assert after is None


def test_it_survives_the_store():
    timetable = DailyUntil(date(2011, 12, 9), "Europe/London")
    assert DailyUntil.deserialize(timetable.serialize()).serialize() == timetable.serialize()
