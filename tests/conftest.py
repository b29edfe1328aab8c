"""Where the stand-ins are not, as in the container of `astro dev pytest`, the tests of the DAGs run alone."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NEED_NO_STAND_IN = {"conftest.py", "dags"}

collect_ignore = (
    []
    if find_spec("local")
    else [path.name for path in Path(__file__).parent.iterdir() if path.name not in NEED_NO_STAND_IN]
    + ["dags/test_runbooks.py"]  # the documents are not in the image either
)


def pytest_configure(config: pytest.Config) -> None:
    """Record times, where somebody wants them."""
    if find_spec("local"):
        from tests.recorder import recorder

        if plugin := recorder(is_worker=hasattr(config, "workerinput")):
            config.pluginmanager.register(plugin)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files go to workers by their measured time, where they go to workers as a whole."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.dealing import Dealing

    return Dealing(config, log)
