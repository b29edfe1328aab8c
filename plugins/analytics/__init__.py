"""The REST API over the marts: in Airflow as a plugin, stand-alone with `python -m plugins.analytics serve`."""
