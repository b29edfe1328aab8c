"""Register the schedule of a shop whose data has ended, so that Airflow can store DAGs that use it."""

from airflow.plugins_manager import AirflowPlugin

from include.timetable import DailyUntil


class StoreSchedulePlugin(AirflowPlugin):
    """The timetable DailyUntil."""

    name = "store_schedule"
    timetables = [DailyUntil]
