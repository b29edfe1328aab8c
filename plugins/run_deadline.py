"""Register from when on the deadlines of runs count, so that Airflow can store DAGs that have one."""

from airflow.plugins_manager import AirflowPlugin

from include.run_deadline import RunCreated


class RunDeadlinePlugin(AirflowPlugin):
    """The deadline reference RunCreated."""

    name = "run_deadline"
    deadline_references = [RunCreated]
