"""Where the stand-ins are not, as in the container of `astro dev pytest`, the tests of the DAGs run alone."""

from importlib.util import find_spec
from pathlib import Path

NEED_NO_STAND_IN = {"conftest.py", "dags"}

collect_ignore = (
    []
    if find_spec("local")
    else [path.name for path in Path(__file__).parent.iterdir() if path.name not in NEED_NO_STAND_IN]
    + ["dags/test_runbooks.py"]  # the documents are not in the image either
)
